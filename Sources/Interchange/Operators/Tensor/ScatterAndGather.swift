import IR
import Inputs
import Tensors

/// Operators that find places in their input, or read and write at places that come with the data.
extension ONNXOperator {
  // MARK: Largest and smallest

  static func argument(largest isLargest: Bool) -> Build {
    { node in
      let x = try node.computed(try node.input(0))
      let axis = try node.axis(try node.int("axis") ?? 0, rank: x.rank)
      let keeps = try node.int("keepdims") != 0
      let attributes: Attributes = [
        "k": .integer(1), "axis": .integer(axis), "largest": .flag(isLargest),
      ]
      var place: ImportedValue
      if try node.flag("select_last_index") {
        // The last of equal ones is the first from behind.
        guard let extent = x.shape[axis].constant else {
          throw ONNXError("select_last_index needs an axis of fixed size")
        }
        let behindFirst = (0..<(try node.count([extent]))).reversed()
        let turned = try node.take(Array(behindFirst), of: x, axis: axis, as: "turned")
        let behind = try node.op("top_k", [turned], attributes, as: "behind")
        place = try node.op("sub", [.scalar(Double(extent - 1), .i64), behind])
      } else {
        place = try node.op("top_k", [x], attributes)
      }
      if !keeps {
        place = try node.reshape(
          place, place.shape.indices.filter { $0 != axis }.map { place.shape[$0] })
      }
      return [place.declaring(.i64)]
    }
  }

  static let topKByAttribute: Build = { node in
    guard let k = try node.int("k") else { throw ONNXError("attribute k is missing") }
    return try topK(node, Dim(k))
  }

  static let topKByInput: Build = { node in
    guard let k = try node.sizes(1, "number of elements")?.first else {
      throw ONNXError("input 1 is missing")
    }
    return try topK(node, k)
  }

  private static func topK(_ node: NodeImport, _ k: Dim) throws -> [ImportedValue] {
    let x = try node.computed(try node.input(0))
    let axis = try node.axis(try node.int("axis") ?? -1, rank: x.rank)
    let places = try node.op(
      "top_k", [x],
      [
        "k": .dimension(k), "axis": .integer(axis),
        "largest": .flag(try node.int("largest") != 0),
      ], as: "places")
    let values = try node.elements(
      of: x, at: node.flatPlaces(places, axis: axis, in: x.shape))
    return [values, places.declaring(.i64)]
  }

  static let cumSum: Build = { node in
    let x = try node.computed(try node.input(0))
    guard let axis = try node.integers(1, "axis")?.first else {
      throw ONNXError("input 1 is missing")
    }
    return [
      try node.op(
        "cumsum", [x],
        [
          "axis": .integer(try node.axis(axis, rank: x.rank)),
          "exclusive": .flag(try node.flag("exclusive")),
          "reverse": .flag(try node.flag("reverse")),
        ])
    ]
  }

  // MARK: Reading

  static let gatherElements: Build = { node in
    let (x, ids) = (try node.input(0), try node.input(1))
    let axis = try node.axis(try node.int("axis") ?? 0, rank: x.rank)
    guard ids.rank == x.rank else { throw ONNXError("indices of \(ids.type) do not fit \(x.type)") }
    return [try node.elements(of: x, at: node.flatPlaces(ids, axis: axis, in: x.shape))]
  }

  static let gatherND: Build = { node in
    let (x, ids) = (try node.input(0), try node.input(1))
    let batch = try node.int("batch_dims") ?? 0
    guard let depth = ids.shape.last?.constant, (0..<min(x.rank, ids.rank)).contains(batch),
      depth >= 1, batch + depth <= x.rank, ids.shape[..<batch] == x.shape[..<batch]
    else { throw ONNXError("indices of \(ids.type) do not fit \(x.type)") }
    let axes = Array(x.shape[batch..<batch + depth])
    var rows = try rowPlaces(node, ids, axes)
    let inner = Array(x.shape[(batch + depth)...])
    let table = try node.reshape(
      x, [try Array(x.shape[..<(batch + depth)]).elementCount()] + inner, as: "table")
    for axis in 0..<batch {
      let step = try (Array(x.shape[(axis + 1)..<batch]) + axes).elementCount()
      let place = try node.places(along: axis, of: Array(ids.shape.dropLast()))
      rows = try node.op(
        "add", [rows, node.op("mul", [place, node.size(step)], as: "batch")], as: "rows")
    }
    return [try node.op("gather", [table, rows], ["axis": .integer(0)])]
  }

