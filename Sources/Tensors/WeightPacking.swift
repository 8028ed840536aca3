/// How a weight matrix is arranged when it is not row-major: in the panels of 16 rows that kernels
/// stream (`PG_PANEL_…` in `CKernels.h`). The shape of the tensor stays that of the matrix.
public enum WeightPacking: String, Sendable, Hashable, CaseIterable {
  /// f32 numbers, a column of all rows after the other.
  case f32 = "f32_panels"
  /// bf16 numbers, pairs of columns together.
  case bf16 = "bf16_panels"
  /// Bytes with one f32 scale for each row, four columns together.
  case int8 = "int8_panels"
  /// Four bits with one bf16 scale for each 32 columns of each row, eight columns together.
  case int4 = "int4_panels"

  /// Rows of one panel.
  public static let panelRows = 16

  /// The type of the elements that are read, and the one whose bytes are stored.
  public var element: ElementType { self == .bf16 ? .bf16 : .f32 }
  public var storedElement: ElementType { rounds ? .u8 : element }

  /// Whether packing rounds elements of the type `element`.
  public var rounds: Bool { self == .int8 || self == .int4 }

  /// The stored shape of a matrix of `rows` × `columns`, padded to whole panels: panels × groups of
  /// columns, before them the scales (int4: of each 64 columns) × rows of a panel × bytes of a row.
  public func storedShape(rows: Int, columns: Int) -> [Int] {
    func whole(_ count: Int, _ unit: Int) -> Int { count / unit + (count % unit == 0 ? 0 : 1) }
    let panels = whole(rows, Self.panelRows)
    switch self {
    case .f32: return [panels, 2 * whole(columns, 2), Self.panelRows]
    case .bf16: return [panels, whole(columns, 2), Self.panelRows, 2]
    case .int8: return [panels, whole(columns, 4) + 1, Self.panelRows, 4]
    case .int4: return [panels, whole(columns, 64) * 9, Self.panelRows, 4]
    }
  }
}
