/// Attention that a plan allows to be rounded to bf16, `products = bf16`.
public enum RoundedAttention {
  /// Scores of a head, queries times keys, from which rounding pays. The compiler allows it where there
  /// may be as many, kernels round where there are.
  public static let leastScores = 1 << 16
}
