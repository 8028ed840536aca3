import IR
import JSON
import Tensors

/// Products and sums over windows.
extension ONNXOperator {
  static let matMul: Build = { node in
    let (a, b) = (try node.input(0), try node.input(1))
    guard a.rank >= 1, b.rank >= 1 else { throw ONNXError("a factor has no axes") }
    // A vector is a matrix of one row or one column, whose axis does not show in the result.
    let left = a.rank == 1 ? try node.reshape(a, [1, a.shape[0]], as: "row") : a
    let right = b.rank == 1 ? try node.reshape(b, [b.shape[0], 1], as: "column") : b
    let isPlain = a.rank > 1 && b.rank > 1
    let result = try product(node, left, right, as: isPlain ? "" : "product")
    guard !isPlain else { return [result] }
    var shape = result.shape
    if b.rank == 1 { shape.removeLast() }
    if a.rank == 1 { shape.remove(at: shape.count - (b.rank == 1 ? 1 : 2)) }
    return [try node.reshape(result, shape)]
  }

  /// Weights are stored with their outputs first, which is how kernels stream them.
  private static func product(
    _ node: NodeImport, _ a: ImportedValue, _ b: ImportedValue, transposeA: Bool = false,
    transposeB: Bool = false, as suffix: String
  ) throws -> ImportedValue {
    var attributes: Attributes = transposeA ? ["transpose_a": .flag(true)] : [:]
    var factor = b
    if transposeB {
      attributes["transpose_b"] = .flag(true)
    } else if let transposed = node.builder.transposed(b) {
      factor = transposed
      attributes["transpose_b"] = .flag(true)
    }
    return try node.op("matmul", [a, factor], attributes, as: suffix)
  }

  static let gemm: Build = { node in
    let c = node.optional(2)
    let (alpha, beta) = (try node.float("alpha") ?? 1, try node.float("beta") ?? 1)
    let isScaled = alpha != 1
    var result = try product(
      node, node.input(0), node.input(1), transposeA: node.flag("transA"),
      transposeB: node.flag("transB"), as: c == nil && !isScaled ? "" : "product")
    if isScaled {
      result = try node.op("mul", [result, .scalar(alpha)], as: c == nil ? "" : "scaled")
    }
    guard let c, beta != 0 else { return [result] }
    let term = beta == 1 ? c : try node.op("mul", [c, .scalar(beta)], as: "term")
    return [try node.op("add", [result, term])]
  }

  // MARK: Convolution

  /// A convolution whose windows neither overlap nor leave gaps.
  static let conv: Build = { node in
    let (x, kernel) = (try node.input(0), try node.input(1))
    let window = try Window(node, spatial: x.rank - 2, kernel: Array(kernel.shape.dropFirst(2)))
    guard x.rank == 4, kernel.rank == 4, let side = kernel.shape[2].constant, side > 0,
      kernel.shape[3] == kernel.shape[2], window.strides == [side, side],
      window.dilations.allSatisfy({ $0 == 1 }) || side == 1, try node.int("group") ?? 1 == 1,
      window.pads.allSatisfy({ $0 == 0 })
    else {
      throw ONNXError(
        "only convolutions over patches (stride = kernel, no pads, no groups) are supported")
    }
    var pixels = x
    for axis in [2, 3] {
      guard let extent = x.shape[axis].constant else { continue }
      // What is left at the end belongs to no window.
      pixels = try node.slice(pixels, axis: axis, 0, Dim(extent / side * side), as: "pixels")
    }
    return [
      try node.op("patch_conv", [pixels, kernel, node.optional(2)], ["stride": .integer(side)])
    ]
  }

  // MARK: Pooling

  /// The mean or maximum over all places.
  static func globalPool(_ op: String) -> Build {
    { node in
      let x = try node.input(0)
      guard x.rank >= 3 else { throw ONNXError("\(x.type) has no places") }
      return [try node.op(op, [x], ["axes": .integers(Array(2..<x.rank))])]
    }
  }

  static let maxPool: Build = { node in
    [
      try pool(node, padding: -.infinity) {
        try node.op("max", [$0], ["axes": $1, "keep_dims": .flag(false)])
      }
    ]
  }

  static let averagePool: Build = { node in
    [
      try pool(node, padding: nil) {
        try node.op("mean", [$0], ["axes": $1, "keep_dims": .flag(false)])
      }
    ]
  }

  /// Over windows that neither overlap nor leave gaps, as a reduction of an axis for each side.
  private static func pool(
    _ node: NodeImport, padding: Double?,
    _ reduce: (ImportedValue, Attribute) throws -> ImportedValue
  ) throws -> ImportedValue {
    var x = try node.input(0)
    guard let kernel = try node.ints("kernel_shape"), x.rank == 2 + kernel.count else {
      throw ONNXError("kernel_shape does not fit \(x.type)")
    }
    let window = try Window(node, spatial: kernel.count, kernel: kernel.map { Dim($0) })
    guard window.strides == kernel, kernel.allSatisfy({ $0 > 0 }),
      window.dilations.allSatisfy({ $0 == 1 }), window.pads.allSatisfy({ $0 == 0 }),
      try !node.flag("ceil_mode")
    else {
      throw ONNXError(
        "only pooling of windows side by side (stride = kernel, no pads) is supported")
    }
    var (shape, axes): (Shape, [Int]) = (Array(x.shape[..<2]), [])
    for (index, side) in kernel.enumerated() {
      let extent = x.shape[2 + index]
      let whole = extent.constant.map { Dim($0 / side) } ?? extent.dividedExactly(by: Dim(side))
      guard let count = whole else {
        throw ONNXError("windows of \(side) do not fill an open size")
      }
      x = try node.slice(x, axis: 2 + index, 0, try count * Dim(side), as: "windows")
      axes.append(shape.count + 1)
      shape += [count, Dim(side)]
    }
    return try reduce(try node.reshape(x, shape, as: "windows"), .integers(axes))
  }
}

/// Strides, pads and dilations of a window, defaults included.
struct Window {
  let strides: [Int]
  let dilations: [Int]
  /// Before, for each axis, and then after, for each axis.
  let pads: [Int]

  init(_ node: NodeImport, spatial: Int, kernel: [Dim]) throws {
    guard spatial > 0 else { throw ONNXError("its input has no places") }
    func list(_ name: String, _ count: Int, _ fallback: Int) throws -> [Int] {
      let values = try node.ints(name) ?? Array(repeating: fallback, count: count)
      guard values.count == count, values.allSatisfy({ (0...TensorData.extentLimit).contains($0) })
      else { throw ONNXError("attribute \(name) does not fit") }
      return values
    }
    strides = try list("strides", spatial, 1)
    dilations = try list("dilations", spatial, 1)
    pads = try list("pads", 2 * spatial, 0)
    let mode = try node.string("auto_pad") ?? "NOTSET"
    try node.requireDefault(mode == "NOTSET" || mode == "VALID", "auto_pad = \(mode.printable)")
    if let given = try node.ints("kernel_shape"), given.map({ Dim($0) }) != kernel {
      throw ONNXError("kernel_shape contradicts the kernel")
    }
  }
}
