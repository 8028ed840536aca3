import IR
import Inputs
import Tensors

/// Windows over one to three axes, the last ones of a batch of channels.
struct SlidingWindow {
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// Before all axes, then after all axes.
  let pads: [Int]
  /// What rounding up adds after each axis.
  private let extra: [Int]

  var rank: Int { kernel.count }

  init(_ node: NodeImport, over x: ImportedValue, kernel: [Int?]) throws {
    let count = x.rank - 2
    guard (1...3).contains(count) else {
      throw ONNXError("windows over \(max(count, 0)) axes are not supported, only over 1 to 3")
    }
    let sides = kernel.compactMap { $0 }
    guard sides.count == count, kernel.count == count,
      sides.allSatisfy({ (1...1 << 16).contains($0) })
    else { throw ONNXError("its kernel does not fit \(x.type)") }
    if let given = try node.ints("kernel_shape"), given != sides {
      throw ONNXError("kernel_shape contradicts the kernel")
    }
    self.kernel = sides
    strides = try Self.list(node, "strides", count, 1)
    dilations = try Self.list(node, "dilations", count, 1)
    let sizes = WindowSizes(
      extents: Array(x.shape[2...]), kernel: sides, strides: strides, dilations: dilations)
    pads = try sizes.pads(
      Self.list(node, "pads", 2 * count, 0), mode: node.string("auto_pad") ?? "NOTSET")
    extra = try node.flag("ceil_mode") ? sizes.extra(pads) : Array(repeating: 0, count: count)
  }

  /// Windows at every place.
  init(kernel: [Int], dilations: [Int]) {
    self.kernel = kernel
    self.dilations = dilations
    strides = kernel.map { _ in 1 }
    pads = (kernel + kernel).map { _ in 0 }
    extra = kernel.map { _ in 0 }
  }

  /// A list of numbers from `fallback` on, which is also what each is by default.
  static func list(
    _ node: NodeImport, _ name: String, _ length: Int, _ fallback: Int
  ) throws -> [Int] {
    let values = try node.ints(name) ?? Array(repeating: fallback, count: length)
    guard values.count == length, values.allSatisfy({ (fallback...1 << 16).contains($0) }) else {
      throw ONNXError("attribute \(name) does not fit")
    }
    return values
  }

  var allPads: [Int] { Array(pads[..<rank]) + zip(pads[rank...], extra).map { $0 + $1 } }

  var hasPads: Bool { allPads.contains { $0 != 0 } }

  /// The side of square windows over two axes that neither overlap nor leave gaps.
  var patchSide: Int? {
    rank == 2 && kernel[0] == kernel[1] && strides == kernel && !hasPads
      && (kernel[0] == 1 || dilations == [1, 1]) ? kernel[0] : nil
  }

  /// [batch, channels, elements of a window, places along each axis…]
  func unfold(
    _ node: NodeImport, _ x: ImportedValue, padding: Double, pads: [Int]? = nil
  ) throws -> ImportedValue {
    let pads = pads ?? allPads
    let (batch, channels) = (x.shape[0], x.shape[1])
    func plane(_ x: ImportedValue, _ axes: [Int?]) throws -> ImportedValue {
      func part(_ values: [Int], _ fallback: Int) -> [Int] {
        axes.map { $0.map { values[$0] } ?? fallback }
      }
      return try node.op(
        "unfold", [x],
        [
          "kernel": .integers(part(kernel, 1)), "strides": .integers(part(strides, 1)),
          "dilations": .integers(part(dilations, 1)),
          "pads": .integers(part(pads, 0) + part(Array(pads[rank...]), 0)),
          "value": .real(padding),
        ], as: "windows")
    }
    switch rank {
    case 1:
      let row = try node.reshape(x, [batch, channels, 1, x.shape[2]], as: "row")
      let windows = try plane(row, [nil, 0])
      return try node.reshape(
        windows, [batch, channels, windows.shape[2], windows.shape[4]], as: "windows")
    case 2: return try plane(x, [0, 1])
    default:
      // Along the first axis, then over the planes of the other two.
      let area = try x.shape[3] * x.shape[4]
      let deep = try plane(
        node.reshape(x, [batch, channels, x.shape[2], area], as: "depth"), [0, nil])
      let (depth, places) = (deep.shape[2], deep.shape[3])
      let count = try [channels, depth, places].elementCount()
      let flat = try plane(
        node.reshape(deep, [batch, count, x.shape[3], x.shape[4]], as: "planes"), [1, 2])
      let split = [batch, channels, depth, places] + flat.shape[2...]
      let turned = try node.transpose(
        node.reshape(flat, split, as: "split"), [0, 1, 2, 4, 3, 5, 6], as: "turned")
      return try node.reshape(
        turned, [batch, channels, try depth * flat.shape[2], places] + flat.shape[3...],
        as: "windows")
    }
  }
}

/// Pads that follow from the sizes of what windows go over.
struct WindowSizes {
  let extents: [Dim]
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]

  func reach(_ axis: Int) -> Int { dilations[axis] * (kernel[axis] - 1) + 1 }

  func pads(_ given: [Int], mode: String) throws -> [Int] {
    switch mode {
    case "NOTSET", "": return given
    case "VALID": return given.map { _ in 0 }
    case "SAME_UPPER", "SAME_LOWER":
      let totals = try kernel.indices.map { axis in
        let size = try extent(axis)
        let places = (size + strides[axis] - 1) / strides[axis]
        return max((places - 1) * strides[axis] + reach(axis) - size, 0)
      }
      let halves = totals.map { mode == "SAME_UPPER" ? $0 / 2 : ($0 + 1) / 2 }
      return halves + zip(totals, halves).map { $0 - $1 }
    default: throw ONNXError("auto_pad = \(mode.printable) is not known")
    }
  }

  /// What it takes after each axis to count a window that is begun. One that would begin in the pads
  /// does not count.
  func extra(_ pads: [Int]) throws -> [Int] {
    try kernel.indices.map { axis in
      let size = try extent(axis)
      let all = size + pads[axis] + pads[axis + kernel.count]
      let rest = (all - reach(axis)) % strides[axis]
      guard rest > 0 else { return 0 }
      let missing = strides[axis] - rest
      return all + missing - reach(axis) < size + pads[axis] ? missing : 0
    }
  }

  private func extent(_ axis: Int) throws -> Int {
    guard let size = extents[axis].constant else {
      throw ONNXError("its pads depend on \(extents[axis]); fix it with --dim or --shape")
    }
    return size
  }
}
