/// How a weight matrix is arranged when it is not row-major: in the panels of 16 rows that kernels
/// stream (`PG_PANEL_…` in `CKernels.h`). The shape of the tensor stays that of the matrix.
public enum WeightPacking: String, Sendable, Hashable, CaseIterable {
  /// bf16 numbers, pairs of columns together.
  case bf16 = "bf16_panels"

  /// Rows of one panel.
  public static let panelRows = 16

  /// The element type of the stored bytes.
  public var storedElement: ElementType {
    switch self {
    case .bf16: .bf16
    }
  }

  /// The stored shape of a matrix of `rows` × `columns`, padded to whole panels:
  /// panels × pairs of columns × rows of a panel × 2.
  public func storedShape(rows: Int, columns: Int) -> [Int] {
    let panels = rows / Self.panelRows + (rows % Self.panelRows == 0 ? 0 : 1)
    switch self {
    case .bf16: return [panels, columns / 2 + columns % 2, Self.panelRows, 2]
    }
  }
}