  /// The row-major place of each tuple of indices in the last axis.
  private static func rowPlaces(
    _ node: NodeImport, _ ids: ImportedValue, _ axes: Shape
  ) throws -> ImportedValue {
    let last = ids.rank - 1
    let shape = Array(ids.shape[..<last])
    return try axes.indices.reduce(nil as ImportedValue?) { sum, axis in
      let part = try node.slice(ids, axis: last, Dim(axis), Dim(axis + 1), as: "part")
      let index = try node.wrapped(node.reshape(part, shape, as: "part"), extent: axes[axis])
      let step = try Array(axes[(axis + 1)...]).elementCount()
      let scaled = step.isOne ? index : try node.op("mul", [index, node.size(step)], as: "offset")
      return try sum.map { try node.op("add", [$0, scaled], as: "rows") } ?? scaled
    } ?? .scalar(0, .i64)
  }

  // MARK: Writing

  static let scatterElements: Build = { node in
    let (x, ids, updates) = (
      try node.computed(try node.input(0)), try node.input(1), try node.computed(try node.input(2))
    )
    let axis = try node.axis(try node.int("axis") ?? 0, rank: x.rank)
    guard ids.rank == x.rank, ids.shape == updates.shape else {
      throw ONNXError("indices of \(ids.type) do not fit \(x.type) and \(updates.type)")
    }
    let count = try ids.shape.elementCount()
    let places = try node.reshape(
      node.flatPlaces(ids, axis: axis, in: x.shape), [count], as: "places")
    let line = try node.reshape(x, [try x.shape.elementCount()], as: "line")
    let result = try scattered(node, line, places, node.reshape(updates, [count], as: "updates"))
    return [try node.reshape(result, x.shape)]
  }

  static let scatterND: Build = { node in
    let (x, ids, updates) = (
      try node.computed(try node.input(0)), try node.input(1), try node.computed(try node.input(2))
    )
    guard let depth = ids.shape.last?.constant, (1...max(x.rank, 1)).contains(depth), x.rank > 0
    else { throw ONNXError("indices of \(ids.type) do not fit \(x.type)") }
    let rows = try Array(x.shape[..<depth]).elementCount()
    let table = try node.reshape(x, [rows] + x.shape[depth...], as: "table")
    let places = try rowPlaces(node, ids, Array(x.shape[..<depth]))
    return [try node.reshape(try scattered(node, table, places, updates), x.shape)]
  }

  private static func scattered(
    _ node: NodeImport, _ x: ImportedValue, _ ids: ImportedValue, _ updates: ImportedValue
  ) throws -> ImportedValue {
    let reduction = try node.string("reduction") ?? "none"
    try node.requireDefault(
      IndexingReductions.names.contains(reduction), "reduction = \(reduction.printable)")
    return try node.op(
      "scatter", [x, ids, updates], ["reduction": .word(reduction)], as: "written")
  }

  private enum IndexingReductions { static let names = ["none", "add", "mul", "max", "min"] }

