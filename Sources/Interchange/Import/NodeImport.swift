import IR
import Inputs
import Tensors

/// One node while it is imported: what its operator's function sees.
struct NodeImport {
  let builder: ImportBuilder
  let node: ONNXNode
  /// Version of the operator set that the node's meaning is taken from.
  let version: Int
  /// What the values that it yields are called.
  let name: String
  /// nil where an optional input is left out.
  let inputs: [ImportedValue?]
  let attributes: [UTF8Key: ONNXAttribute.Value]
  let files: ONNXFiles

  /// The same node with other inputs.
  func with(inputs: [ImportedValue?], name: String? = nil) -> NodeImport {
    NodeImport(
      builder: builder, node: node, version: version, name: name ?? self.name, inputs: inputs,
      attributes: attributes, files: files)
  }

  /// The same node with an attribute set.
  func with(attribute name: String, _ value: ONNXAttribute.Value) -> NodeImport {
    NodeImport(
      builder: builder, node: node, version: version, name: self.name, inputs: inputs,
      attributes: attributes.merging([UTF8Key(name): value]) { $1 }, files: files)
  }

  // MARK: Inputs

  func input(_ index: Int) throws -> ImportedValue {
    guard let value = optional(index) else { throw ONNXError("input \(index) is missing") }
    if case .sequence = value.content { throw ONNXError("input \(index) is a sequence") }
    return value
  }

  /// An input that is a sequence of tensors.
  func sequence(_ index: Int) throws -> [ImportedValue] {
    guard case .sequence(let values)? = optional(index)?.content else {
      throw ONNXError("input \(index) is no sequence")
    }
    return values
  }

  func optional(_ index: Int) -> ImportedValue? {
    index < inputs.count ? inputs[index] : nil
  }

  /// An input of integers that must be known while importing, such as axes.
  func integers(_ index: Int, _ what: String) throws -> [Int]? {
    guard let value = optional(index) else { return nil }
    guard let integers = value.integers else { throw unknown(what) }
    return integers
  }

  /// An input of sizes, which may be symbolic.
  func sizes(_ index: Int, _ what: String) throws -> [Dim]? {
    guard let value = optional(index) else { return nil }
    guard let sizes = value.sizes else { throw unknown(what) }
    return sizes
  }

  private func unknown(_ what: String) -> ONNXError {
    ONNXError(
      "its \(what) depend on data, or on sizes that are not fixed; fix sizes with --dim or --shape, "
        + "and inputs with --value")
  }

  // MARK: Attributes

  private func mismatch(_ name: String, _ expected: String) -> ONNXError {
    ONNXError("attribute \(name) is not \(expected)")
  }

  func int(_ name: String) throws -> Int? {
    guard let value = attributes[UTF8Key(name)] else { return nil }
    guard case .int(let number) = value else { throw mismatch(name, "an integer") }
    return number
  }

  func flag(_ name: String) throws -> Bool { try int(name).map { $0 != 0 } ?? false }

  func float(_ name: String) throws -> Double? {
    guard let value = attributes[UTF8Key(name)] else { return nil }
    guard case .float(let number) = value else { throw mismatch(name, "a number") }
    return number
  }

  func string(_ name: String) throws -> String? {
    guard let value = attributes[UTF8Key(name)] else { return nil }
    guard case .string(let text) = value else { throw mismatch(name, "a text") }
    return text
  }

  func ints(_ name: String) throws -> [Int]? {
    guard let value = attributes[UTF8Key(name)] else { return nil }
    guard case .ints(let numbers) = value else { throw mismatch(name, "a list of integers") }
    return numbers
  }

  /// A type by its number in `TensorProto.DataType`.
  func type(_ name: String) throws -> ONNXDataType? {
    guard let number = try int(name) else { return nil }
    guard let type = ONNXDataType(rawValue: number) else {
      throw ONNXError("attribute \(name) is the type \(number), which is not supported")
    }
    return type
  }

  func requireDefault(_ condition: Bool, _ what: String) throws {
    guard condition else { throw ONNXError("\(what) is not supported") }
  }

  // MARK: Types

  /// A result with the element type of the first input that is computed with in the same type: what
  /// almost all operators yield.
  func inheriting(_ value: ImportedValue) -> ImportedValue {
    let element = value.type.element.computed
    let source = inputs.first { $0?.type.element.computed == element }
    return value.declaring((source ?? nil)?.declared)
  }

