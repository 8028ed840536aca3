/// All operations by name.
public enum OpRegistry {
  /// Every definition, in the order of the reference.
  public static let all: [OpDefinition] =
    DataOps.all + IndexingOps.all + SelectionOps.all + ViewOps.all + ElementwiseOps.all
    + ReductionOps.all + MatrixOps.all + WindowOps.all + NormalizationOps.all
    + AttentionOps.all + FusedOps.all + StateOps.all

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  public static func definition(of op: String) -> OpDefinition? { byName[op] }

  /// The names of the operations that compute each element from the same place of every operand.
  public static let elementwise = Set(all.filter(\.isElementwise).map(\.name))

  public static func isElementwise(_ op: String) -> Bool {
    definition(of: op)?.isElementwise == true
  }

  package static func required(_ op: String) throws -> OpDefinition {
    guard let definition = byName[op] else { throw OpError("unknown operation '\(op)'") }
    return definition
  }
}
