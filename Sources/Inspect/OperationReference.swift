import IR
import Tensors

/// The reference of all operations, `docs/OPERATIONS.md`, written from their definitions alone.
public enum OperationReference {
  private static let titles: [(OpDefinition.Group, String, String)] = [
    (.data, "Make or move data", ""),
    (.view, "Views", "Their result is the operand's memory, read with other strides."),
    (.math, "Compute", ""),
    (.model, "Models", ""),
    (.fused, "Fused", "Made by passes only; no importer writes them."),
    (.state, "State", "They write to memory that lives across calls."),
  ]

  /// The page in Markdown. Throws when a definition's example does not run.
  public static func markdown() throws -> String {
    var page = """
      # Operations

      Every operation of the graph, from its definition in [Sources/IR/Ops](../Sources/IR/Ops).
      `Tools/reference-pages` writes this page. What the text of a graph looks like is in [IR.md](IR.md).

      Behind each operand stand the element types that it may have: floats are `f64`, `f32`, `f16`, `bf16` and
      those of 8 and 4 bits. In the examples, what is behind `=` is what the reference interpreter makes of it.

      """
    for (group, title, remark) in titles {
      let definitions = OpRegistry.all.filter { $0.group == group }
      guard !definitions.isEmpty else { continue }
      page += "\n## \(title)\n\n"
      if !remark.isEmpty { page += "\(remark)\n\n" }
      page += definitions.map { "[`\($0.name)`](#\($0.name))" }.joined(separator: " ") + "\n"
      for definition in definitions { page += try section(definition) }
    }
    return page
  }

  private static func section(_ definition: OpDefinition) throws -> String {
    let example = try definition.example()
    var text = "\n### \(definition.name)\n\n`\(signature(definition))`\n\n"
    text += "\(definition.formula.inMarkdown)\n\n"
    let types = try ElementTypeRules(definition, example)
    for (index, operand) in definition.operands.enumerated() {
      let kind =
        switch operand.kind {
        case .required: ""
        case .optional: ", may be absent"
        case .variadic: ", one or more"
        }
      text += "- `\(operand.name)`\(kind): \(types.accepted[index])\n"
    }
    for attribute in definition.attributes { text += "- \(describe(attribute))\n" }
    text += "- result: \(types.results)\n\n"
    return text + (try listing(definition, example))
  }

  private static func signature(_ definition: OpDefinition) -> String {
    let operands = definition.operands.map { operand in
      switch operand.kind {
      case .required: operand.name
      case .optional: "[\(operand.name)]"
      case .variadic: "\(operand.name)…"
      }
    }
    let names = definition.attributes.map(\.name).joined(separator: ", ")
    return "\(definition.name)(\(operands.joined(separator: ", ")))"
      + (names.isEmpty ? "" : " {\(names)}")
  }

  private static func describe(_ attribute: OpDefinition.AttributeSpec) -> String {
    let kind =
      switch attribute.kind {
      case .dimension: "a size"
      case .dimensions: "a list of sizes"
      case .integer: "a whole number"
      case .integers: "a list of whole numbers"
      case .real: "a number"
      case .reals: "a list of numbers"
      case .flag: "true or false"
      case .word: attribute.words.map { "`\($0)`" }.joined(separator: ", ")
      }
    let presence =
      attribute.fallback.map { ", by default `\($0)`" }
      ?? (attribute.isOptional ? ", may be left out" : "")
    return "`\(attribute.name)`: \(kind)\(presence)"
  }

  /// The example as text and what it computes.
  private static func listing(_ definition: OpDefinition, _ example: OpExample) throws -> String {
    guard let function = example.module.functions.first else { return "" }
    var lines = zip(function.parameters, example.inputs).map { id, input in
      "%\(function[id].name) = \(input.inBrackets)"
    }
    let line = example.module.description.split(separator: "\n")
      .first { $0.contains(" = \(definition.name)(") }
    if let line { lines.append(line.drop { $0 == " " }.description) }
    for result in try example.results() { lines.append("   = \(result.inBrackets)") }
    return "```\n\(lines.joined(separator: "\n"))\n```\n"
  }
}

