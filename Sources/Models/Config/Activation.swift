/// The nonlinearity of a feed-forward block.
public enum Activation: Sendable, Equatable {
  /// `0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`
  case geluTanh
  /// `0.5·x·(1 + erf(x/√2))`
  case gelu

  /// The names that transformers gives to these two functions.
  static let named: [String: Activation] = [
    "gelu_pytorch_tanh": .geluTanh, "gelu_new": .geluTanh, "gelu_fast": .geluTanh, "gelu": .gelu,
  ]
}
