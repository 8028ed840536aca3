import IR
import Tensors

extension ImportBuilder {
  /// The result of an operation whose operands are all known, or nil when it has to be computed.
  func folded(_ site: OpSite, _ inputs: [ImportedValue?]) throws -> ImportedValue? {
    if let values = inputs.allKnown { return try evaluated(site, values) }
    guard inputs.allSatisfy({ $0 == nil || $0?.known != nil || $0?.sizes != nil }) else {
      return nil
    }
    switch site.definition.name {
    case "reshape", "transpose", "broadcast", "slice", "contiguous", "concat":
      return try moved(site, inputs)
    case "cast" where site.attributes["to"]?.word == "i64": return inputs[0]
    case "where": return try selected(site, inputs)
    default: return try combined(site, inputs)
    }
  }

  private func evaluated(_ site: OpSite, _ inputs: [HostTensor?]) throws -> ImportedValue? {
    let type = try site.definition.infer(site)[0]
    guard let shape = type.shape.constants,
      let bytes = try? TensorData.byteCount(.u8, shape), bytes <= Self.knownLimit,
      site.definition.name != "iota" || site.attributes["start"]?.integer != nil
        || site.attributes["start"] == nil
    else { return nil }
    let evaluation = Evaluation(
      site: site, inputs: inputs, bindings: [:], results: [(type.element, shape)])
    let value = try site.definition.evaluate(evaluation)[0]
    return ImportedValue(
      HostTensor(type.element, shape, value.values.map(type.element.converted)))
  }

  /// Operations that only move elements are evaluated on numbers that stand for the sizes.
  private func moved(_ site: OpSite, _ inputs: [ImportedValue?]) throws -> ImportedValue? {
    var pool: [Dim] = []
    let values = inputs.map { input -> HostTensor? in
      guard let input, let sizes = input.sizes, let shape = input.shape.constants else {
        return nil
      }
      let first = pool.count
      pool += sizes
      return HostTensor(.i64, shape, (first..<pool.count).map(Double.init))
    }
    guard !values.contains(nil), let moved = try evaluated(site, values)?.known else { return nil }
    return ImportedValue(sizes: moved.values.map { pool[Int($0)] }, shape: moved.shape)
  }

  private func selected(_ site: OpSite, _ inputs: [ImportedValue?]) throws -> ImportedValue? {
    guard inputs.count == 3, let condition = inputs[0]?.known,
      let shape = try site.definition.infer(site)[0].shape.constants,
      let a = try spread(inputs[1], to: shape), let b = try spread(inputs[2], to: shape),
      let choice = try spread(
        ImportedValue(HostTensor(.i64, condition.shape, condition.values)), to: shape)
    else { return nil }
    return ImportedValue(
      sizes: choice.indices.map { choice[$0] == 0 ? b[$0] : a[$0] }, shape: shape)
  }

  /// Arithmetic and comparison of sizes, where the result is a size again or certain.
  private func combined(_ site: OpSite, _ inputs: [ImportedValue?]) throws -> ImportedValue? {
    guard inputs.count == 2, let shape = try site.definition.infer(site)[0].shape.constants,
      let a = try spread(inputs[0], to: shape), let b = try spread(inputs[1], to: shape)
    else { return nil }
    let name = site.definition.name
    if name == "equal" || name == "less" {
      let answers = try zip(a, b).map { try isTrue(name, $0, $1) }
      guard !answers.contains(nil) else { return nil }
      return ImportedValue(HostTensor(.bool, shape, answers.map { $0 == true ? 1 : 0 }))
    }
    let results = try zip(a, b).map { try arithmetic(name, $0, $1) }
    guard !results.contains(nil) else { return nil }
    return ImportedValue(sizes: results.compactMap { $0 }, shape: shape)
  }

  private func arithmetic(_ op: String, _ a: Dim, _ b: Dim) throws -> Dim? {
    switch op {
    case "add": try a + b
    case "sub": try a - b
    case "mul": try a * b
    case "div": a.dividedExactly(by: b)
    case "maximum": try isTrue("less", a, b).map { $0 ? b : a }
    case "minimum": try isTrue("less", a, b).map { $0 ? a : b }
    default: nil
    }
  }

  /// Whether a comparison holds at all sizes, at none, or (nil) at some.
  private func isTrue(_ op: String, _ a: Dim, _ b: Dim) throws -> Bool? {
    let isLess = try (a - b).largest(bounds) < 0
    let isGreater = try (b - a).largest(bounds) < 0
    if op == "less" {
      if isLess { return true }
      return try (b - a).largest(bounds) <= 0 ? false : nil
    }
    if a == b { return true }
    return isLess || isGreater ? false : nil
  }

  private func spread(_ value: ImportedValue?, to shape: [Int]) throws -> [Dim]? {
    guard let value else { return nil }
    let spread = try op(
      "broadcast", [value], ["shape": .dimensions(shape.map { Dim($0) })], as: "size")
    return spread.sizes
  }
}

extension [ImportedValue?] {
  /// The elements of all operands, when all of them are known.
  fileprivate var allKnown: [HostTensor?]? {
    allSatisfy { $0 == nil || $0?.known != nil } ? map { $0?.known } : nil
  }
}
