import Inputs
import Tensors

/// The tensors of a checkpoint that do not fit its configuration, all of them at once.
public struct CheckpointMismatch: Error, Equatable, Sendable {
  public var problems: [Problem]
  /// Some names of tensors that are there and that nothing reads, for a reader who looks for missing ones.
  public var surplus: [String] = []

  /// What is wrong with one tensor. Names are spelled as the checkpoint spells them.
  public enum Problem: Equatable, Sendable {
    case missing(name: String)
    case shape(name: String, found: [Int], expected: [Int])
    case elementType(name: String, found: ElementType)
    /// Two names in the files mean the same tensor.
    case twice(name: String, other: String)
    /// A layer that the configuration does not have.
    case layerBeyondCount(name: String, field: String, count: Int)
  }

  /// How many problems the message spells out.
  static let shown = 30
}

extension CheckpointMismatch: CustomStringConvertible {
  public var description: String {
    let listed = problems.prefix(Self.shown).map { "\($0)" }.joined(separator: ", ")
    let rest = problems.count - Self.shown
    let count = problems.count == 1 ? "1 tensor does" : "\(problems.count) tensors do"
    return
      "\(count) not fit config.json: \(listed)\(rest > 0 ? ", and \(rest) more" : "")\(present); "
      + "take config.json and weights from the same model"
  }

  /// A few names that are there, where others are missing.
  private var present: String {
    let isMissing = problems.contains { if case .missing = $0 { true } else { false } }
    let beyond = problems.compactMap { problem -> String? in
      if case .layerBeyondCount(let name, _, _) = problem { name } else { nil }
    }
    let surplus = surplus.filter { !beyond.contains($0) }
    guard isMissing, !surplus.isEmpty else { return "" }
    let names = surplus.prefix(3).map(\.printable).joined(separator: ", ")
    return "; in their place stand \(names)\(surplus.count > 3 ? " …" : "")"
  }
}

extension CheckpointMismatch.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing(let name):
      "\(name.printable) is missing"
    case .shape(let name, let found, let expected):
      "\(name.printable) is \(found) instead of \(expected)"
    case .elementType(let name, let found):
      "\(name.printable) is \(found.safetensorsName ?? found.rawValue) instead of F64, F32, F16 or BF16"
    case .twice(let name, let other):
      "\(name.printable) is there again as \(other.printable)"
    case .layerBeyondCount(let name, let field, let count):
      "\(name.printable) is beyond \(field) = \(count)"
    }
  }
}