  /// The cache with rows of the update from each batch's own place on.
  static let tensorScatter: Build = { node in
    let (cache, update) = (
      try node.computed(try node.input(0)), try node.computed(try node.input(1))
    )
    let axis = try node.axis(try node.int("axis") ?? -2, rank: cache.rank)
    let mode = try node.string("mode") ?? "linear"
    try node.requireDefault(["linear", "circular"].contains(mode), "mode = \(mode.printable)")
    guard axis > 0, update.rank == cache.rank else {
      throw ONNXError("an update of \(update.type) does not fit \(cache.type)")
    }
    var index = try node.places(along: axis, of: update.shape)
    if let starts = node.optional(2) {
      let start = try node.reshape(
        starts, starts.shape + Array(repeating: 1, count: cache.rank - 1), as: "start")
      index = try node.op("add", [index, start], as: "index")
    }
    if mode == "circular" {
      let extent = node.size(cache.shape[axis])
      let rounds = try node.op("div", [index, extent], as: "rounds")
      index = try node.op(
        "sub", [index, node.op("mul", [rounds, extent], as: "whole")], as: "index")
    }
    let ids = try node.broadcast(index, update.shape, as: "ids")
    let count = try update.shape.elementCount()
    let places = try node.reshape(
      node.flatPlaces(ids, axis: axis, in: cache.shape), [count], as: "places")
    let line = try node.reshape(cache, [try cache.shape.elementCount()], as: "line")
    let result = try node.op(
      "scatter", [line, places, node.reshape(update, [count], as: "updates")], as: "written")
    return [try node.reshape(result, cache.shape)]
  }

  // MARK: Orders

  static let oneHot: Build = { node in
    let (given, values) = (try node.input(0), try node.computed(try node.input(2)))
    guard let depth = try depth(node), values.shape == [2] else {
      throw ONNXError("it needs a depth and two values")
    }
    let ids = try node.wrapped(try node.cast(given, .i64, as: "ids"), extent: depth)
    let axis = try node.axis(try node.int("axis") ?? -1, rank: ids.rank + 1)
    var shape = ids.shape
    shape.insert(1, at: axis)
    let column = try node.reshape(ids, shape, as: "column")
    shape[axis] = depth
    let hit = try node.op("equal", [column, node.places(along: axis, of: shape)], as: "hit")
    func value(_ index: Int) throws -> ImportedValue {
      try node.reshape(
        node.slice(values, axis: 0, Dim(index), Dim(index + 1), as: "value"), [], as: "value")
    }
    return [try node.op("where", [hit, value(1), value(0)]).declaring(values.declared)]
  }

  /// The number of classes, which may be given in any type.
  private static func depth(_ node: NodeImport) throws -> Dim? {
    guard let known = node.optional(1)?.known else { return try node.sizes(1, "depth")?.first }
    let whole = known.values.map { $0.rounded(.towardZero) }
    return ImportedValue(HostTensor(.i64, known.shape, whole)).sizes?.first
  }

  /// The first elements of each sequence in reverse order, the others as they are.
  static let reverseSequence: Build = { node in
    let (x, lengths) = (try node.input(0), try node.input(1))
    let (time, batch) = (try node.int("time_axis") ?? 0, try node.int("batch_axis") ?? 1)
    guard x.rank >= 2, Set([time, batch]) == [0, 1] else {
      throw ONNXError("time_axis and batch_axis are not 0 and 1")
    }
    let column = try node.reshape(
      lengths, x.shape.indices.map { $0 == batch ? x.shape[batch] : 1 }, as: "lengths")
    let place = try node.places(along: time, of: x.shape)
    let isInside = try node.op("less", [place, column], as: "inside")
    let last = try node.op("sub", [column, .scalar(1, .i64)], as: "last")
    let turned = try node.op("sub", [last, place], as: "turned")
    let ids = try node.op("where", [isInside, turned, place], as: "ids")
    let whole = try node.broadcast(ids, x.shape, as: "ids")
    return [try node.elements(of: x, at: node.flatPlaces(whole, axis: time, in: x.shape))]
  }

  static let eyeLike: Build = { node in
    let x = try node.input(0)
    guard x.rank == 2 else { throw ONNXError("\(x.type) is no matrix") }
    let element = try node.type("dtype")?.element ?? x.element
    let shift = try node.int("k") ?? 0
    let difference = try node.op(
      "sub", [node.places(along: 1, of: x.shape), node.places(along: 0, of: x.shape)],
      as: "difference")
    let hit = try node.op("equal", [difference, .scalar(Double(shift), .i64)], as: "diagonal")
    return [try node.cast(hit, element.graphType).declaring(element)]
  }
}
