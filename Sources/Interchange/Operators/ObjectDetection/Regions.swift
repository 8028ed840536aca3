import IR
import Tensors

/// Operators of detectors that read features between the pixels.
extension ONNXOperator {
  /// Windows whose elements are each moved by an offset, times the kernel.
  static let deformConv: Build = { node in
    let (x, kernel, given) = (
      try node.computed(try node.input(0)), try node.input(1), try node.computed(try node.input(2))
    )
    let window = try SlidingWindow(node, over: x, kernel: kernel.shape.dropFirst(2).map(\.constant))
    let sets = try node.int("offset_group") ?? 1
    let elements = try node.count(window.kernel)
    guard x.rank == 4, given.rank == 4, (1...1 << 16).contains(sets),
      let extents = Array(x.shape[2...]).constants,
      let channels = x.shape[1].dividedExactly(by: Dim(sets)),
      given.shape[1] == Dim(sets * elements * 2), let places = Array(given.shape[2...]).constants
    else { throw ONNXError("offsets of \(given.type) do not fit \(x.type)") }
    let batch = try x.shape[0] * Dim(sets)
    let offsets = try node.reshape(
      given, [batch, Dim(elements), 2] + given.shape[2...], as: "offsets")
    let shape = [batch, Dim(elements)] + given.shape[2...]
    let coordinates = try (0..<2).map { axis in
      let offset = try node.reshape(
        node.slice(offsets, axis: 2, Dim(axis), Dim(axis + 1), as: "offset"), shape, as: "offset")
      return try node.op(
        "add", [offset, basePlaces(node, window, places, axis)], as: "place")
    }
    let picture = try node.reshape(x, [batch, channels] + x.shape[2...], as: "sets")
    var samples = try GridSampler(node, linear: picture, extents).sample(at: coordinates)
    if let mask = node.optional(4) {
      let column = try node.reshape(
        node.computed(mask), [batch, 1, Dim(elements)] + given.shape[2...], as: "mask")
      samples = try node.op("mul", [samples, column], as: "masked")
    }
    let windows = try node.reshape(
      samples, [x.shape[0], x.shape[1], Dim(elements)] + given.shape[2...], as: "windows")
    return [
      try product(node, windows, kernel, node.optional(3), try node.int("group") ?? 1)
    ]
  }

  /// Where the elements of all windows stand without offsets: [elements, rows, columns].
  private static func basePlaces(
    _ node: NodeImport, _ window: SlidingWindow, _ places: [Int], _ axis: Int
  ) throws -> ImportedValue {
    _ = try node.count(window.kernel + places)
    let shape = [window.kernel.reduce(1, *)] + places
    let values = window.kernel.boxIndices.flatMap { element in
      places.boxIndices.map { place in
        Double(
          place[axis] * window.strides[axis] + element[axis] * window.dilations[axis]
            - window.pads[axis])
      }
    }
    return node.constant(values, shape)
  }

  /// Each region of interest in so many parts, each the mean (or maximum) of some places in it.
  static let roiAlign: Build = { node in
    let (x, rois) = (try node.computed(try node.input(0)), try node.computed(try node.input(1)))
    guard x.rank == 4, rois.rank == 2, rois.shape[1] == 4,
      let extents = Array(x.shape[2...]).constants
    else { throw ONNXError("regions of \(rois.type) do not fit \(x.type)") }
    let regions = try Regions(node, rois, extents)
    let (rows, columns) = (try regions.places(0), try regions.places(1))
    return [try regions.pooled(x, rows, columns, try node.input(2))]
  }
}

/// The places at which `RoiAlign` reads.
private struct Regions {
  private let node: NodeImport
  private let rois: ImportedValue
  private let extents: [Int]
  /// Parts along each axis, and places in each part along one axis.
  private let parts: [Int]
  private let samples: Int
  private let scale: Double
  private let isHalf: Bool

  init(_ node: NodeImport, _ rois: ImportedValue, _ extents: [Int]) throws {
    (self.node, self.rois, self.extents) = (node, rois, extents)
    parts = [try node.int("output_height") ?? 1, try node.int("output_width") ?? 1]
    samples = try node.int("sampling_ratio") ?? 0
    scale = try node.float("spatial_scale") ?? 1
    guard samples > 0 else {
      throw ONNXError("sampling_ratio = 0 depends on data; export the model with a fixed one")
    }
    guard parts.allSatisfy({ (1...1 << 8).contains($0) }), samples <= 1 << 6 else {
      throw ONNXError("it reads too many places")
    }
    let mode = try node.string("coordinate_transformation_mode") ?? "half_pixel"
    isHalf = node.version >= 16 && mode == "half_pixel"
  }

