import IR
import Tensors

/// Operations that find as many rows as the data have.
extension ExportOperator {
  /// The operator yields the indices of each axis in a row.
  static let nonzero: Build = { node in
    let x = try node.number(0)
    // What a number without axes yields is not agreed upon.
    guard x.rank > 0 else { throw OpError("x has no axes") }
    let columns = try node.op(
      "NonZero", [x], [:], TensorType(.i64, [Dim(x.rank), node.result.shape[0]]))
    node.builder.measures(columns, axis: 1)
    return try node.transpose(columns, [1, 0])
  }

  static let nonMaxSuppression: Build = { node in
    let threshold = node.operation.attribute("score_threshold")?.real
    let rows = try node.op(
      "NonMaxSuppression",
      [
        node.number(0), node.number(1), node.builder.scalar(Double(node.integer("limit")), .i64),
        node.builder.scalar(node.real("iou_threshold")), threshold.map { node.builder.scalar($0) },
      ].trimmed, ["center_point_box": .int(node.flag("centered") ? 1 : 0)], node.result)
    node.builder.measures(rows, axis: 0)
    return rows
  }
}
