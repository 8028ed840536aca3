/// Where a colour channel lies in a pixel of a BMP file.
struct BitmapMask {
  private let shift: UInt32
  private let most: UInt32

  /// - Precondition: the mask is not 0.
  private init(_ mask: UInt32) {
    shift = UInt32(mask.trailingZeroBitCount)
    most = mask >> shift
  }

  /// The channel's level on a scale of 255, rounded down.
  func level(of pixel: UInt32) -> UInt8 { UInt8((pixel >> shift & most) * 255 / most) }

  /// Red, green and blue of pixels with so many bits.
  ///
  /// - Parameter masks: those of the file, with alpha, or nil for the usual ones.
  /// - Throws: `ImageError` for an order of channels that Pillow does not read.
  static func channels(
    bits: Int, _ masks: [UInt32]?, in picture: BitmapPicture
  ) throws(ImageError) -> [BitmapMask] {
    let usual: [UInt32] = bits == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF0000, 0xFF00, 0xFF]
    guard let masks else { return usual.map(BitmapMask.init) }
    let color = Array(masks.prefix(3))
    switch bits {
    case 16 where [usual, [0xF800, 0x7E0, 0x1F]].contains(color),
      24 where color == usual,
      32 where ordersOf32Bits.contains(masks):
      return color.map(BitmapMask.init)
    case 32 where masks == [0, 0, 0, 0]:
      return usual.map(BitmapMask.init)
    default:
      throw picture.damaged(54, "these masks of the channels are not read")
    }
  }

  private static let ordersOf32Bits: [[UInt32]] = [
    [0xFF0000, 0xFF00, 0xFF, 0],
    [0xFF00_0000, 0xFF0000, 0xFF00, 0],
    [0xFF00_0000, 0xFF00, 0xFF, 0],
    [0xFF00_0000, 0xFF0000, 0xFF00, 0xFF],
    [0xFF, 0xFF00, 0xFF0000, 0xFF00_0000],
    [0xFF0000, 0xFF00, 0xFF, 0xFF00_0000],
    [0xFF00_0000, 0xFF00, 0xFF, 0xFF0000],
  ]
}
