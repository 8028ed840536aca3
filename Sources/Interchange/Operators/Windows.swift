import IR
import JSON
import Tensors

/// Convolution and pooling: operators over windows of their input.
extension ONNXOperator {
  static let conv: Build = { node in
    let (x, kernel) = (try node.input(0), try node.input(1))
    let groups = try node.int("group") ?? 1
    let window = try Window(node, over: x, kernel: kernel.shape.dropFirst(2).map(\.constant))
    guard groups > 0, let channels = kernel.shape[0].constant, channels % groups == 0,
      try x.shape[1] == kernel.shape[1] * Dim(groups)
    else { throw ONNXError("a kernel of \(kernel.type) does not fit \(x.type)") }
    if groups == 1, x.rank == 4, let side = window.patchSide, node.optional(2)?.rank ?? 1 == 1 {
      return [try patches(node, x, kernel, side)]
    }
    return [try unfolded(node, x, kernel, window, groups)]
  }

  /// Windows side by side, as the patches of a vision transformer.
  private static func patches(
    _ node: NodeImport, _ x: ImportedValue, _ kernel: ImportedValue, _ side: Int
  ) throws -> ImportedValue {
    var pixels = x
    for axis in [2, 3] {
      guard let extent = x.shape[axis].constant else { continue }
      // What is left at the end belongs to no window.
      pixels = try node.slice(pixels, axis: axis, 0, Dim(extent / side * side), as: "pixels")
    }
    return try node.op(
      "patch_conv", [pixels, kernel, node.optional(2)], ["stride": .integer(side)])
  }

  /// The kernel as a matrix for each group, times the windows as columns.
  private static func unfolded(
    _ node: NodeImport, _ x: ImportedValue, _ kernel: ImportedValue, _ window: Window, _ groups: Int
  ) throws -> ImportedValue {
    let windows = try window.unfold(node, x, padding: 0)
    let places = Array(windows.shape[3...])
    let count = try places.elementCount()
    let (batch, outputs) = (x.shape[0], kernel.shape[0])
    let width = try Array(kernel.shape[1...]).elementCount()
    let split = groups == 1 ? [] : [Dim(groups)]
    let columns = try node.reshape(windows, [batch] + split + [width, count], as: "columns")
    let part = outputs.dividedExactly(by: Dim(groups)) ?? outputs
    let matrix = try node.reshape(node.computed(kernel), split + [part, width], as: "matrix")
    var result = try node.op("matmul", [matrix, columns], as: "product")
    if let bias = node.optional(2) {
      result = try node.reshape(result, [batch, outputs, count], as: "product")
      result = try node.op(
        "add", [result, node.reshape(bias, [outputs, 1], as: "bias")], as: "sum")
    }
    return try node.reshape(result, [batch, outputs] + (x.rank == 3 ? [count] : places))
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
    let x = try node.input(0)
    let window = try Window(node, over: x, kernel: node.ints("kernel_shape") ?? [])
    let windows = try window.unfold(node, x, padding: -.infinity)
    return [try folded(node, "max", windows, like: x)]
  }

  static let averagePool: Build = { node in
    let x = try node.input(0)
    let window = try Window(node, over: x, kernel: node.ints("kernel_shape") ?? [])
    let windows = try window.unfold(node, x, padding: 0)
    guard !window.hasPads else { return [try paddedMean(node, windows, window, x)] }
    return [try folded(node, "mean", windows, like: x)]
  }

  /// Pads count where the operator says so; what rounding up adds never does.
  private static func paddedMean(
    _ node: NodeImport, _ windows: ImportedValue, _ window: Window, _ x: ImportedValue
  ) throws -> ImportedValue {
    let counted = try node.flag("count_include_pad") ? window.pads : [0, 0, 0, 0]
    let (height, width) = (x.rank == 3 ? 1 : x.shape[2], x.shape[x.rank - 1])
    let extents = [
      try height + Dim(counted[0] + counted[2]), try width + Dim(counted[1] + counted[3]),
    ]
    let ones = try node.broadcast(.scalar(1), [1, 1] + extents, as: "ones")
    let rest = zip(window.allPads, counted).map { $0 - $1 }
    let counts = try node.op(
      "sum", [window.unfold(node, ones, padding: 0, pads: rest)],
      ["axes": .integers([2]), "keep_dims": .flag(false)], as: "counts")
    let sums = try node.op(
      "sum", [windows], ["axes": .integers([2]), "keep_dims": .flag(false)], as: "sums")
    let mean = try node.op("div", [sums, counts], as: x.rank == 3 ? "mean" : "")
    return try node.reshape(mean, outputShape(mean, like: x))
  }

  private static func folded(
    _ node: NodeImport, _ op: String, _ windows: ImportedValue, like x: ImportedValue
  ) throws -> ImportedValue {
    let result = try node.op(
      op, [windows], ["axes": .integers([2]), "keep_dims": .flag(false)],
      as: x.rank == 3 ? "rows" : "")
    return try node.reshape(result, outputShape(result, like: x))
  }

