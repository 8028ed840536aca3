import IR
import Tensors

/// Convolution: products of a kernel with windows.
extension ONNXOperator {
  static let conv: Build = { node in
    let (x, kernel) = (try node.input(0), try node.input(1))
    return [try conv(node, x, kernel, bias: node.optional(2))]
  }

  static func conv(
    _ node: NodeImport, _ x: ImportedValue, _ kernel: ImportedValue, bias: ImportedValue?
  ) throws -> ImportedValue {
    let groups = try node.int("group") ?? 1
    let window = try SlidingWindow(node, over: x, kernel: kernel.shape.dropFirst(2).map(\.constant))
    guard groups > 0, let channels = kernel.shape[0].constant, channels % groups == 0,
      try x.shape[1] == kernel.shape[1] * Dim(groups)
    else { throw ONNXError("a kernel of \(kernel.type) does not fit \(x.type)") }
    if groups == 1, let side = window.patchSide, bias?.rank ?? 1 == 1 {
      return try patches(node, x, kernel, bias, side)
    }
    return try unfolded(node, x, kernel, bias, window, groups)
  }

  /// Windows side by side, as the patches of a vision transformer.
  private static func patches(
    _ node: NodeImport, _ x: ImportedValue, _ kernel: ImportedValue, _ bias: ImportedValue?,
    _ side: Int
  ) throws -> ImportedValue {
    var pixels = x
    for axis in [2, 3] {
      guard let extent = x.shape[axis].constant else { continue }
      // What is left at the end belongs to no window.
      pixels = try node.slice(pixels, axis: axis, 0, Dim(extent / side * side), as: "pixels")
    }
    return try node.op("patch_conv", [pixels, kernel, bias], ["stride": .integer(side)])
  }

  /// The kernel as a matrix for each group, times the windows as columns.
  static func unfolded(
    _ node: NodeImport, _ x: ImportedValue, _ kernel: ImportedValue, _ bias: ImportedValue?,
    _ window: SlidingWindow, _ groups: Int
  ) throws -> ImportedValue {
    try product(node, window.unfold(node, x, padding: 0), kernel, bias, groups)
  }

  /// The same of windows [batch, channels, elements, places…] that are there already.
  static func product(
    _ node: NodeImport, _ windows: ImportedValue, _ kernel: ImportedValue, _ bias: ImportedValue?,
    _ groups: Int
  ) throws -> ImportedValue {
    let places = Array(windows.shape[3...])
    let count = try places.elementCount()
    let (batch, outputs) = (windows.shape[0], kernel.shape[0])
    let width = try Array(kernel.shape[1...]).elementCount()
    let split = groups == 1 ? [] : [Dim(groups)]
    let columns = try node.reshape(windows, [batch] + split + [width, count], as: "columns")
    let part = outputs.dividedExactly(by: Dim(groups)) ?? outputs
    let matrix = try node.reshape(node.computed(kernel), split + [part, width], as: "matrix")
    var result = try node.op("matmul", [matrix, columns], as: "product")
    if let bias {
      result = try node.reshape(result, [batch, outputs, count], as: "product")
      result = try node.op(
        "add", [result, node.reshape(bias, [outputs, 1], as: "bias")], as: "sum")
    }
    return try node.reshape(result, [batch, outputs] + places)
  }

  // MARK: Transposed convolution

