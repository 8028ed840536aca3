import IR
import Inputs
import Tensors

/// Sums of products over named axes.
extension ONNXOperator {
  static let einsum: Build = { node in
    let inputs = try node.inputs.indices.map { try node.computed(try node.input($0)) }
    let equation = try EinsumEquation(try node.string("equation") ?? "", ranks: inputs.map(\.rank))
    var terms = try zip(inputs, equation.inputs).map { try NamedAxes(node, $0, $1) }
    try spread(&terms)
    guard var result = terms.first else { throw ONNXError("it has no inputs") }
    for (index, term) in terms.enumerated().dropFirst() {
      let needed = Set(equation.output + terms[(index + 1)...].flatMap(\.axes))
      result = try result.product(with: term, keeping: needed)
    }
    result = try result.summed(keeping: Set(equation.output))
    return [try result.ordered(equation.output)]
  }

  /// Gives an axis that is 1 in some terms the extent that it has in the others.
  private static func spread(_ terms: inout [NamedAxes]) throws {
    var extents: [Character: Dim] = [:]
    for term in terms {
      for (axis, extent) in zip(term.axes, term.value.shape) {
        let known = extents[axis] ?? 1
        guard known.isOne || extent.isOne || known == extent else {
          throw ONNXError("axis \(axis) is \(known) and \(extent)")
        }
        if known.isOne { extents[axis] = extent }
      }
    }
    for index in terms.indices {
      try terms[index].spread(to: terms[index].axes.map { extents[$0] ?? 1 })
    }
  }
}

/// The letters of each operand and of the result; `...` stands for capital Greek ones.
private struct EinsumEquation {
  var inputs: [[Character]]
  var output: [Character]

  init(_ text: String, ranks: [Int]) throws {
    let sides = text.filter { $0 != " " }.split(
      separator: "->", omittingEmptySubsequences: false
    ).map(String.init)
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard sides.count <= 2, terms.count == ranks.count else {
      throw ONNXError("equation \(text.printable) does not fit its inputs")
    }
    var widest: [Character] = []
    inputs = try zip(terms, ranks).map { term, rank in
      let parts = term.components(around: "...")
      let letters = parts.joined()
      let hidden = rank - letters.count
      guard letters.allSatisfy({ $0.isASCII && $0.isLetter }), (0...8).contains(hidden),
        parts.count == 2 || (parts.count == 1 && hidden == 0)
      else { throw ONNXError("equation \(text.printable) does not fit its inputs") }
      let names = Array("ΑΒΓΔΕΖΗΘ".suffix(hidden))
      if names.count > widest.count { widest = names }
      return Array(parts[0]) + names + (parts.count == 2 ? Array(parts[1]) : [])
    }
    if sides.count == 2 {
      let parts = sides[1].components(around: "...")
      output = Array(parts[0]) + (parts.count == 2 ? widest + Array(parts[1]) : [])
    } else {
      let all = inputs.flatMap { $0 }
      let single = Set(all.filter { letter in all.count { $0 == letter } == 1 })
      output = widest + single.subtracting(widest).sorted()
    }
    let known = Set(inputs.flatMap { $0 })
    guard Set(output).count == output.count, output.allSatisfy(known.contains) else {
      throw ONNXError("equation \(text.printable) yields an axis twice or from nowhere")
    }
  }
}

extension String {
  /// What stands before and after a mark; itself where there is none.
  fileprivate func components(around mark: String) -> [String] {
    split(separator: mark, maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
  }
}

/// A value whose axes have names, each once.
private struct NamedAxes {
  private let node: NodeImport
  private(set) var value: ImportedValue
  private(set) var axes: [Character]

  private init(_ node: NodeImport, value: ImportedValue, axes: [Character]) {
    (self.node, self.value, self.axes) = (node, value, axes)
  }

  /// Of a name that stands for several axes, their diagonal is taken.
  init(_ node: NodeImport, _ value: ImportedValue, _ names: [Character]) throws {
    self.node = node
    axes = names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    guard axes.count < names.count else {
      self.value = value
      return
    }
    let shape = axes.map { name in names.firstIndex(of: name).map { value.shape[$0] } ?? 1 }
    var place: ImportedValue?
    for (axis, name) in axes.enumerated() {
      var step: Dim = 0
      for index in names.indices where names[index] == name {
        guard value.shape[index] == shape[axis] else {
          throw ONNXError("axis \(name) has several extents")
        }
        step = try step + Array(value.shape[(index + 1)...]).elementCount()
      }
      let scaled = try node.op(
        "mul", [node.places(along: axis, of: shape), node.size(step)], as: "offset")
      place = try place.map { try node.op("add", [$0, scaled], as: "place") } ?? scaled
    }
    self.value = try place.map { try node.elements(of: value, at: $0, as: "diagonal") } ?? value
  }

  mutating func spread(to shape: Shape) throws {
    value = try node.broadcast(value, shape, as: "spread")
  }

  func ordered(_ names: [Character]) throws -> ImportedValue {
    try node.transpose(value, names.compactMap { axes.firstIndex(of: $0) }, as: "ordered")
  }

  func summed(keeping names: Set<Character>) throws -> NamedAxes {
    let gone = axes.indices.filter { !names.contains(axes[$0]) }
    guard !gone.isEmpty else { return self }
    let sum = try node.op(
      "sum", [value], ["axes": .integers(gone), "keep_dims": .flag(false)], as: "sum")
    return NamedAxes(node, value: sum, axes: axes.filter(names.contains))
  }

  /// A product of matrices: shared axes that stay are a batch, shared ones that go are summed over.
  func product(with other: NamedAxes, keeping names: Set<Character>) throws -> NamedAxes {
    let left = try summed(keeping: names.union(other.axes))
    let right = try other.summed(keeping: names.union(axes))
    let shared = left.axes.filter(right.axes.contains)
    let batch = shared.filter(names.contains)
    let inner = shared.filter { !names.contains($0) }
    let rows = left.axes.filter { !shared.contains($0) }
    let columns = right.axes.filter { !shared.contains($0) }
    let a = try left.matrix(batch, rows, inner)
    let b = try right.matrix(batch, inner, columns)
    let isInteger = a.type.element == .i64
    let product = try node.op(
      "matmul", [node.cast(a, .f32, as: "a"), node.cast(b, .f32, as: "b")], as: "product")
    let shape =
      (batch + rows).map(left.extent) + columns.map(right.extent)
    let result = try node.reshape(product, shape, as: "product")
    return NamedAxes(
      node, value: isInteger ? try node.cast(result, .i64, as: "product") : result,
      axes: batch + rows + columns)
  }

  private func extent(_ name: Character) -> Dim {
    axes.firstIndex(of: name).map { value.shape[$0] } ?? 1
  }

  private func matrix(
    _ batch: [Character], _ rows: [Character], _ columns: [Character]
  ) throws -> ImportedValue {
    let shape = try [batch, rows, columns].map { try $0.map(extent).elementCount() }
    return try node.reshape(ordered(batch + rows + columns), shape, as: "matrix")
  }
}
