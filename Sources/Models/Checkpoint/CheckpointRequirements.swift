import Tensors

/// What a model of one configuration needs of its checkpoint.
struct CheckpointRequirements {
  typealias Source = CheckpointResolution.Source

  let scheme: CheckpointScheme
  /// Under their canonical names.
  let tensors: [ExpectedTensor]
  let stacks: [Stack]
  let tying: Tying?

  /// Layers that are numbered.
  struct Stack {
    /// What the canonical names begin with up to the number.
    let prefix: String
    /// The section of `config.json` that says how many there are.
    let section: String
    let count: Int
  }

  /// Two tables, of which a checkpoint may hold one that stands for both.
  struct Tying {
    let embedding: String
    let head: String
    /// Whether the head may stand for the embedding; the embedding may always stand for the head.
    let isMutual: Bool
  }

  /// Finds every tensor of the model among those of a checkpoint. Throws one error that holds all
  /// problems.
  func resolve(_ sources: [Source]) throws(CheckpointMismatch) -> CheckpointResolution {
    let names = CheckpointNames(sources.lazy.map(\.name), in: scheme)
    var (found, surplus, problems) = classify(sources)
    let headIsTied = tieHead(&found)
    let optional = tying.flatMap { found[$0.head] == nil || headIsTied ? $0.head : nil }
    for tensor in tensors where tensor.name != optional {
      guard let source = found[tensor.name] else {
        problems.append(.missing(name: names.spelling(of: tensor.name)))
        continue
      }
      if let problem = Self.problem(source, tensor) { problems.append(problem) }
    }
    guard problems.isEmpty else {
      throw CheckpointMismatch(problems: problems, surplus: surplus)
    }
    return CheckpointResolution(sources: found, headIsTied: headIsTied, surplus: surplus)
  }

  /// Sorts a checkpoint's tensors into those that are expected, by canonical name, and the rest.
  private func classify(
    _ sources: [Source]
  ) -> (found: [String: Source], surplus: [String], problems: [CheckpointMismatch.Problem]) {
    let expected = Set(tensors.map(\.name))
    var found: [String: Source] = [:]
    var surplus: [String] = []
    var problems: [CheckpointMismatch.Problem] = []
    for tensor in sources {
      let canonical = scheme.canonical(tensor.name)
      guard let canonical, expected.contains(canonical) else {
        surplus.append(tensor.name)
        if let canonical, let problem = layerProblem(canonical, tensor.name) {
          problems.append(problem)
        }
        continue
      }
      if let other = found.updateValue(tensor, forKey: canonical) {
        problems.append(.twice(name: other.name, other: tensor.name))
      }
    }
    return (found, surplus, problems)
  }

  /// A tensor of a layer that the configuration does not have means that the two do not belong
  /// together.
  private func layerProblem(_ canonical: String, _ name: String) -> CheckpointMismatch.Problem? {
    for stack in stacks where canonical.hasPrefix(stack.prefix) {
      let layer = Int(canonical.dropFirst(stack.prefix.count).prefix { $0 != "." })
      if let layer, layer >= stack.count {
        let field = "\(stack.section).num_hidden_layers"
        return .layerBeyondCount(name: name, field: field, count: stack.count)
      }
    }
    return nil
  }

  /// Lets the one table that is there stand for both. Returns whether it does.
  private func tieHead(_ found: inout [String: Source]) -> Bool {
    guard let tying else { return false }
    switch (found[tying.embedding], found[tying.head]) {
    case (let table?, nil):
      found[tying.head] = table
      return true
    case (nil, let table?) where tying.isMutual:
      found[tying.embedding] = table
      return true
    default:
      return false
    }
  }

  private static func problem(
    _ source: Source, _ expected: ExpectedTensor
  ) -> CheckpointMismatch.Problem? {
    guard source.shape == expected.shape else {
      return .shape(name: source.name, found: source.shape, expected: expected.shape)
    }
    switch source.elementType {
    case .f64, .f32, .f16, .bf16: return nil
    default: return .elementType(name: source.name, found: source.elementType)
    }
  }
}