  /// A convolution of the input with zeros between its elements, by the kernel turned around.
  static let convTranspose: Build = { node in
    let (x, kernel) = (try node.input(0), node.builder.loaded(try node.input(1)))
    let count = x.rank - 2
    let groups = try node.int("group") ?? 1
    guard (1...3).contains(count), kernel.rank == x.rank, groups > 0,
      let sides = Array(kernel.shape[2...]).constants, kernel.shape[0] == x.shape[1],
      let channels = x.shape[1].dividedExactly(by: Dim(groups)),
      let extents = Array(x.shape[2...]).constants,
      sides.allSatisfy({ (1...1 << 16).contains($0) }), extents.allSatisfy({ $0 <= 1 << 40 })
    else { throw ONNXError("a kernel of \(kernel.type) does not fit \(x.type)") }
    let strides = try SlidingWindow.list(node, "strides", count, 1)
    let dilations = try SlidingWindow.list(node, "dilations", count, 1)
    let reach = zip(sides, dilations).map { ($0 - 1) * $1 }
    let pads = try transposedPads(node, extents, strides, reach)
    var spread = x
    for axis in 0..<count {
      spread = try withZeros(node, spread, axis + 2, between: strides[axis])
      spread = try padded(
        node, spread, axis + 2, reach[axis] - pads.before[axis], reach[axis] - pads.after[axis],
        .scalar(0))
    }
    let turned = try turnedKernel(node, kernel, groups, channels, sides)
    let window = SlidingWindow(kernel: sides, dilations: dilations)
    return [try unfolded(node, spread, turned, node.optional(2), window, groups)]
  }

  /// How much is cut off the full result; negative where it is extended.
  private static func transposedPads(
    _ node: NodeImport, _ extents: [Int], _ strides: [Int], _ reach: [Int]
  ) throws -> (before: [Int], after: [Int]) {
    let count = extents.count
    let more = try SlidingWindow.list(node, "output_padding", count, 0)
    let mode = try node.string("auto_pad") ?? "NOTSET"
    var target = try node.ints("output_shape").map { Array($0.suffix(count)) }
    if mode.hasPrefix("SAME") { target = target ?? zip(extents, strides).map { $0 * $1 } }
    guard let target else {
      let pads =
        mode == "VALID"
        ? Array(repeating: 0, count: 2 * count) : try SlidingWindow.list(node, "pads", 2 * count, 0)
      return (Array(pads[..<count]), zip(pads[count...], more).map { $0 - $1 })
    }
    guard target.count == count, target.allSatisfy({ (0...1 << 40).contains($0) }) else {
      throw ONNXError("attribute output_shape does not fit")
    }
    let excess = (0..<count).map { axis -> Int in
      (extents[axis] - 1) * strides[axis] + reach[axis] + 1 - target[axis]
    }
    // A result that is longer than the full one is so at its end.
    let totals = zip(excess, more).map { max($0 + $1, 0) }
    let before = totals.map { mode == "SAME_UPPER" ? $0 / 2 : $0 - $0 / 2 }
    return (before, zip(excess, before).map { $0 - $1 })
  }

  private static func withZeros(
    _ node: NodeImport, _ x: ImportedValue, _ axis: Int, between step: Int
  ) throws -> ImportedValue {
    guard step > 1, !x.shape[axis].isOne else { return x }
    var split = x.shape
    split.insert(1, at: axis + 1)
    let column = try node.reshape(x, split, as: "column")
    let spaced = try padded(node, column, axis + 1, 0, step - 1, .scalar(0))
    var shape = x.shape
    shape[axis] = try shape[axis] * Dim(step)
    let joined = try node.reshape(spaced, shape, as: "spaced")
    // Nothing follows the last element.
    return try node.slice(joined, axis: axis, 0, try shape[axis] - Dim(step - 1), as: "spaced")
  }

  /// [inputs, outputs of a group, sides…] as [outputs, inputs of a group, sides… backwards].
  private static func turnedKernel(
    _ node: NodeImport, _ kernel: ImportedValue, _ groups: Int, _ channels: Dim, _ sides: [Int]
  ) throws -> ImportedValue {
    var turned = try node.computed(kernel)
    for (axis, side) in sides.enumerated() where side > 1 {
      turned = try node.take(Array((0..<side).reversed()), of: turned, axis: axis + 2, as: "turned")
    }
    let (outputs, places) = (kernel.shape[1], Array(kernel.shape[2...]))
    let split = try node.reshape(turned, [Dim(groups), channels, outputs] + places, as: "split")
    let order = [0, 2, 1] + Array(3..<split.rank)
    return try node.reshape(
      node.transpose(split, order, as: "swapped"),
      [try outputs * Dim(groups), channels] + places, as: "kernel")
  }
}
