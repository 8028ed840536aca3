import IR
import Inputs
import Tensors

/// Reading pictures at places that come with the data.
extension ONNXOperator {
  static let gridSample: Build = { node in
    let (x, grid) = (try node.computed(try node.input(0)), try node.computed(try node.input(1)))
    let rank = x.rank - 2
    guard (1...3).contains(rank), grid.rank == x.rank, grid.shape.last == Dim(rank),
      grid.shape[0] == x.shape[0], let extents = Array(x.shape[2...]).constants
    else { throw ONNXError("a grid of \(grid.type) does not fit \(x.type)") }
    let sampler = try GridSampler(node, x, extents)
    // The last axis of the grid counts from the innermost axis outwards.
    let places = try (0..<rank).map { axis in
      let part = try node.slice(
        grid, axis: grid.rank - 1, Dim(rank - 1 - axis), Dim(rank - axis), as: "part")
      return try sampler.place(node.reshape(part, Array(grid.shape.dropLast()), as: "part"), axis)
    }
    return [try sampler.sample(at: places)]
  }

  /// A grid of places for `GridSample`: the corners of pixels or their centres, times a matrix.
  static let affineGrid: Build = { node in
    let theta = try node.computed(try node.input(0))
    guard let sizes = try node.integers(1, "sizes"), (4...5).contains(sizes.count),
      theta.rank == 3
    else { throw ONNXError("it needs matrices and a size") }
    let (extents, isAligned) = (Array(sizes[2...]), try node.flag("align_corners"))
    let rank = extents.count
    func coordinate(_ index: Int, _ extent: Int) -> Double {
      if isAligned { return extent == 1 ? 0 : -1 + 2 * Double(index) / Double(extent - 1) }
      return (2 * Double(index) + 1) / Double(extent) - 1
    }
    let count = try node.count(extents)
    let values = extents.boxIndices.flatMap { indices -> [Double] in
      let place = zip(indices, extents).map { coordinate($0, $1) }
      return place.reversed() + [1]
    }
    let base = node.constant(values, [count, rank + 1])
    let product = try node.op(
      "matmul", [base, theta], ["transpose_b": .flag(true)], as: "product")
    return [
      try node.reshape(product, [theta.shape[0]] + extents.map { Dim($0) } + [Dim(rank)])
    ]
  }
}

/// Reads a picture [batch, channels, extents…] between its pixels.
struct GridSampler {
  private let node: NodeImport
  /// [batch·places, channels]
  private let table: ImportedValue
  private let shape: Shape
  private let extents: [Int]
  private let mode: String
  private let padding: String
  private let isAligned: Bool

  init(_ node: NodeImport, _ x: ImportedValue, _ extents: [Int]) throws {
    self.node = node
    self.extents = extents
    shape = x.shape
    switch try node.string("mode") ?? "linear" {
    case "bilinear", "linear": mode = "linear"
    case "bicubic", "cubic": mode = "cubic"
    case "nearest": mode = "nearest"
    case let other: throw ONNXError("mode = \(other.printable) is not known")
    }
    padding = try node.string("padding_mode") ?? "zeros"
    guard ["zeros", "border", "reflection"].contains(padding) else {
      throw ONNXError("padding_mode = \(padding.printable) is not known")
    }
    isAligned = try node.flag("align_corners")
    table = try Self.table(node, x, extents)
  }

  /// Linear, with zeros outside.
  init(_ node: NodeImport, linear x: ImportedValue, _ extents: [Int]) throws {
    self.node = node
    self.extents = extents
    shape = x.shape
    (mode, padding, isAligned) = ("linear", "zeros", false)
    table = try Self.table(node, x, extents)
  }

  private static func table(
    _ node: NodeImport, _ x: ImportedValue, _ extents: [Int]
  ) throws -> ImportedValue {
    let order = [0] + Array(2..<x.rank) + [1]
    let rows = try x.shape[0] * extents.map { Dim($0) }.elementCount()
    return try node.reshape(
      node.transpose(x, order, as: "pixels"), [rows, x.shape[1]], as: "table")
  }

  /// -1…1 as a place among the pixels, brought inside where the padding says so.
  func place(_ x: ImportedValue, _ axis: Int) throws -> ImportedValue {
    let extent = Double(extents[axis])
    let (factor, term) =
      isAligned ? ((extent - 1) / 2, (extent - 1) / 2) : (extent / 2, (extent - 1) / 2)
    var place = try node.op(
      "add", [node.op("mul", [x, .scalar(factor)], as: "scaled"), .scalar(term)], as: "place")
    if mode == "nearest" { place = try node.op("round", [place], as: "nearest") }
    switch padding {
    case "border": return try clamped(place, axis)
    case "reflection": return try reflected(place, axis)
    default: return place
    }
  }

  private func clamped(_ x: ImportedValue, _ axis: Int) throws -> ImportedValue {
    let low = try node.op("maximum", [x, .scalar(0)], as: "low")
    return try node.op("minimum", [low, .scalar(Double(extents[axis] - 1))], as: "clamped")
  }