  /// Lower pixel, upper pixel and the distance from the lower one of each place along an axis:
  /// [regions, parts·samples]; the weight is 0 outside.
  struct PixelPlaces {
    let low: ImportedValue
    let high: ImportedValue
    let fraction: ImportedValue
    let isInside: ImportedValue
  }

  func places(_ axis: Int) throws -> PixelPlaces {
    func corner(_ index: Int) throws -> ImportedValue {
      let part = try node.slice(rois, axis: 1, Dim(index), Dim(index + 1), as: "corner")
      let scaled = try node.op("mul", [part, .scalar(scale)], as: "scaled")
      return isHalf ? try node.op("sub", [scaled, .scalar(0.5)], as: "shifted") : scaled
    }
    let start = try corner(1 - axis)
    var length = try node.op("sub", [corner(3 - axis), start], as: "length")
    if !isHalf { length = try node.op("maximum", [length, .scalar(1)], as: "length") }
    let count = parts[axis] * samples
    let steps = (0..<count).map { (Double($0) + 0.5) / Double(count) }
    let place = try node.op(
      "add", [start, node.op("mul", [length, node.constant(steps, [1, count])], as: "step")],
      as: "place")
    let extent = Double(extents[axis])
    // Up to a pixel beyond the edge still counts.
    let above = try node.op("less", [place, .scalar(-1)], as: "above")
    let below = try node.op("less", [.scalar(extent), place], as: "below")
    let isOutside = try node.op("where", [above, .scalar(1, .bool), below], as: "outside")
    let bounded = try node.op(
      "minimum", [node.op("maximum", [place, .scalar(0)], as: "low"), .scalar(extent - 1)],
      as: "bounded")
    let low = try node.op("floor", [bounded], as: "low")
    let high = try node.op(
      "minimum", [node.op("add", [low, .scalar(1)], as: "next"), .scalar(extent - 1)], as: "high")
    return PixelPlaces(
      low: low, high: high, fraction: try node.op("sub", [bounded, low], as: "fraction"),
      isInside: try node.op("where", [isOutside, .scalar(0), .scalar(1)], as: "inside"))
  }

  func pooled(
    _ x: ImportedValue, _ rows: PixelPlaces, _ columns: PixelPlaces, _ batch: ImportedValue
  ) throws -> ImportedValue {
    let (count, height, width) = (rois.shape[0], parts[0] * samples, parts[1] * samples)
    let table = try node.reshape(
      node.transpose(x, [0, 2, 3, 1], as: "pixels"),
      [try x.shape[0] * Dim(extents[0] * extents[1]), x.shape[1]], as: "table")
    func corner(_ isLower: Bool, _ isRight: Bool) throws -> ImportedValue {
      func column(_ x: ImportedValue, _ isRow: Bool) throws -> ImportedValue {
        try node.reshape(
          x, isRow ? [count, Dim(height), 1] : [count, 1, Dim(width)], as: "corner")
      }
      func weight(_ places: PixelPlaces, _ isHigh: Bool) throws -> ImportedValue {
        let share =
          isHigh
          ? places.fraction : try node.op("sub", [.scalar(1), places.fraction], as: "share")
        return try node.op("mul", [share, places.isInside], as: "share")
      }
      let row = try node.cast(column(isLower ? rows.high : rows.low, true), .i64, as: "row")
      let place = try node.cast(
        column(isRight ? columns.high : columns.low, false), .i64, as: "column")
      let picture = try node.op(
        "mul",
        [
          node.reshape(batch, [count, 1, 1], as: "batch"),
          .scalar(Double(extents[0]), .i64),
        ], as: "picture")
      let line = try node.op(
        "mul", [node.op("add", [picture, row], as: "line"), .scalar(Double(extents[1]), .i64)],
        as: "line")
      let pixels = try node.op(
        "gather", [table, node.op("add", [line, place], as: "place")], ["axis": .integer(0)],
        as: "pixels")
      let share = try node.op(
        "mul", [column(weight(rows, isLower), true), column(weight(columns, isRight), false)],
        as: "weight")
      return try node.op(
        "mul", [pixels, node.reshape(share, share.shape + [1], as: "weight")], as: "corner")
    }
    let corners = [
      try corner(false, false), try corner(false, true), try corner(true, false),
      try corner(true, true),
    ]
    let isMax = try node.string("mode") == "max"
    let merged = try corners.dropFirst().reduce(corners[0]) {
      try node.op(isMax ? "maximum" : "add", [$0, $1], as: "sample")
    }
    let split = try node.reshape(
      merged, [count, Dim(parts[0]), Dim(samples), Dim(parts[1]), Dim(samples), x.shape[1]],
      as: "parts")
    let pooled = try node.op(
      isMax ? "max" : "mean", [split], ["axes": .integers([2, 4]), "keep_dims": .flag(false)],
      as: "pooled")
    return try node.transpose(pooled, [0, 3, 1, 2])
  }
}
