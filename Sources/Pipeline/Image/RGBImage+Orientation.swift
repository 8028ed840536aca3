extension RGBImage {
  /// The picture turned upright.
  func turned(_ orientation: ImageOrientation) -> RGBImage {
    if orientation == .upright { return self }
    let (w, h) = (width, height)
    // Result pixel (x, y) is stored pixel first + x * dx + y * dy, counted in pixels.
    let (first, dx, dy) =
      switch orientation {
      case .upright: (0, 1, w)
      case .mirrored: (w - 1, -1, w)
      case .upsideDown: (w * h - 1, -1, -w)
      case .mirroredUpsideDown: (w * (h - 1), 1, -w)
      case .transposed: (0, w, 1)
      case .turnClockwise: (w * (h - 1), -w, 1)
      case .transverse: (w * h - 1, -w, -1)
      case .turnCounterclockwise: (w - 1, w, -1)
      }
    let size = orientation.exchangesSides ? (width: h, height: w) : (width: w, height: h)
    var turned: [UInt8] = []
    turned.reserveCapacity(pixels.count)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let source = (first + x * dx + y * dy) * Self.channels
        turned.append(pixels[source])
        turned.append(pixels[source + 1])
        turned.append(pixels[source + 2])
      }
    }
    return RGBImage(width: size.width, height: size.height, pixels: turned)
  }
}
