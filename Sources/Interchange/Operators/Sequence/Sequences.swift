import Tensors

/// Sequences of tensors, whose lengths and places are known while importing: nothing of them is left in
/// the graph.
extension ONNXOperator {
  static let sequenceConstruct: Build = { node in
    [ImportedValue(sequence: try node.inputs.indices.map { try element(node, $0) })]
  }

  static let sequenceEmpty: Build = { _ in [ImportedValue(sequence: [])] }

  static let sequenceLength: Build = { node in
    [ImportedValue.scalar(Double(try node.sequence(0).count), .i64).declaring(.i64)]
  }

  static let sequenceAt: Build = { node in
    let values = try node.sequence(0)
    return [values[try place(node, 1, in: values.count)]]
  }

  static let sequenceInsert: Build = { node in
    var values = try node.sequence(0)
    let place =
      node.optional(2) == nil ? values.count : try place(node, 2, in: values.count, isGap: true)
    values.insert(try element(node, 1), at: place)
    return [ImportedValue(sequence: values)]
  }

  static let sequenceErase: Build = { node in
    var values = try node.sequence(0)
    let last = node.optional(1) == nil ? values.count - 1 : try place(node, 1, in: values.count)
    guard values.indices.contains(last) else { throw ONNXError("the sequence is empty") }
    values.remove(at: last)
    return [ImportedValue(sequence: values)]
  }

  static let concatFromSequence: Build = { node in
    let values = try node.sequence(0)
    guard let first = values.first, let given = try node.int("axis") else {
      throw ONNXError("its sequence is empty, or attribute axis is missing")
    }
    guard try node.flag("new_axis") else {
      return [try node.concat(values, axis: try node.axis(given, rank: first.rank))]
    }
    let axis = try node.axis(given, rank: first.rank + 1)
    let parts = try values.map { value in
      guard value.rank == first.rank else { throw ONNXError("its tensors have different ranks") }
      var shape = value.shape
      shape.insert(1, at: axis)
      return try node.reshape(value, shape, as: "part")
    }
    return [try node.concat(parts, axis: axis).declaring(first.element)]
  }

  static let splitToSequence: Build = { node in
    let x = try node.input(0)
    let axis = try node.axis(try node.int("axis") ?? 0, rank: x.rank)
    guard let extent = x.shape[axis].constant else {
      throw ONNXError("it splits an axis of \(x.shape[axis])")
    }
    let given = try node.integers(1, "lengths")
    var lengths = given ?? [1]
    if node.optional(1)?.rank ?? 0 == 0 {
      guard let length = lengths.first, length > 0,
        extent / length <= ONNXOperator.anyNumber.upperBound
      else { throw ONNXError("it splits \(extent) into parts of \(lengths)") }
      lengths = stride(from: 0, to: extent, by: length).map { min(length, extent - $0) }
    }
    let drops = try given == nil && node.int("keepdims") == 0
    var start: Dim = 0
    let parts = try lengths.map { length in
      let end = try start + Dim(length)
      defer { start = end }
      let part = try node.slice(x, axis: axis, start, end, as: "part")
      let kept = x.shape.indices.filter { $0 != axis }.map { x.shape[$0] }
      return (drops ? try node.reshape(part, kept, as: "part") : part).declaring(x.element)
    }
    return [ImportedValue(sequence: parts)]
  }

  private static func element(_ node: NodeImport, _ index: Int) throws -> ImportedValue {
    let value = try node.input(index)
    return value.declaring(value.element)
  }

  /// A place counted from the front. A gap may be behind the last tensor as well.
  private static func place(
    _ node: NodeImport, _ index: Int, in count: Int, isGap: Bool = false
  ) throws -> Int {
    guard let given = try node.integers(index, "place")?.first else {
      throw ONNXError("input \(index) is missing")
    }
    let (place, overflow) = given.addingReportingOverflow(given < 0 ? count : 0)
    guard !overflow, place >= 0, isGap ? place <= count : place < count else {
      throw ONNXError("place \(given) is outside a sequence of \(count)")
    }
    return place
  }

  // MARK: Optionals

  /// A tensor is there or left out, which is known.
  static let optionalHasElement: Build = { node in
    [ImportedValue.scalar(node.optional(0) == nil ? 0 : 1, .bool)]
  }

  static let optionalGetElement: Build = { [try $0.input(0)] }
}
