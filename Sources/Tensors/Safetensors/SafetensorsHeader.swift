import Inputs
import JSON

/// The meaning of a safetensors header, checked against the size of its file.
struct SafetensorsHeader {
  private typealias Problem = SafetensorsError.Problem

  var entries: [SafetensorsEntry] = []
  var metadata: [SafetensorsFile.Metadata] = []

  /// The header's text. It is copied, so that nothing can change it between check and use.
  static func read(
    from file: borrowing InputFile
  ) throws -> [UInt8] {
    guard file.byteCount >= 8 else { throw Problem.tooSmall(bytes: file.byteCount) }
    let prefix = try file.read(count: 8)
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= SafetensorsFile.headerLimit else {
      let beginning = try file.read(count: min(16, file.byteCount))
      throw ForeignFormat(bytes: beginning, name: file.path).map(Problem.foreign)
        ?? Problem.headerTooLarge(length)
    }
    let count = Int(length)
    guard count <= file.byteCount - 8 else {
      throw Problem.headerTruncated(length: count, fileSize: file.byteCount)
    }
    return try file.read(offset: 8, count: count)
  }

  init(parsing text: [UInt8], fileSize: Int) throws {
    let limits = JSON.Limits(bytes: SafetensorsFile.headerLimit, values: 1 << 22)
    let root = try JSON.parse(text, limits: limits)
    if let fault = SyntaxFault.negativeZero(in: text) { throw JSONError.malformed(fault) }
    let members = try JSONField(root).members()
    let tensors = members.filter { !$0.key.utf8.elementsEqual("__metadata__".utf8) }
    guard tensors.count <= SafetensorsFile.tensorLimit else { throw Problem.tooManyTensors }
    let dataStart = 8 + text.count
    metadata = try Self.metadata(JSONField(root).member("__metadata__"))
    entries = try tensors.map { try Self.entry($0.key, $0.field, dataStart: dataStart) }
    entries.sort { $0.range.order < $1.range.order }
    try checkCoverage(of: dataStart..<fileSize)
  }

  private static func metadata(
    _ field: JSONField
  ) throws -> [SafetensorsFile.Metadata] {
    guard let field = field.present else { return [] }
    var metadata: [SafetensorsFile.Metadata] = []
    for (key, value) in try field.members() {
      metadata.append(.init(key, try value.string()))
    }
    return metadata
  }

  private static func entry(
    _ name: String, _ field: JSONField, dataStart: Int
  ) throws -> SafetensorsEntry {
    let (typeName, shape, begin, end) = try fields(of: field)
    guard let elementType = ElementType(safetensorsName: typeName) else {
      throw Problem.tensor(name, .unsupportedType(typeName))
    }
    let byteCount: Int
    do throws(TensorShapeError) {
      byteCount = try TensorData.byteCount(elementType, shape)
    } catch {
      throw Problem.tensor(name, .shape(error))
    }
    guard begin <= end else { throw Problem.tensor(name, .reversedOffsets(begin, end)) }
    guard end - begin == byteCount else {
      throw Problem.tensor(
        name, .shape(.byteCount(end - begin, expected: byteCount, elementType, shape)))
    }
    return SafetensorsEntry(
      name: name, elementType: elementType, shape: shape,
      range: dataStart + begin..<dataStart + end)
  }

  private static func fields(
    of field: JSONField
  ) throws -> (typeName: String, shape: [Int], begin: Int, end: Int) {
    let typeName = try field.member("dtype").string()
    let extents = 0...TensorData.extentLimit
    let shape = try integers(field.member("shape"), in: extents, limit: TensorData.rankLimit)
    let offsets = try field.member("data_offsets")
    let pair = try integers(offsets, in: 0...TensorData.byteLimit, limit: 2)
    guard pair.count == 2 else { throw offsets.unexpected("two offsets") }
    return (typeName, shape, pair[0], pair[1])
  }

  private static func integers(
    _ field: JSONField, in range: ClosedRange<Int>, limit: Int
  ) throws -> [Int] {
    let elements = try field.elements()
    guard elements.count <= limit else { throw field.unexpected("an array of at most \(limit)") }
    var integers: [Int] = []
    for element in elements { integers.append(try element.int(in: range)) }
    return integers
  }

  /// The entries, sorted by offset, must cover the data without hole, overlap or rest.
  private func checkCoverage(of data: Range<Int>) throws {
    var position = data.lowerBound
    for entry in entries {
      guard entry.range.lowerBound == position else {
        throw Problem.tensor(
          entry.name,
          .misplaced(
            begin: entry.range.lowerBound - data.lowerBound, expected: position - data.lowerBound))
      }
      position = entry.range.upperBound
    }
    guard position == data.upperBound else {
      throw Problem.dataSize(data.count, expected: position - data.lowerBound)
    }
  }
}

extension Range<Int> {
  fileprivate var order: (Int, Int) { (lowerBound, upperBound) }
}
