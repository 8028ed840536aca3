import Inputs
import Tensors

/// Operators that lengthen axes.
extension ONNXOperator {
  static let padByAttributes: Build = { node in
    guard let pads = try node.ints("pads") else { throw ONNXError("attribute pads is missing") }
    let value = try node.float("value") ?? 0
    return [try pad(node, pads, try node.constant(value, like: node.input(0)), nil)]
  }

  static let padByInputs: Build = { node in
    guard let pads = try node.integers(1, "pads") else { throw ONNXError("input 1 is missing") }
    let x = try node.input(0)
    let value = try node.optional(2).map { try node.reshape($0, [], as: "value") }
    return [try pad(node, pads, value ?? node.constant(0, like: x), node.integers(3, "axes"))]
  }

  private static func pad(
    _ node: NodeImport, _ pads: [Int], _ value: ImportedValue, _ axes: [Int]?
  ) throws -> ImportedValue {
    let mode = try node.string("mode") ?? "constant"
    var x = try node.input(0)
    let axes = try node.axes(axes ?? Array(0..<x.rank), rank: x.rank)
    guard pads.count == 2 * axes.count else { throw ONNXError("it needs two pads for each axis") }
    for (index, axis) in axes.enumerated() {
      let (before, after) = (pads[index], pads[index + axes.count])
      x =
        mode == "constant"
        ? try padded(node, x, axis, before, after, value)
        : try continued(node, x, axis, before, after, mode)
    }
    return x
  }

  /// `x` with more elements of its own before and after along an axis.
  private static func continued(
    _ node: NodeImport, _ x: ImportedValue, _ axis: Int, _ before: Int, _ after: Int, _ mode: String
  ) throws -> ImportedValue {
    guard before != 0 || after != 0 else { return x }
    guard let extent = x.shape[axis].constant, (1...1 << 20).contains(extent),
      before.magnitude <= 1 << 20, after.magnitude <= 1 << 20, before + extent + after >= 0
    else { throw ONNXError("it continues an axis of \(x.shape[axis])") }
    let indices = try (-before..<extent + after).map { place -> Int in
      switch mode {
      case "edge": return min(max(place, 0), extent - 1)
      case "wrap": return (place % extent + extent) % extent
      case "reflect":
        guard extent > 1 else { return 0 }
        let period = 2 * (extent - 1)
        let inside = (place % period + period) % period
        return min(inside, period - inside)
      default: throw ONNXError("mode = \(mode.printable) is not known")
      }
    }
    return try node.take(indices, of: x, axis: axis, as: "continued")
  }

  /// `x` with more (or, where negative, fewer) elements before and after along an axis.
  static func padded(
    _ node: NodeImport, _ x: ImportedValue, _ axis: Int, _ before: Int, _ after: Int,
    _ value: ImportedValue
  ) throws -> ImportedValue {
    let limit = -TensorData.extentLimit...TensorData.extentLimit
    guard limit.contains(before), limit.contains(after) else {
      throw ONNXError("a pad is too large")
    }
    func fill(_ count: Int) throws -> [ImportedValue] {
      guard count > 0 else { return [] }
      var shape = x.shape
      shape[axis] = Dim(count)
      return [try node.broadcast(value, shape, as: "pad")]
    }
    let start = Dim(max(-before, 0))
    let end = try x.shape[axis] + Dim(min(after, 0))
    let middle = try node.slice(x, axis: axis, start, end, as: "middle")
    return try node.concat(try fill(before) + [middle] + fill(after), axis: axis, as: "padded")
  }
}