/// Which element types operands may have and what they yield, found by asking the definition.
private struct ElementTypeRules {
  /// In words, for each operand of the definition.
  let accepted: [String]
  let results: String

  init(_ definition: OpDefinition, _ example: OpExample) throws {
    let function = example.module.functions[0]
    let site = try example.module.site(of: function.operations[0], in: function)
    accepted = definition.operands.indices.map { operand in
      site.optionalType(operand) == nil
        ? "as the others"
        : ElementType.allCases.filter {
          Self.result(definition, site, operand, $0) != nil
        }.inWords
    }
    results = try Self.yields(definition, site)
  }

  /// The result's element type with one operand of another element type, or with all operands that had
  /// the type of that one.
  private static func result(
    _ definition: OpDefinition, _ site: OpSite, _ operand: Int, _ element: ElementType
  ) -> ElementType? {
    func infer(_ isChanged: (Int, TensorType) -> Bool) -> ElementType? {
      let types = site.types.enumerated().map { index, type in
        type.map { isChanged(index, $0) ? $0.with(element: element) : $0 }
      }
      let changed = OpSite(definition: definition, types: types, attributes: site.attributes)
      return try? definition.infer(changed).first?.element
    }
    let own = site.types[operand]?.element
    return infer { _, type in type.element == own } ?? infer { index, _ in index == operand }
  }

  private static func yields(_ definition: OpDefinition, _ site: OpSite) throws -> String {
    guard !site.types.isEmpty else { return "`\(try definition.infer(site)[0].element.rawValue)`" }
    let pairs = ElementType.allCases.compactMap { element in
      result(definition, site, 0, element).map { (element, $0) }
    }
    let first = definition.operands[0].name
    if pairs.allSatisfy({ $0 == $1 }) { return "the type of `\(first)`" }
    if Set(pairs.map(\.1)).count == 1 { return "`\(pairs[0].1.rawValue)`" }
    if pairs.allSatisfy({ $0.computed == $1 }) {
      return "the type of `\(first)`, `f32` of smaller floats"
    }
    return pairs.map { "`\($1.rawValue)` of `\($0.rawValue)`" }.joined(separator: ", ")
  }
}

extension [ElementType] {
  fileprivate var inWords: String {
    let floats = ElementType.allCases.filter(\.isFloatingPoint)
    if count == ElementType.allCases.count { return "any type" }
    guard count > floats.count || self == floats else {
      return map { "`\($0.rawValue)`" }.joined(separator: " ")
    }
    let others = filter { !$0.isFloatingPoint }
    return (["floats"] + others.map { "`\($0.rawValue)`" }).joined(separator: " ")
  }
}

extension HostTensor {
  /// Nested lists: `[[1, 2], [3, 4]] : f32[2x2]`.
  fileprivate var inBrackets: String {
    "\(list(values[...], shape[...])) : \(element.rawValue)[\(shape.map(String.init).joined(separator: "x"))]"
  }

  private func list(_ part: ArraySlice<Double>, _ extents: ArraySlice<Int>) -> String {
    guard let extent = extents.first else { return part.first.map(\.inDigits) ?? "" }
    guard extent > 0 else { return "[]" }
    let step = part.count / extent
    let items = (0..<extent).map { index in
      let start = part.startIndex + index * step
      return list(part[start..<start + step], extents.dropFirst())
    }
    return "[\(items.joined(separator: ", "))]"
  }
}

extension Double {
  /// Up to four decimals.
  fileprivate var inDigits: String {
    guard isFinite, magnitude < 1e15 else { return self < 0 ? "-∞" : isNaN ? "NaN" : "∞" }
    let rounded = (self * 1e4).rounded() / 1e4
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}

extension String {
  /// Signs that Markdown would take for its own.
  var inMarkdown: String {
    reduce(into: "") { text, character in
      if "*_[<|".contains(character) { text += "\\" }
      text.append(character)
    }
  }
}
