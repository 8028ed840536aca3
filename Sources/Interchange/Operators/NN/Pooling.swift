import IR
import Tensors

/// Pooling: operators that fold windows.
extension ONNXOperator {
  /// The mean or maximum over all places.
  static func globalPool(_ op: String) -> Build {
    { node in
      let x = try node.input(0)
      guard x.rank >= 3 else { throw ONNXError("\(x.type) has no places") }
      return [try node.op(op, [x], ["axes": .integers(Array(2..<x.rank))])]
    }
  }

  static let globalLpPool: Build = { node in
    let x = try node.input(0)
    guard x.rank >= 3 else { throw ONNXError("\(x.type) has no places") }
    return [try norm(node, x, axes: Array(2..<x.rank), keeps: true)]
  }

  static let lpPool: Build = { node in
    let x = try node.input(0)
    let window = try SlidingWindow(node, over: x, kernel: node.ints("kernel_shape") ?? [])
    return [try norm(node, window.unfold(node, x, padding: 0), axes: [2], keeps: false)]
  }

  /// (Σ |x|ᵖ)^(1/p) along axes.
  static func norm(
    _ node: NodeImport, _ x: ImportedValue, axes: [Int], keeps: Bool
  ) throws -> ImportedValue {
    let p = try node.int("p") ?? 2
    let size = try node.op("abs", [x], as: "abs")
    let power = p == 1 ? size : try node.op("pow", [size, .scalar(Double(p))], as: "power")
    let sum = try node.op(
      "sum", [power], ["axes": .integers(axes), "keep_dims": .flag(keeps)],
      as: p == 1 ? "" : "sum")
    return p == 1 ? sum : try node.op("pow", [sum, .scalar(1 / Double(p))])
  }

  static let maxPool: Build = { node in
    let input = try node.input(0)
    let x = try node.cast(node.computed(input), .f32, as: "number")
    let window = try SlidingWindow(node, over: x, kernel: node.ints("kernel_shape") ?? [])
    let windows = try window.unfold(node, x, padding: -.infinity)
    let largest = try node.op(
      "max", [windows], ["axes": .integers([2]), "keep_dims": .flag(false)],
      as: input.type.element == .i64 ? "largest" : "")
    let result = try node.cast(largest, input.type.element.computed).declaring(input.declared)
    guard node.node.outputs.count > 1 else { return [result] }
    return [result, try largestPlaces(node, x, windows, window).declaring(.i64)]
  }

  /// Where the largest elements of windows stand in the whole input.
  private static func largestPlaces(
    _ node: NodeImport, _ x: ImportedValue, _ windows: ImportedValue, _ window: SlidingWindow
  ) throws -> ImportedValue {
    guard let extents = Array(x.shape[2...]).constants else {
      throw ONNXError("its indices need fixed sizes")
    }
    let count = try node.count(extents)
    let numbers = HostTensor(.f32, [1, 1] + extents, try placeNumbers(node, extents))
    let known = try window.unfold(node, ImportedValue(numbers), padding: 0)
    let inside = try node.op(
      "top_k", [windows], ["k": .integer(1), "axis": .integer(2)], as: "inside")
    let numbered = try node.broadcast(known, windows.shape, as: "numbers")
    let places = try node.elements(
      of: numbered, at: node.flatPlaces(inside, axis: 2, in: windows.shape), as: "places")
    let shape = Array(windows.shape[..<2]) + windows.shape[3...]
    let place = try node.reshape(node.cast(places, .i64, as: "places"), shape, as: "place")
    let plane = try node.op(
      "add",
      [
        node.op("mul", [node.places(along: 0, of: shape), node.size(shape[1])], as: "batch"),
        node.places(along: 1, of: shape),
      ], as: "plane")
    let offset = try node.op("mul", [plane, .scalar(Double(count), .i64)], as: "offset")
    return try node.op("add", [place, offset], as: "indices")
  }

  /// The number of each place of a plane, by rows or (storage_order = 1) by columns.
  private static func placeNumbers(_ node: NodeImport, _ extents: [Int]) throws -> [Double] {
    let count = try node.count(extents)
    guard try node.flag("storage_order") else { return (0..<count).map(Double.init) }
    return (0..<count).map { place in
      var (rest, step, number) = (place, count, 0)
      // From the last axis on, whose places are furthest apart in this order.
      for extent in extents.reversed() {
        step /= extent
        number += rest % extent * step
        rest /= extent
      }
      return Double(number)
    }
  }

  static let maxUnpool: Build = { node in
    let (x, places) = (try node.input(0), try node.input(1))
    guard x.rank > 2, let extents = Array(x.shape[2...]).constants,
      let kernel = try node.ints("kernel_shape"),
      kernel.count == extents.count
    else { throw ONNXError("its kernel does not fit \(x.type)") }
    let strides = try SlidingWindow.list(node, "strides", kernel.count, 1)
    let pads = try SlidingWindow.list(node, "pads", 2 * kernel.count, 0)
    let target = kernel.indices.map {
      (extents[$0] - 1) * strides[$0] + kernel[$0] - pads[$0] - pads[$0 + kernel.count]
    }
    _ = try node.count(target, upTo: 1 << 40)
    let shape = Array(x.shape[..<2]) + target.map { Dim($0) }
    let count = try x.shape.elementCount()
    let zeros = try node.broadcast(.scalar(0), [try shape.elementCount()], as: "zeros")
    let written = try node.op(
      "scatter",
      [
        zeros, node.reshape(places, [count], as: "places"), node.reshape(x, [count], as: "values"),
      ], as: "written")
    var result = try node.reshape(written, shape, as: "unpooled")
    if let sizes = try node.integers(2, "sizes") {
      guard sizes.count == x.rank, sizes.allSatisfy({ (0...1 << 40).contains($0) }) else {
        throw ONNXError("output_shape does not fit \(x.type)")
      }
      for axis in target.indices {
        result = try padded(
          node, result, axis + 2, 0, sizes[axis + 2] - target[axis], .scalar(0))
      }
    }
    return [result]
  }

