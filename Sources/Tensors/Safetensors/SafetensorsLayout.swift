import Inputs
import JSON

/// Where everything stands in a safetensors file that is about to be written.
///
/// The tensors' bytes begin at a multiple of `dataAlignment` (the header is padded with spaces) and
/// each tensor at a multiple of `tensorAlignment`. The format allows no holes between tensors, so a
/// gap is a tensor of its own: `U8`, named `__pad.0`, `__pad.1` … Readers of this project skip
/// them (`SafetensorsEntry.isPadding`); others see small tensors of zeros.
///
/// The same tensors and metadata give the same header, byte for byte.
public struct SafetensorsLayout: Sendable {
  /// Tensors and padding in the order of their bytes, which is the order of the declarations.
  public let entries: [SafetensorsEntry]
  public let metadata: [SafetensorsFile.Metadata]
  /// The header's JSON text, padded.
  public let header: [UInt8]

  /// A tensor to be written.
  public struct Declaration: Sendable, Equatable {
    public var name: String
    public var elementType: ElementType
    public var shape: [Int]

    public init(_ name: String, _ elementType: ElementType, shape: [Int]) {
      self.name = name
      self.elementType = elementType
      self.shape = shape
    }
  }

  /// Throws `SafetensorsLayoutError`.
  ///
  /// - Parameters:
  ///   - dataAlignment: a multiple of `tensorAlignment`; by default a page.
  ///   - tensorAlignment: by default a cache line, enough for any vector load. 1: no padding.
  public init(
    _ tensors: [Declaration], metadata: [SafetensorsFile.Metadata] = [],
    dataAlignment: Int = 4096, tensorAlignment: Int = 64
  ) throws {
    precondition(tensorAlignment > 0 && dataAlignment > 0 && dataAlignment % tensorAlignment == 0)
    try Self.checkNames(tensors, metadata)
    let placed = try Self.place(tensors, alignment: tensorAlignment)
    guard placed.count <= SafetensorsFile.tensorLimit else {
      throw SafetensorsLayoutError.tooManyTensors(placed.count)
    }
    let header = Self.encode(placed, metadata, alignment: dataAlignment)
    guard header.count <= SafetensorsFile.headerLimit else {
      throw SafetensorsLayoutError.headerTooLarge(header.count)
    }
    let dataStart = 8 + header.count
    entries = placed.map {
      SafetensorsEntry(
        name: $0.name, elementType: $0.elementType, shape: $0.shape,
        range: dataStart + $0.range.lowerBound..<dataStart + $0.range.upperBound)
    }
    self.metadata = metadata
    self.header = header
  }

  /// Bytes of the whole file.
  public var fileSize: Int { entries.last?.range.upperBound ?? 8 + header.count }

  private static func checkNames(
    _ tensors: [Declaration], _ metadata: [SafetensorsFile.Metadata]
  ) throws {
    var seen: Set<UTF8Key> = [UTF8Key("__metadata__")]
    for tensor in tensors where !seen.insert(UTF8Key(tensor.name)).inserted {
      throw SafetensorsLayoutError.duplicateName(tensor.name)
    }
    for tensor in tensors where tensor.name.hasPrefix(SafetensorsEntry.paddingPrefix) {
      throw SafetensorsLayoutError.reservedName(tensor.name)
    }
    var keys: Set<UTF8Key> = []
    for item in metadata where !keys.insert(UTF8Key(item.key)).inserted {
      throw SafetensorsLayoutError.duplicateName(item.key)
    }
  }

  /// The tensors with padding between them, at offsets from the start of the data.
  private static func place(
    _ tensors: [Declaration], alignment: Int
  ) throws -> [SafetensorsEntry] {
    var placed: [SafetensorsEntry] = []
    var position = 0
    var gaps = 0
    for tensor in tensors {
      let gap = (alignment - position % alignment) % alignment
      if gap > 0 {
        placed.append(
          SafetensorsEntry(
            name: "\(SafetensorsEntry.paddingPrefix)\(gaps)", elementType: .u8, shape: [gap],
            range: position..<position + gap))
        gaps += 1
        position += gap
      }
      let byteCount = try TensorData.byteCount(tensor.elementType, tensor.shape)
      guard position + byteCount <= TensorData.byteLimit else {
        throw TensorShapeError.tooLarge(tensor.shape)
      }
      placed.append(
        SafetensorsEntry(
          name: tensor.name, elementType: tensor.elementType, shape: tensor.shape,
          range: position..<position + byteCount))
      position += byteCount
    }
    return placed
  }

  private static func encode(
    _ placed: [SafetensorsEntry], _ metadata: [SafetensorsFile.Metadata], alignment: Int
  ) -> [UInt8] {
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      let strings = metadata.map { JSON.Member($0.key, .string($0.value)) }
      members.append(JSON.Member("__metadata__", .object(strings)))
    }
    for entry in placed {
      guard let dtype = entry.elementType.safetensorsName else {
        preconditionFailure("no tensor of a file has elements \(entry.elementType)")
      }
      members.append(
        JSON.Member(
          entry.name,
          [
            "dtype": .string(dtype),
            "shape": .array(entry.shape.map { .integer($0) }),
            "data_offsets": [.integer(entry.range.lowerBound), .integer(entry.range.upperBound)],
          ]))
    }
    var text = Array(JSON.object(members).encoded().utf8)
    let rest = (8 + text.count) % alignment
    if rest > 0 {
      text += [UInt8](repeating: UInt8(ascii: " "), count: alignment - rest)
    }
    return text
  }
}

/// Why tensors do not make a safetensors file.
public enum SafetensorsLayoutError: Error, Equatable, Sendable {
  case duplicateName(String)
  /// The name of padding.
  case reservedName(String)
  case tooManyTensors(Int)
  case headerTooLarge(Int)
}

extension SafetensorsLayoutError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .duplicateName(let name): "the name \"\(name.printable)\" is used twice"
    case .reservedName(let name): "the name \"\(name.printable)\" is reserved for padding"
    case .tooManyTensors(let count):
      "\(count) tensors; a file may have \(SafetensorsFile.tensorLimit)"
    case .headerTooLarge(let count):
      "a header of \(count) bytes; it may have \(SafetensorsFile.headerLimit)"
    }
  }
}
