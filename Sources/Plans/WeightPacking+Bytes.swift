import CKernels
import Tensors

extension WeightPacking {
  /// The matrix in packed pieces of whole panels, in order, each made from about `sourceBytes` of it.
  func pieces(
    of matrix: any PlanValue, sourceBytes: Int, _ body: (TensorData) throws -> Void
  ) rethrows {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    let rowBytes = max(1, columns * MemoryLayout<Float>.size)
    let step = max(1, sourceBytes / (rowBytes * Self.panelRows)) * Self.panelRows
    for start in stride(from: 0, to: rows, by: step) {
      let end = min(start + step, rows)
      let piece = matrix.piece(start * columns..<end * columns)
      try body(packed(piece.reshaped([end - start, columns])))
    }
  }

  /// A floating-point matrix in panels, rounded as the packing demands.
  func packed(_ matrix: TensorData) -> TensorData {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    let shape = storedShape(rows: rows, columns: columns)
    return TensorData(storedElement, shape: shape) { panels in
      guard let base = panels.baseAddress else { return }
      precondition(
        panels.count == shape[0] * pg_panel_bytes(format, columns), "a panel has another size")
      matrix.floats().withUnsafeBufferPointer { values in
        guard let source = values.baseAddress else { return }
        pg_pack_panels(format, base, source, columns, rows, columns)
      }
    }
  }

  /// The name of this packing in `CKernels`.
  package var format: PanelFormat {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    case .int8: .int8
    case .int4: .int4
    }
  }
}