  static let averagePool: Build = { node in
    let x = try node.input(0)
    let window = try SlidingWindow(node, over: x, kernel: node.ints("kernel_shape") ?? [])
    let windows = try window.unfold(node, x, padding: 0)
    let axes: Attributes = ["axes": .integers([2]), "keep_dims": .flag(false)]
    guard window.hasPads else { return [try node.op("mean", [windows], axes)] }
    // Pads count where the operator says so; what rounding up adds never does.
    let counted = try node.flag("count_include_pad") ? window.pads : window.pads.map { _ in 0 }
    let extents = try (0..<window.rank).map {
      try x.shape[$0 + 2] + Dim(counted[$0] + counted[$0 + window.rank])
    }
    let ones = try node.broadcast(.scalar(1), [1, 1] + extents, as: "ones")
    let rest = zip(window.allPads, counted).map { $0 - $1 }
    let counts = try node.op(
      "sum", [window.unfold(node, ones, padding: 0, pads: rest)], axes, as: "counts")
    return [try node.op("div", [node.op("sum", [windows], axes, as: "sums"), counts])]
  }

  /// x/(bias + alpha/size·Σ x²)^beta, the sum over `size` channels around each.
  static let localResponse: Build = { node in
    let x = try node.input(0)
    guard let size = try node.int("size"), (1...1 << 10).contains(size), x.rank >= 2 else {
      throw ONNXError("attribute size is missing or does not fit")
    }
    let square = try node.op("mul", [x, x], as: "square")
    let wide = try padded(node, square, 1, (size - 1) / 2, size / 2, .scalar(0))
    let parts = try (0..<size).map {
      try node.slice(wide, axis: 1, Dim($0), try x.shape[1] + Dim($0), as: "part")
    }
    let sum = try parts.dropFirst().reduce(parts[0]) { try node.op("add", [$0, $1], as: "sum") }
    let scale = (try node.float("alpha") ?? 1e-4) / Double(size)
    let base = try node.op(
      "add",
      [node.op("mul", [sum, .scalar(scale)], as: "scaled"), .scalar(node.float("bias") ?? 1)],
      as: "base")
    let divisor = try node.op("pow", [base, .scalar(node.float("beta") ?? 0.75)], as: "divisor")
    return [try node.op("div", [x, divisor])]
  }

  /// Columns of windows added up where their elements came from.
  static let col2Im: Build = { node in
    let x = try node.input(0)
    guard x.rank == 3, let image = try node.integers(1, "sizes"),
      let block = try node.integers(2, "sizes"), image.count == block.count, !block.isEmpty,
      block.allSatisfy({ $0 > 0 }), image.allSatisfy({ (1...1 << 20).contains($0) }),
      let channels = x.shape[1].dividedExactly(by: Dim(try node.count(block)))
    else { throw ONNXError("its sizes do not fit \(try node.input(0).type)") }
    let rank = image.count
    let strides = try SlidingWindow.list(node, "strides", rank, 1)
    let dilations = try SlidingWindow.list(node, "dilations", rank, 1)
    let pads = try SlidingWindow.list(node, "pads", 2 * rank, 0)
    let padded = image.indices.map { image[$0] + pads[$0] + pads[$0 + rank] }
    let counts = image.indices.map {
      (padded[$0] - dilations[$0] * (block[$0] - 1) - 1) / strides[$0] + 1
    }
    guard counts.allSatisfy({ $0 > 0 }) else { throw ONNXError("its blocks do not fit its image") }
    _ = try node.count(block + counts)
    let places = block.boxIndices.flatMap { element in
      counts.boxIndices.map { window in
        zip(image.indices, padded).reduce(0) { place, axis in
          place * axis.1 + window[axis.0] * strides[axis.0] + element[axis.0] * dilations[axis.0]
        }
      }
    }
    guard try x.shape[2] * Dim(block.reduce(1, *)) == Dim(places.count) else {
      throw ONNXError("its sizes do not fit \(x.type)")
    }
    // Places first, so that each is a row.
    let planes = try x.shape[0] * channels
    let rows = try node.transpose(
      node.reshape(x, [planes, Dim(places.count)], as: "planes"), [1, 0], as: "rows")
    let zeros = try node.broadcast(
      .scalar(0), [try padded.map { Dim($0) }.elementCount(), planes], as: "zeros")
    let ids = ImportedValue(HostTensor(.i64, [places.count], places.map(Double.init)))
    let sums = try node.op(
      "scatter", [zeros, ids, rows], ["reduction": .word("add")], as: "sums")
    var result = try node.reshape(
      node.transpose(sums, [1, 0], as: "turned"), [x.shape[0], channels] + padded.map { Dim($0) },
      as: "image")
    for axis in image.indices {
      let start = Dim(pads[axis])
      result = try node.slice(
        result, axis: axis + 2, start, try start + Dim(image[axis]), as: "image")
    }
    return [result]
  }
}

extension [Int] {
  /// All indices of a box of these extents, row-major.
  var boxIndices: [[Int]] {
    reduce([[]]) { prefixes, extent in
      prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
  }
}
