import IR
import Inputs
import Tensors

/// Operators that rearrange blocks of a picture.
extension ONNXOperator {
  static let depthToSpace: Build = { node in
    let (x, side, area) = try blocks(node)
    guard let depth = x.shape[1].dividedExactly(by: area) else {
      throw ONNXError("\(x.shape[1]) channels are no blocks of \(area)")
    }
    let mode = try node.string("mode") ?? "DCR"
    try node.requireDefault(mode == "DCR" || mode == "CRD", "mode = \(mode.printable)")
    let (height, width) = (x.shape[2], x.shape[3])
    let isDepthFirst = mode == "DCR"
    let split =
      isDepthFirst
      ? [x.shape[0], side, side, depth, height, width]
      : [x.shape[0], depth, side, side, height, width]
    let turned = try node.transpose(
      node.reshape(x, split, as: "split"),
      isDepthFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3], as: "turned")
    return [try node.reshape(turned, [x.shape[0], depth, try height * side, try width * side])]
  }

  static let spaceToDepth: Build = { node in
    let (x, side, area) = try blocks(node)
    guard let height = x.shape[2].dividedExactly(by: side),
      let width = x.shape[3].dividedExactly(by: side)
    else { throw ONNXError("\(x.type) does not divide into blocks of \(side)") }
    let split = [x.shape[0], x.shape[1], height, side, width, side]
    let turned = try node.transpose(
      node.reshape(x, split, as: "split"), [0, 3, 5, 1, 2, 4], as: "turned")
    return [try node.reshape(turned, [x.shape[0], try x.shape[1] * area, height, width])]
  }

  private static func blocks(
    _ node: NodeImport
  ) throws -> (x: ImportedValue, side: Dim, area: Dim) {
    let x = try node.input(0)
    guard x.rank == 4, let side = try node.int("blocksize"), (1...1 << 12).contains(side) else {
      throw ONNXError("it needs a picture and a blocksize")
    }
    return (x, Dim(side), Dim(side * side))
  }

  /// Cut or filled with zeros to a size, as much before as after.
  static let centerCropPad: Build = { node in
    var x = try node.input(0)
    guard let sizes = try node.integers(1, "sizes") else { throw ONNXError("input 1 is missing") }
    let axes = try node.axes(try node.ints("axes") ?? Array(0..<x.rank), rank: x.rank)
    guard sizes.count == axes.count, sizes.allSatisfy({ (0...1 << 40).contains($0) }) else {
      throw ONNXError("it needs a size for each axis")
    }
    for (axis, size) in zip(axes, sizes) {
      guard let extent = x.shape[axis].constant else {
        throw ONNXError("axis \(axis) of \(x.type) has no fixed size")
      }
      let excess = size - extent
      let before = excess < 0 ? -(-excess / 2) : excess / 2
      x = try padded(node, x, axis, before, excess - before, node.constant(0, like: x))
    }
    return [x]
  }
}
