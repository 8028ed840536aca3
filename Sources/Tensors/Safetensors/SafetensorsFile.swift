import Inputs

/// A safetensors file: 8 bytes little-endian header length N, N bytes of JSON, then the tensors'
/// bytes without holes.
///
/// Opening reads and checks the whole header and maps the rest untouched. Refused is what the
/// reference library (safetensors 0.8) refuses, and beyond that: equal names, more than 8 axes,
/// extents above 2^40, more than 65,536 tensors, element types that this project has no use for.
/// Unknown fields of a tensor are ignored, as the reference does.
public struct SafetensorsFile: Sendable {
  public let path: String
  /// In the order of their bytes.
  public let entries: [SafetensorsEntry]
  /// The strings under `__metadata__`, in file order.
  public let metadata: [Metadata]
  /// The header's JSON text with its white space, for checksums.
  public let header: [UInt8]
  public let mapping: MappedFile
  private let positions: [UTF8Key: Int]

  /// One key and value of `__metadata__`.
  public struct Metadata: Sendable, Equatable {
    public var key: String
    public var value: String

    public init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  public static let headerLimit = 100_000_000
  public static let tensorLimit = 65_536

  /// Throws `SafetensorsError`.
  public init(path: String) throws {
    try self.init(try SafetensorsError.naming(path) { try InputFile(path: path) })
  }

  /// Reads an open file. Throws `SafetensorsError`.
  public init(_ file: consuming InputFile) throws {
    path = file.path
    do {
      header = try SafetensorsHeader.read(from: file)
      mapping = try MappedFile(file)
    } catch {
      throw SafetensorsError.naming(file.path, error)
    }
    let content = try SafetensorsError.naming(path) { [header, mapping] in
      try SafetensorsHeader(parsing: header, fileSize: mapping.byteCount)
    }
    entries = content.entries
    metadata = content.metadata
    positions = Dictionary(
      uniqueKeysWithValues: entries.enumerated().map { (UTF8Key($1.name), $0) })
  }

  public func entry(named name: String) -> SafetensorsEntry? {
    positions[UTF8Key(name)].map { entries[$0] }
  }

  /// The value under a key of `__metadata__`.
  public func metadata(_ key: String) -> String? {
    metadata.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// The values of a tensor, lent from the mapping. Throws `SafetensorsError` when there is none.
  public func tensor(named name: String) throws -> TensorData {
    guard let entry = entry(named: name) else {
      throw SafetensorsError(path: path, problem: .noSuchTensor(name))
    }
    return try tensor(entry)
  }

  /// The values of one of this file's entries, lent from the mapping.
  func tensor(_ entry: SafetensorsEntry) throws -> TensorData {
    try TensorData(entry.elementType, shape: entry.shape, file: mapping, range: entry.range)
  }
}
