import IR
import Tensors

/// Operators whose results are as large as the data say.
extension ONNXOperator {
  /// Indices by axes: [axes, elements].
  static let nonZero: Build = { node in
    let rows = try nonzeroRows(node, try node.computed(try node.input(0)))
    return [try node.transpose(rows, [1, 0]).declaring(.i64)]
  }

  private static func nonzeroRows(
    _ node: NodeImport, _ x: ImportedValue
  ) throws -> ImportedValue {
    if let known = node.builder.loaded(x).known {
      let places = known.values.indices.filter { known.values[$0] != 0 }
      let strides = (0..<known.shape.count).map { known.shape[($0 + 1)...].reduce(1, *) }
      let rows = places.flatMap { place in
        strides.indices.map { Double(place / strides[$0] % known.shape[$0]) }
      }
      return ImportedValue(HostTensor(.i64, [places.count, strides.count], rows))
    }
    let limit = try x.shape.elementCount().largest(node.builder.bounds)
    let count = try node.builder.countOfRows(upTo: limit)
    return try node.op("nonzero", [x], ["count": .dimension(count)], as: "rows")
  }

  /// The slices along an axis (or, without one, the elements) whose flags are set.
  static let compress: Build = { node in
    var x = try node.input(0)
    let flags = try node.input(1)
    guard flags.rank == 1 else { throw ONNXError("a condition of \(flags.type) is no list") }
    let given = try node.int("axis")
    if given == nil { x = try node.reshape(x, [try x.shape.elementCount()], as: "line") }
    let axis = try node.axis(given ?? 0, rank: x.rank)
    let rows = try nonzeroRows(node, flags)
    let places = try node.reshape(rows, [rows.shape[0]], as: "places")
    return [try node.op("gather", [x, places], ["axis": .integer(axis)]).declaring(x.declared)]
  }

  static let nonMaxSuppression: Build = { node in
    let (boxes, scores) = (
      try node.computed(try node.input(0)), try node.computed(try node.input(1))
    )
    let limit = try node.integers(2, "number of boxes")?.first ?? 0
    guard boxes.rank == 3, scores.rank == 3, limit >= 0 else {
      throw ONNXError("boxes of \(boxes.type) do not fit scores of \(scores.type)")
    }
    var attributes: Attributes = [
      "iou_threshold": .real(try node.numbers(3)?.first ?? 0),
      "centered": .flag(try node.flag("center_point_box")),
    ]
    if let least = try node.numbers(4)?.first { attributes["score_threshold"] = .real(least) }
    let bounds = node.builder.bounds
    let each = min(limit, try scores.shape[2].largest(bounds))
    let classes = try (scores.shape[0] * scores.shape[1]).largest(bounds)
    let (rows, overflow) = classes.multipliedReportingOverflow(by: each)
    guard !overflow, rows < TensorData.extentLimit else {
      throw ONNXError("its boxes are too many")
    }
    attributes["limit"] = .integer(each)
    attributes["count"] = .dimension(try node.builder.countOfRows(upTo: rows))
    return [
      try node.op("non_max_suppression", [boxes, scores], attributes).declaring(.i64)
    ]
  }
}