  /// Integers as a narrower type holds them: without the bits beyond it.
  func wrapped(_ x: ImportedValue, in element: ElementType, as suffix: String = "") throws
    -> ImportedValue
  {
    guard let range = element.integerRange, element.byteCount < 8, x.type.element == .i64 else {
      return x
    }
    let isSigned = range.lowerBound < 0
    let mask = Double(range.upperBound) * (isSigned ? 2 : 1) + (isSigned ? 1 : 0)
    let kept = try op(
      "bit_and", [x, .scalar(mask, .i64)], as: isSigned ? "low_bits" : suffix)
    guard isSigned else { return kept.declaring(element) }
    // Of a negative number, the sign bit counts 2^bits less.
    let sign = ImportedValue.scalar(Double(range.upperBound) + 1, .i64)
    let flipped = try op("bit_xor", [kept, sign], as: "flipped")
    return try op("sub", [flipped, sign], as: suffix).declaring(element)
  }

  // MARK: Operations

  func op(
    _ op: String, _ inputs: [ImportedValue?], _ attributes: Attributes = [:], as suffix: String = ""
  ) throws -> ImportedValue {
    try builder.op(op, inputs, attributes, as: suffix.isEmpty ? name : "\(name).\(suffix)")
  }

  /// An axis counted from the front.
  func axis(_ axis: Int, rank: Int) throws -> Int {
    let (wrapped, overflow) = axis.addingReportingOverflow(axis < 0 ? rank : 0)
    guard !overflow, (0..<rank).contains(wrapped) else {
      throw ONNXError("axis \(axis) is out of range for \(rank) axes")
    }
    return wrapped
  }

  func axes(_ axes: [Int], rank: Int) throws -> [Int] {
    let wrapped = try axes.map { try axis($0, rank: rank) }
    guard Set(wrapped).count == wrapped.count else { throw ONNXError("axes repeats an axis") }
    return wrapped
  }

  func reshape(
    _ x: ImportedValue, _ shape: Shape, as suffix: String = ""
  ) throws -> ImportedValue {
    if x.shape == shape { return x }
    return try op("reshape", [x], ["shape": .dimensions(shape)], as: suffix)
  }

  func transpose(
    _ x: ImportedValue, _ permutation: [Int], as suffix: String = ""
  ) throws -> ImportedValue {
    if permutation == Array(0..<x.rank) { return x }
    return try op("transpose", [x], ["perm": .integers(permutation)], as: suffix)
  }

  func broadcast(
    _ x: ImportedValue, _ shape: Shape, as suffix: String = ""
  ) throws -> ImportedValue {
    if x.shape == shape { return x }
    return try op("broadcast", [x], ["shape": .dimensions(shape)], as: suffix)
  }

  func slice(
    _ x: ImportedValue, axis: Int, _ start: Dim, _ end: Dim, as suffix: String = ""
  ) throws -> ImportedValue {
    guard x.shape.indices.contains(axis) else { throw ONNXError("\(x.type) has no axis \(axis)") }
    if start == 0, end == x.shape[axis] { return x }
    let attributes: Attributes = [
      "axis": .integer(axis), "start": .dimension(start), "end": .dimension(end),
    ]
    return try op("slice", [x], attributes, as: suffix)
  }

  func concat(
    _ parts: [ImportedValue], axis: Int, as suffix: String = ""
  ) throws -> ImportedValue {
    // A part of no elements may have any type that its empty constant was given.
    let filled = parts.filter { $0.rank <= axis || $0.shape[axis] != 0 }
    if filled.count == 1 { return filled[0] }
    guard !filled.isEmpty else { return parts[0] }
    return try op("concat", filled.map(computed), ["axis": .integer(axis)], as: suffix)
  }

  func cast(
    _ x: ImportedValue, _ element: ElementType, as suffix: String = ""
  ) throws -> ImportedValue {
    if x.type.element == element { return x }
    return try op("cast", [x], ["to": .word(element.rawValue)], as: suffix)
  }

  /// In an element type that all operations compute with: half precision widens.
  func computed(_ x: ImportedValue) throws -> ImportedValue {
    try cast(x, x.type.element.computed, as: "widened")
  }

  func constant(_ value: Double, like x: ImportedValue) -> ImportedValue {
    .scalar(value, x.type.element.computed)
  }
}