  private static func outputShape(_ result: ImportedValue, like x: ImportedValue) -> Shape {
    x.rank == 3 ? [result.shape[0], result.shape[1], result.shape[3]] : result.shape
  }
}

/// Windows over one or two axes, as windows over two.
struct Window {
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// Top, left, bottom, right.
  let pads: [Int]
  /// What rounding up adds below and to the right.
  private let extra: [Int]

  init(_ node: NodeImport, over x: ImportedValue, kernel: [Int?]) throws {
    let count = x.rank - 2
    guard (1...2).contains(count) else {
      throw ONNXError("windows over \(max(count, 0)) axes are not supported, only over 1 or 2")
    }
    let sides = kernel.compactMap { $0 }
    guard sides.count == count, kernel.count == count,
      sides.allSatisfy({ (1...1 << 16).contains($0) })
    else { throw ONNXError("its kernel does not fit \(x.type)") }
    if let given = try node.ints("kernel_shape"), given != sides {
      throw ONNXError("kernel_shape contradicts the kernel")
    }
    func list(_ name: String, _ length: Int, _ fallback: Int) throws -> [Int] {
      let values = try node.ints(name) ?? Array(repeating: fallback, count: length)
      guard values.count == length, values.allSatisfy({ (fallback...1 << 16).contains($0) }) else {
        throw ONNXError("attribute \(name) does not fit")
      }
      return values
    }
    /// A row of one place comes before an axis that stands alone.
    func two(_ values: [Int], _ first: Int) -> [Int] { count == 1 ? [first] + values : values }
    self.kernel = two(sides, 1)
    strides = two(try list("strides", count, 1), 1)
    dilations = two(try list("dilations", count, 1), 1)
    let given = try list("pads", 2 * count, 0)
    let (before, after) = (two(Array(given[..<count]), 0), two(Array(given[count...]), 0))
    let extents = count == 1 ? [1, x.shape[2]] : Array(x.shape[2...])
    let sizes = WindowSizes(
      extents: extents, kernel: self.kernel, strides: strides, dilations: dilations)
    pads = try sizes.pads(before + after, mode: node.string("auto_pad") ?? "NOTSET")
    extra = try node.flag("ceil_mode") ? sizes.extra(pads) : [0, 0]
  }

  var allPads: [Int] { [pads[0], pads[1], pads[2] + extra[0], pads[3] + extra[1]] }

  var hasPads: Bool { allPads != [0, 0, 0, 0] }

  /// The side of square windows that neither overlap nor leave gaps.
  var patchSide: Int? {
    kernel[0] == kernel[1] && strides == kernel && !hasPads
      && (kernel[0] == 1 || dilations == [1, 1]) ? kernel[0] : nil
  }

  /// [batch, channels, elements of a window, rows of windows, columns of windows]
  func unfold(
    _ node: NodeImport, _ x: ImportedValue, padding: Double, pads: [Int]? = nil
  ) throws -> ImportedValue {
    let picture =
      x.rank == 3 ? try node.reshape(x, [x.shape[0], x.shape[1], 1, x.shape[2]], as: "row") : x
    return try node.op(
      "unfold", [picture],
      [
        "kernel": .integers(kernel), "strides": .integers(strides),
        "dilations": .integers(dilations), "pads": .integers(pads ?? allPads),
        "value": .real(padding),
      ], as: "windows")
  }
}

/// Pads that follow from the sizes of what windows go over.
private struct WindowSizes {
  let extents: [Dim]
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]

  private func reach(_ axis: Int) -> Int { dilations[axis] * (kernel[axis] - 1) + 1 }

  func pads(_ given: [Int], mode: String) throws -> [Int] {
    switch mode {
    case "NOTSET": return given
    case "VALID": return [0, 0, 0, 0]
    case "SAME_UPPER", "SAME_LOWER":
      let totals = try (0..<2).map { axis in
        let size = try extent(axis)
        let places = (size + strides[axis] - 1) / strides[axis]
        return max((places - 1) * strides[axis] + reach(axis) - size, 0)
      }
      let halves = totals.map { mode == "SAME_UPPER" ? $0 / 2 : ($0 + 1) / 2 }
      return halves + zip(totals, halves).map { $0 - $1 }
    default: throw ONNXError("auto_pad = \(mode.printable) is not known")
    }
  }

  /// What it takes below and to the right to count a window that is begun. One that would begin in
  /// the pads does not count.
  func extra(_ pads: [Int]) throws -> [Int] {
    try (0..<2).map { axis in
      let size = try extent(axis)
      let rest = (size + pads[axis] + pads[axis + 2] - reach(axis)) % strides[axis]
      guard rest > 0 else { return 0 }
      let missing = strides[axis] - rest
      let start = size + pads[axis] + pads[axis + 2] + missing - reach(axis)
      return start < size + pads[axis] ? missing : 0
    }
  }

  private func extent(_ axis: Int) throws -> Int {
    guard let size = extents[axis].constant else {
      throw ONNXError("its pads depend on \(extents[axis]); fix it with --dim or --shape")
    }
    return size
  }
}
