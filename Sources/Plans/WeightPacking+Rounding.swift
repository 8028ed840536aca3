import CKernels
import Tensors

extension WeightPacking {
  /// A floating-point matrix as it comes back from its panels: what a plan with this packing computes
  /// with.
  package func rounded(_ matrix: TensorData) -> TensorData {
    guard rounds else { return matrix }
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    let panelBytes = pg_panel_bytes(format, columns)
    let values = packed(matrix).withUnsafeBytes { bytes in
      (0..<rows * columns).map { index -> Float in
        let (row, column) = (index / columns, index % columns)
        let panel = UnsafeRawBufferPointer(
          rebasing: bytes[(row / Self.panelRows * panelBytes)...].prefix(panelBytes))
        return self == .int8
          ? Self.int8(panel, row % Self.panelRows, column)
          : Self.int4(panel, row % Self.panelRows, column)
      }
    }
    return TensorData(values, shape: matrix.shape)
  }

  /// One f32 scale for each row, then bytes of four columns, of all rows together.
  private static func int8(_ panel: UnsafeRawBufferPointer, _ row: Int, _ column: Int) -> Float {
    let scale = panel.loadUnaligned(fromByteOffset: row * 4, as: Float.self)
    let byte = panel[panelRows * 4 + (column / 4 * panelRows + row) * 4 + column % 4]
    return Float(Int(byte) - 128) * scale
  }

  /// For each 64 columns one bf16 scale for each row and 32 columns, then halves of bytes.
  private static func int4(_ panel: UnsafeRawBufferPointer, _ row: Int, _ column: Int) -> Float {
    let scaleBytes = 4 * panelRows
    let pair = column / 64 * (scaleBytes + 32 * panelRows)
    let inPair = column % 64
    let scale = panel.loadUnaligned(
      fromByteOffset: pair + (inPair / 32 * panelRows + row) * 2, as: UInt16.self)
    let byte = panel[pair + scaleBytes + (inPair / 8 * panelRows + row) * 4 + column % 4]
    let half = column % 8 < 4 ? byte & 15 : byte >> 4
    return Float(Int(half) - 8) * Float(bitPattern: UInt32(scale) << 16)
  }
}
