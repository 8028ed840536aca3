import IR
import Tensors

/// Operators that only say how the same elements are read.
extension ONNXOperator {
  static let transpose: Build = { node in
    let x = try node.input(0)
    let permutation = try node.ints("perm") ?? (0..<x.rank).reversed()
    guard permutation.sorted() == Array(0..<x.rank) else {
      throw ONNXError("perm = \(permutation) is no permutation of \(x.rank) axes")
    }
    return [try node.transpose(x, permutation)]
  }

  static let reshape: Build = { node in
    let x = try node.input(0)
    guard var shape = try node.sizes(1, "sizes") else { throw ONNXError("input 1 is missing") }
    let keepsZero = try node.flag("allowzero")
    for axis in shape.indices where shape[axis] == 0 && !keepsZero {
      guard axis < x.rank else { throw ONNXError("its shape copies axis \(axis) of \(x.type)") }
      shape[axis] = x.shape[axis]
    }
    let open = shape.indices.filter { shape[$0] == -1 }
    guard open.count <= 1 else { throw ONNXError("its shape has -1 twice") }
    if let axis = open.first {
      shape[axis] = 1
      let (all, others) = (try x.shape.elementCount(), try shape.elementCount())
      guard let size = all.dividedExactly(by: others) else {
        throw ONNXError("\(all) elements do not divide into \(others)")
      }
      shape[axis] = size
    }
    return [try node.reshape(x, shape)]
  }

  static let flatten: Build = { node in
    let x = try node.input(0)
    let given = try node.int("axis") ?? 1
    let axis = given == x.rank ? given : try node.axis(given, rank: x.rank)
    let outer = try Array(x.shape[..<axis]).elementCount()
    return [try node.reshape(x, [outer, try Array(x.shape[axis...]).elementCount()])]
  }

  static let squeeze: Build = { node in
    let x = try node.input(0)
    let given = try node.ints("axes") ?? node.integers(1, "axes")
    let axes =
      try given.map { try node.axes($0, rank: x.rank) }
      ?? x.shape.indices.filter { x.shape[$0].isOne }
    for axis in axes where !x.shape[axis].isOne {
      throw ONNXError("axis \(axis) of \(x.type) is not 1")
    }
    return [
      try node.reshape(x, x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] })
    ]
  }

  static let unsqueeze: Build = { node in
    let x = try node.input(0)
    guard let given = try node.ints("axes") ?? node.integers(1, "axes") else {
      throw ONNXError("it has no axes")
    }
    let axes = try node.axes(given, rank: x.rank + given.count)
    var rest = x.shape[...]
    let shape = (0..<x.rank + axes.count).map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 }
    return [try node.reshape(x, shape)]
  }

  static let expand: Build = { node in
    let x = try node.input(0)
    guard let target = try node.sizes(1, "sizes") else { throw ONNXError("input 1 is missing") }
    return [try node.broadcast(x, try OpRules.broadcast(x.shape, target))]
  }

  /// Repeated axes get an axis of their own, along which they are repeated.
  static let tile: Build = { node in
    let x = try node.input(0)
    guard let repeats = try node.sizes(1, "repeats"), repeats.count == x.rank else {
      throw ONNXError("it needs a repeat for each axis")
    }
    var (split, wide, shape): (Shape, Shape, Shape) = ([], [], [])
    for (extent, count) in zip(x.shape, repeats) {
      if !count.isOne {
        split.append(1)
        wide.append(count)
      }
      split.append(extent)
      wide.append(extent)
      shape.append(try extent * count)
    }
    let view = try node.reshape(x, split, as: "split")
    return [try node.reshape(try node.broadcast(view, wide, as: "repeated"), shape)]
  }
}
