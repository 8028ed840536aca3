/// The antialiasing filters of Pillow's `Image.resize`. Raw values are Pillow's, as in `"resample"`
/// of a processor configuration.
public enum ResampleFilter: Int, Sendable, Hashable, CaseIterable {
  case bilinear = 2
  case bicubic = 3

  /// Half the filter's width, in input pixels at scale 1.
  var support: Double {
    switch self {
    case .bilinear: 1
    case .bicubic: 2
    }
  }

  /// The weight at a distance from the centre; zero from `support` on.
  ///
  /// Bicubic is Keys' convolution kernel with a = -0.5. The order of operations is Pillow's: the
  /// result is rounded later, so another order could change a pixel.
  func weight(at distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .bilinear:
      return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
      return 0
    }
  }
}
