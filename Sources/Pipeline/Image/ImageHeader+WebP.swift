/// One compressed frame of a WebP file: a still picture, or the first frame of an animation.
struct WebPFrame: Equatable {
  /// Its `ALPH` chunk, if any, and its `VP8 ` or `VP8L` chunk.
  var data: Range<Int>
  /// Where its upper left pixel lies on the canvas.
  var x: Int
  var y: Int
  var width: Int
  var height: Int
}

extension ImageHeader {
  /// Reads a WebP container: the canvas, the first frame, and the orientation from `EXIF` or `XMP `.
  init(webp bytes: [UInt8]) throws(ImageError) {
    var file = ByteReader(bytes, from: 4, .little)
    guard let riffBytes = file.number(4), riffBytes >= 4, file.remaining >= riffBytes
    else { throw Self.damagedWebP(4, "the RIFF size reaches beyond the end of the file") }
    let body = ByteReader(bytes, in: 12..<(8 + riffBytes), .little)
    self = try Self.webpContainer(body)
    guard let frame else { throw Self.damagedWebP(body.end, "there is no frame") }
    guard frame.x + frame.width <= width, frame.y + frame.height <= height
    else { throw Self.damagedWebP(frame.data.lowerBound, "the frame leaves the canvas") }
  }

  private static func damagedWebP(_ offset: Int, _ what: String) -> ImageError {
    ImageError(.damagedHeader(.webp, offset: offset, what))
  }

  private static func webpContainer(_ body: ByteReader) throws(ImageError) -> ImageHeader {
    var reader = body
    var header = ImageHeader(format: .webp, width: 0, height: 0)
    var canvas: WebPCanvas?
    var metadata = OrientationMetadata()
    var alphaStart: Int?
    while reader.remaining > 0 {
      let chunk = try nextChunk(&reader)
      switch chunk.type {
      case "VP8X":
        canvas = try WebPCanvas(ByteReader(body.bytes, in: chunk.content, .little))
      case "ALPH" where header.frame == nil:
        alphaStart = chunk.start
      case "VP8 ", "VP8L":
        guard header.frame == nil else { break }
        let size = try bitstreamSize(chunk, body.bytes)
        header.frame = WebPFrame(
          data: (alphaStart ?? chunk.start)..<chunk.content.upperBound, x: 0, y: 0,
          width: size.width, height: size.height)
        if let canvas, (canvas.width, canvas.height) != size {
          throw damagedWebP(chunk.start, "the frame and the canvas differ in size")
        }
      case "ANMF" where header.frame == nil:
        header.frame = try animationFrame(ByteReader(body.bytes, in: chunk.content, .little))
      case "EXIF" where canvas?.hasExif == true:
        metadata.exif = Array(body.bytes[chunk.content])
      case "XMP " where canvas?.hasXMP == true:
        metadata.xmp = Array(body.bytes[chunk.content])
      default:
        break
      }
    }
    header.width = canvas?.width ?? header.frame?.width ?? 0
    header.height = canvas?.height ?? header.frame?.height ?? 0
    header.orientation = metadata.orientation
    if let frame = header.frame {
      // Lossless pixels are decoded four bytes each; what carries alpha beside lossy ones has one.
      header.codecBytes = ImageHeader.product(frame.width, frame.height, 5)
    }
    return header
  }

  /// The first frame of an animation: 24-bit fields, positions in units of two pixels.
  private static func animationFrame(_ content: ByteReader) throws(ImageError) -> WebPFrame {
    var reader = content
    guard let x = reader.number(3), let y = reader.number(3), let width = reader.number(3),
      let height = reader.number(3), reader.take(4) != nil
    else { throw damagedWebP(reader.offset, "the ANMF chunk is cut off") }
    let start = reader.offset
    while reader.remaining > 0 {
      let chunk = try nextChunk(&reader)
      guard chunk.type == "VP8 " || chunk.type == "VP8L" else { continue }
      guard try bitstreamSize(chunk, content.bytes) == (width + 1, height + 1)
      else { throw damagedWebP(chunk.start, "the frame and its picture differ in size") }
      return WebPFrame(
        data: start..<chunk.content.upperBound, x: 2 * x, y: 2 * y, width: width + 1,
        height: height + 1)
    }
    throw damagedWebP(start, "the first frame of the animation holds no picture")
  }

  private static func nextChunk(_ reader: inout ByteReader) throws(ImageError) -> RIFFChunk {
    let start = reader.offset
    guard let type = reader.fourCC(), let length = reader.number(4),
      let content = reader.take(length)
    else { throw damagedWebP(start, "a chunk reaches beyond the end of the file") }
    // Chunks have even lengths; the last pad byte may be missing.
    if length % 2 == 1 { _ = reader.take(1) }
    return RIFFChunk(type: type, start: start, content: content)
  }

  /// Size of a `VP8 ` (RFC 6386, 9.1) or `VP8L` bitstream.
  private static func bitstreamSize(
    _ chunk: RIFFChunk, _ bytes: [UInt8]
  ) throws(ImageError) -> (width: Int, height: Int) {
    var reader = ByteReader(bytes, in: chunk.content, .little)
    if chunk.type == "VP8L" {
      if reader.number(1) == 0x2F, let fields = reader.number(4) {
        return ((fields & 0x3FFF) + 1, (fields >> 14 & 0x3FFF) + 1)
      }
    } else if reader.take(3) != nil, reader.number(3) == 0x2A_019D,
      let width = reader.number(2), let height = reader.number(2)
    {
      return (width & 0x3FFF, height & 0x3FFF)
    }
    throw damagedWebP(chunk.start, "the frame does not start with a key frame header")
  }
}

private struct RIFFChunk {
  var type: FourCC
  /// Offset of the chunk's header.
  var start: Int
  var content: Range<Int>
}

/// The `VP8X` chunk: features and canvas size of an extended WebP file.
private struct WebPCanvas {
  var width: Int
  var height: Int
  var hasExif: Bool
  var hasXMP: Bool

  init(_ content: ByteReader) throws(ImageError) {
    var reader = content
    guard let flags = reader.number(1), reader.take(3) != nil, let width = reader.number(3),
      let height = reader.number(3)
    else {
      throw ImageError(.damagedHeader(.webp, offset: reader.offset, "the VP8X chunk is cut off"))
    }
    self.width = width + 1
    self.height = height + 1
    hasExif = flags & 0x08 != 0
    hasXMP = flags & 0x04 != 0
  }
}
