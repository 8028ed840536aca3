import CKernels
import Tensors

/// What `scatter` makes of an element and its update.
enum ScatterReduction: String {
  case none, add, mul, max, min
}

extension Kernels {
  /// Combines row `position` of the dense `updates` with row `ids[position]` of the dense `out`, one after the
  /// other; ids below 0 count from the end. Elements are f32, i64 or, where nothing is combined, any.
  ///
  /// - Throws: `RowOutOfRange` for the first id that is no row; those before it are done.
  func scatter(
    _ reduction: ScatterReduction, out: BufferView, updates: BufferView,
    ids: UnsafePointer<Int64>, count: Int
  ) throws(RowOutOfRange) {
    let extent = out.shape[0]
    // Dense axes of extent 1 may have any stride.
    let inner = (1..<out.rank).reduce(1) { $0 * out.shape[$1] }
    let work = ScatterRows(
      reduction: reduction, out: out, updates: updates, inner: inner, table: table)
    for position in 0..<count {
      let id = ids[position]
      guard id >= -extent, id < extent else {
        throw RowOutOfRange(row: id, position: position, tableRows: extent)
      }
      work.combine(row: id < 0 ? Int(id) + extent : Int(id), update: position)
    }
  }
}

private struct ScatterRows {
  let reduction: ScatterReduction
  let out: BufferView
  let updates: BufferView
  let inner: Int
  let table: KernelTable

  @inline(__always)
  func combine(row: Int, update: Int) {
    let (target, source) = (row * inner, update * inner)
    if inner == 1 {
      combineOne(target, source)
    } else if reduction == .none {
      let bytes = out.element.byteCount
      (out.base + target * bytes).copyMemory(
        from: updates.base + source * bytes, byteCount: inner * bytes)
    } else if out.element == .i64 {
      combineIntegers(target, source)
    } else {
      combineFloats(target, source)
    }
  }

  private func combineIntegers(_ target: Int, _ source: Int) {
    let operation: MapOperation =
      switch reduction {
      case .mul: .mul
      case .max: .max
      case .min: .min
      case .add, .none: .add
      }
    let views: InlineArray<2, pg_strided> = [
      pg_strided(base: out.integers + target, row: 0, step: 1),
      pg_strided(base: updates.integers + source, row: 0, step: 1),
    ]
    withUnsafeBytes(of: views) {
      guard let first = $0.baseAddress?.assumingMemoryBound(to: pg_strided.self) else { return }
      table.functions.pointee.map(operation, out.integers + target, first, 1, inner)
    }
  }

  private func combineFloats(_ target: Int, _ source: Int) {
    let operation: BinaryOperation =
      switch reduction {
      case .mul: .mul
      case .max: .max
      case .min: .min
      case .add, .none: .add
      }
    let place = out.floats + target
    table.functions.pointee.binary(
      operation, place, place, 1, updates.floats + source, 1, inner)
  }

  @inline(__always)
  private func combineOne(_ target: Int, _ source: Int) {
    switch (out.element, reduction) {
    case (.i64, .none): out.integers[target] = updates.integers[source]
    case (.i64, .add): out.integers[target] &+= updates.integers[source]
    case (.i64, .mul): out.integers[target] &*= updates.integers[source]
    case (.i64, .max):
      out.integers[target] = Swift.max(out.integers[target], updates.integers[source])
    case (.i64, .min):
      out.integers[target] = Swift.min(out.integers[target], updates.integers[source])
    case (.f32, .add): out.floats[target] += updates.floats[source]
    case (.f32, .mul): out.floats[target] *= updates.floats[source]
    case (.f32, .max), (.f32, .min): combineFloats(target, source)
    default:
      let bytes = out.element.byteCount
      (out.base + target * bytes).copyMemory(
        from: updates.base + source * bytes, byteCount: bytes)
    }
  }
}
