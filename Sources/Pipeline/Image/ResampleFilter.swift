import Glibc

/// The filters of Pillow's `Image.resize`. Raw values are Pillow's, as in `"resample"` of a processor
/// configuration. All but `nearest` are antialiasing.
public enum ResampleFilter: Int, Sendable, Hashable, CaseIterable {
  case nearest = 0
  case lanczos = 1
  case bilinear = 2
  case bicubic = 3
  case box = 4
  case hamming = 5

  /// Pillow's name in any case, also with what stands before it in Python: `PIL.Image.Resampling.BICUBIC`.
  init?(name: String) {
    let name = name.split(separator: ".").last?.lowercased()
    guard let filter = Self.allCases.first(where: { "\($0)" == name }) else { return nil }
    self = filter
  }

  /// Half the filter's width, in input pixels at scale 1. `nearest` has none: it takes one pixel.
  var support: Double {
    switch self {
    case .nearest: 0
    case .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The weight at a signed distance from the centre; zero from `support` on.
  ///
  /// Bicubic is Keys' convolution kernel with a = -0.5. The order of operations is Pillow's: the
  /// result is rounded later, so another order could change a pixel.
  func weight(at distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .nearest:
      return 0
    case .box:
      return distance > -0.5 && distance <= 0.5 ? 1 : 0
    case .bilinear:
      return x < 1 ? 1 - x : 0
    case .hamming:
      if x == 0 { return 1 }
      if x >= 1 { return 0 }
      let angle = x * Double.pi
      return sin(angle) / angle * (0.54 + 0.46 * cos(angle))
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
      return 0
    case .lanczos:
      return distance >= -3 && distance < 3 ? Self.sinc(distance) * Self.sinc(distance / 3) : 0
    }
  }

  private static func sinc(_ x: Double) -> Double {
    if x == 0 { return 1 }
    let angle = x * Double.pi
    return sin(angle) / angle
  }
}
