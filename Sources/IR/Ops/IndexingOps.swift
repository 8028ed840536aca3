import Tensors

/// Operations that find places in data, or write to places that data names.
enum IndexingOps {
  static let all: [OpDefinition] = [topK, scatter]

  static let topK = OpDefinition(
    "top_k", .data,
    "the places along axis of the k largest elements (smallest, if not largest), best first, of equal "
      + "ones the first before the later; NaN is above all numbers",
    operands: [.required("x")],
    attributes: [
      .required("k", .dimension), .required("axis", .integer),
      .defaulted("largest", .flag, .flag(true)),
    ],
    infer: { site in
      var type = try OpRules.numbers(site, 0)
      let axis = try site.axis("axis", rank: type.rank)
      let k = try site.dimension("k")
      if let k = k.constant, let extent = type.shape[axis].constant {
        try site.require(
          0 <= k && k <= extent, "k = \(k), expected at most the extent \(extent) of axis \(axis)")
      }
      type.shape[axis] = k
      return [type.with(element: .i64)]
    }
  ) { evaluation in
    let x = try evaluation.input(0)
    let axis = try evaluation.site.axis("axis", rank: x.shape.count)
    let isLargest = try evaluation.site.flag("largest")
    let shape = evaluation.results[0].shape
    guard shape[axis] <= x.shape[axis] else {
      throw OpError("k = \(shape[axis]) is beyond the extent \(x.shape[axis]) of axis \(axis)")
    }
    var out = HostTensor(.i64, shape, repeating: 0)
    var lines: [[Int]] = []
    x.forEachLine(along: axis) { lines.append($0) }
    var line = 0
    out.forEachLine(along: axis) { targets in
      let values = lines[line].map { x.values[$0] }
      line += 1
      let order = values.indices.sorted { a, b in
        let (first, second) = (values[a], values[b])
        if first == second || (first.isNaN && second.isNaN) { return a < b }
        return isLargest
          ? first.isNaN || first > second : second.isNaN || first < second
      }
      for (target, place) in zip(targets, order) { out.values[target] = Double(place) }
    }
    return evaluation.result(out.values)
  }

  static let reductions = ["none", "add", "mul", "max", "min"]

  static let scatter = OpDefinition(
    "scatter", .data,
    "x with x[ids[i…], …] replaced by updates[i…, …], in the order of i; or, with a reduction, by its "
      + "sum (add), product, maximum or minimum with them; ids below 0 count from the end",
    operands: [.required("x", .any), .required("ids"), .required("updates")],
    attributes: [.word("reduction", reductions, default: "none")],
    infer: { site in
      let (x, ids, updates) = (try site.type(0), try site.type(1), try site.type(2))
      try site.require(ids.element == .i64, "ids has type \(ids), expected i64")
      try site.require(
        x.rank >= 1 && updates.shape == ids.shape + x.shape.dropFirst()
          && updates.element == x.element,
        "updates has type \(updates), which does not fit \(x) and \(ids)")
      if try site.word("reduction") != "none" { _ = try OpRules.numbers(site, 0) }
      return [x.with(element: x.element.computed)]
    }
  ) { evaluation in
    var x = try evaluation.input(0)
    let (ids, updates) = (try evaluation.input(1), try evaluation.input(2))
    let reduction = try evaluation.site.word("reduction")
    let inner = x.shape.dropFirst().reduce(1, *)
    for (row, id) in ids.values.enumerated() {
      let place = id < 0 ? id + Double(x.shape[0]) : id
      guard place >= 0, place < Double(x.shape[0]) else {
        throw OpError("id \(Int64(id)) is outside an axis of \(x.shape[0])")
      }
      for column in 0..<inner {
        let (target, update) = (Int(place) * inner + column, updates.values[row * inner + column])
        x.values[target] = combined(reduction, x.values[target], update)
      }
    }
    return evaluation.result(x.values)
  }

  private static func combined(_ reduction: String, _ a: Double, _ b: Double) -> Double {
    switch reduction {
    case "add": a + b
    case "mul": a * b
    case "max": a.isNaN || b.isNaN ? .nan : max(a, b)
    case "min": a.isNaN || b.isNaN ? .nan : min(a, b)
    default: b
    }
  }
}