  /// Mirrored at the outer pixels' centres (aligned) or edges.
  private func reflected(_ x: ImportedValue, _ axis: Int) throws -> ImportedValue {
    let low = isAligned ? 0 : -0.5
    let high = Double(extents[axis]) - (isAligned ? 1 : 0.5)
    guard high > low else { return try node.op("mul", [x, .scalar(0)], as: "only") }
    let distance = try node.op(
      "abs", [node.op("sub", [x, .scalar(low)], as: "offset")], as: "distance")
    let span = high - low
    // Within two spans, there and back.
    let rounds = try node.op(
      "floor", [node.op("div", [distance, .scalar(2 * span)], as: "ratio")], as: "rounds")
    let rest = try node.op(
      "sub", [distance, node.op("mul", [rounds, .scalar(2 * span)], as: "whole")], as: "rest")
    let back = try node.op("sub", [.scalar(2 * span), rest], as: "back")
    return try node.op(
      "add", [node.op("minimum", [rest, back], as: "inside"), .scalar(low)], as: "reflected")
  }

  func sample(at places: [ImportedValue]) throws -> ImportedValue {
    let taps: [Int] =
      switch mode {
      case "nearest": [0]
      case "linear": [0, 1]
      default: [-1, 0, 1, 2]
      }
    var axes: [[(index: ImportedValue, weight: ImportedValue?)]] = []
    for (axis, place) in places.enumerated() {
      let base = try node.op("floor", [place], as: "base")
      let fraction = try node.op("sub", [place, base], as: "fraction")
      axes.append(
        try taps.map { tap in
          let index = tap == 0 ? base : try node.op("add", [base, .scalar(Double(tap))], as: "tap")
          return try inside(index, weight(tap, fraction), axis)
        })
    }
    var sum: ImportedValue?
    for choice in Array(repeating: taps.count, count: places.count).boxIndices {
      let part = try pixels(zip(axes, choice).map { $0[$1] })
      sum = try sum.map { try node.op("add", [$0, part], as: "sum") } ?? part
    }
    guard let sum else { throw ONNXError("it reads no pixels") }
    let back = [0, sum.rank - 1] + Array(1..<sum.rank - 1)
    return try node.transpose(sum, back)
  }

  private func weight(_ tap: Int, _ fraction: ImportedValue) throws -> ImportedValue? {
    switch mode {
    case "nearest": return nil
    case "linear":
      return tap == 1 ? fraction : try node.op("sub", [.scalar(1), fraction], as: "weight")
    default:
      let distance = try node.op(
        "abs", [node.op("sub", [fraction, .scalar(Double(tap))], as: "distance")], as: "distance")
      return try cubic(distance, isNear: tap == 0 || tap == 1)
    }
  }

  /// Keys' cubic kernel with a = -0.75, of distances below 1 or between 1 and 2.
  private func cubic(_ x: ImportedValue, isNear: Bool) throws -> ImportedValue {
    let a = -0.75
    let coefficients = isNear ? [a + 2, -(a + 3), 0, 1] : [a, -5 * a, 8 * a, -4 * a]
    return try coefficients.dropFirst().reduce(ImportedValue.scalar(coefficients[0])) {
      try node.op(
        "add", [node.op("mul", [$0, x], as: "power"), .scalar($1)], as: "weight")
    }
  }

  /// An index within the picture, and its weight, which is 0 where padding is.
  private func inside(
    _ index: ImportedValue, _ weight: ImportedValue?, _ axis: Int
  ) throws -> (index: ImportedValue, weight: ImportedValue?) {
    guard padding == "zeros" else {
      let moved = padding == "border" ? index : try reflected(index, axis)
      return (try clamped(moved, axis), weight)
    }
    let safe = try clamped(index, axis)
    let isInside = try node.op("equal", [safe, index], as: "inside")
    return (safe, try node.op("where", [isInside, weight ?? .scalar(1), .scalar(0)], as: "weight"))
  }

  /// Pixels [batch, places…, channels] at one index for each axis, times their weights.
  private func pixels(
    _ taps: [(index: ImportedValue, weight: ImportedValue?)]
  ) throws -> ImportedValue {
    let batch = try node.places(along: 0, of: taps[0].index.shape)
    var row = batch
    for (axis, tap) in taps.enumerated() {
      let scaled = try node.op("mul", [row, .scalar(Double(extents[axis]), .i64)], as: "row")
      row = try node.op(
        "add", [scaled, node.cast(tap.index, .i64, as: "index")], as: "row")
    }
    let pixels = try node.op("gather", [table, row], ["axis": .integer(0)], as: "pixels")
    let weights = taps.compactMap(\.weight)
    guard let first = weights.first else { return pixels }
    let weight = try weights.dropFirst().reduce(first) {
      try node.op("mul", [$0, $1], as: "weight")
    }
    let column = try node.reshape(weight, weight.shape + [1], as: "weight")
    return try node.op("mul", [pixels, column], as: "weighted")
  }
}
