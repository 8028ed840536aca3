import IR
import Tensors

/// One operation while it is exported: what its row of the table sees.
struct NodeExport {
  let operation: Operation
  let builder: ExportBuilder
  /// nil where an optional operand is absent.
  let operands: [ExportedValue?]
  let result: TensorType

  var opset: Int { builder.opset }

  // MARK: Operands

  func optional(_ index: Int) -> ExportedValue? { index < operands.count ? operands[index] : nil }

  /// An operand as it is stored.
  func stored(_ index: Int) throws -> ExportedValue {
    guard let operand = optional(index) else { throw OpError("operand \(index) is missing") }
    return operand
  }

  /// An operand in the type that arithmetic has: half precision widens to f32.
  func number(_ index: Int) throws -> ExportedValue { try widened(try stored(index)) }

  func optionalNumber(_ index: Int) throws -> ExportedValue? {
    try optional(index).map { try widened($0) }
  }

  private func widened(_ value: ExportedValue) throws -> ExportedValue {
    try builder.cast(value, to: value.element.computed)
  }

  /// Two operands of arithmetic in one type.
  func pair(_ a: Int, _ b: Int) throws -> (ExportedValue, ExportedValue) {
    let (x, y) = (try number(a), try number(b))
    if x.element == y.element { return (x, y) }
    return (try builder.cast(x, to: .f64), try builder.cast(y, to: .f64))
  }

  // MARK: Attributes

  private func required<Value>(_ name: String, _ value: Value?) throws -> Value {
    guard let value else { throw OpError("attribute \(name) is missing") }
    return value
  }

  func dimension(_ name: String) throws -> Dim {
    try required(name, operation.attribute(name)?.dimension)
  }
  func dimensions(_ name: String) throws -> Shape {
    try required(name, operation.attribute(name)?.dimensions)
  }
  func integers(_ name: String) throws -> [Int] {
    try required(name, operation.attribute(name)?.integers)
  }
  func integer(_ name: String) throws -> Int {
    try required(name, operation.attribute(name)?.integer)
  }
  func real(_ name: String) throws -> Double { try required(name, operation.attribute(name)?.real) }
  func flag(_ name: String) throws -> Bool { try required(name, operation.attribute(name)?.flag) }
  func word(_ name: String) throws -> String { try required(name, operation.attribute(name)?.word) }

  /// An axis counted from the front.
  func axis(_ axis: Int, rank: Int) -> Int { axis < 0 ? axis + rank : axis }

  // MARK: Nodes

  func op(
    _ op: String, _ inputs: [ExportedValue?], _ attributes: [String: ExportedAttribute] = [:],
    _ type: TensorType? = nil
  ) throws -> ExportedValue {
    try builder.op(op, inputs, attributes, type)
  }

  /// A number of the element type of `value`.
  func constant(_ number: Double, like value: ExportedValue) -> ExportedValue {
    builder.scalar(number, value.element)
  }

  func reshape(_ x: ExportedValue, _ shape: Shape) throws -> ExportedValue {
    if x.shape == shape { return x }
    let unknown = shape.indices.filter { shape[$0].constant == nil }
    let isEmpty = shape.contains { $0.constant == 0 }
    if isEmpty { try builder.require(14, "shapes with an extent of 0") }
    var extents = shape
    // One extent can be left to be found.
    if unknown.count == 1, !isEmpty { extents[unknown[0]] = Dim(-1) }
    return try op(
      "Reshape", [x, try builder.sizes(extents)], isEmpty ? ["allowzero": .int(1)] : [:],
      x.type.with(shape: shape))
  }

  func transpose(_ x: ExportedValue, _ permutation: [Int]) throws -> ExportedValue {
    try op(
      "Transpose", [x], ["perm": .ints(permutation)],
      x.type.with(shape: permutation.map { x.shape[$0] }))
  }

  /// The last two axes swapped.
  func transposed(_ x: ExportedValue) throws -> ExportedValue {
    try transpose(x, Array(0..<x.rank - 2) + [x.rank - 1, x.rank - 2])
  }

  func expand(_ x: ExportedValue, _ shape: Shape) throws -> ExportedValue {
    if x.shape == shape { return x }
    // An extent of 1 leaves that of x.
    let lead = shape.count - x.rank
    let extents = shape.indices.map { axis -> Dim in
      axis >= lead && x.shape[axis - lead] == shape[axis] ? 1 : shape[axis]
    }
    return try op("Expand", [x, try builder.sizes(extents)], [:], x.type.with(shape: shape))
  }

  func slice(_ x: ExportedValue, axis: Int, _ start: Dim, _ end: Dim) throws -> ExportedValue {
    let extent = x.shape[axis]
    if start == 0, end == extent { return x }
    var shape = x.shape
    shape[axis] = try end - start
    // Places in a symbolic axis that are known from its end.
    let isToEnd = end == extent && extent.constant == nil
    let fromEnd = isToEnd ? try (start - extent).constant : nil
    let inputs = [
      x, try fromEnd.map { builder.integers([$0]) } ?? builder.size(start),
      isToEnd ? builder.integers([Int.max]) : try builder.size(end), builder.integers([axis]),
    ]
    return try op("Slice", inputs, [:], x.type.with(shape: shape))
  }

  func matmul(_ a: ExportedValue, _ b: ExportedValue) throws -> ExportedValue {
    let batch = try OpRules.broadcast(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
    let rows = a.rank >= 2 ? [a.shape[a.rank - 2]] : []
    return try op(
      "MatMul", [a, b], [:], TensorType(a.element, batch + rows + [b.shape[b.rank - 1]]))
  }

  /// A reduction over axes counted from the front. From `version` on, axes are an input.
  func reduce(
    _ op: String, _ x: ExportedValue, _ axes: [Int], keep: Bool, axesAreInputFrom version: Int = 18
  ) throws -> ExportedValue {
    if axes.isEmpty { return x }
    let shape = x.shape.indices.compactMap { axis -> Dim? in
      axes.contains(axis) ? (keep ? 1 : nil) : x.shape[axis]
    }
    var attributes: [String: ExportedAttribute] = ["keepdims": .int(keep ? 1 : 0)]
    if opset < version { attributes["axes"] = .ints(axes) }
    return try self.op(
      op, opset < version ? [x] : [x, builder.integers(axes)], attributes,
      x.type.with(shape: shape))
  }

  /// start, start + 1, … end - 1
  func range(_ start: Dim, _ end: Dim) throws -> ExportedValue {
    let count = try end - start
    if let first = start.constant, let last = end.constant {
      return builder.integers(Array(first..<max(first, last)))
    }
    return try op(
      "Range", [try scalar(start), try scalar(end), builder.scalar(1, .i64)], [:],
      TensorType(.i64, [count]))
  }

  private func scalar(_ size: Dim) throws -> ExportedValue {
    if let value = size.constant { return builder.scalar(Double(value), .i64) }
    return try op(
      "Reshape", [try builder.size(size), builder.integers([])], [:], TensorType(.i64, []))
  }
}
