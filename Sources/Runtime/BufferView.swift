import Tensors

/// A view at concrete sizes and a concrete address: what a kernel call reads or writes.
package struct BufferView {
  /// The first element.
  package var base: UnsafeMutableRawPointer
  package var element: ElementType
  package var shape: InlineShape
  /// In elements.
  package var strides: InlineShape

  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
  var integers: UnsafeMutablePointer<Int64> { base.assumingMemoryBound(to: Int64.self) }
  var flags: UnsafeMutablePointer<UInt8> { base.assumingMemoryBound(to: UInt8.self) }

  /// Row-major without gaps.
  package var isDense: Bool {
    var expected = 1
    for fromEnd in 1..<max(rank + 1, 1) where extent(fromEnd: fromEnd) != 1 {
      if stride(fromEnd: fromEnd) != expected { return false }
      expected *= extent(fromEnd: fromEnd)
    }
    return true
  }

  var rank: Int { shape.rank }
  package var count: Int { shape.elementCount }

  /// Extent of the axis `fromEnd` places before the end; 1 is the last axis.
  func extent(fromEnd: Int) -> Int { fromEnd <= rank ? shape[rank - fromEnd] : 1 }

  /// Stride of the axis `fromEnd` places before the end.
  func stride(fromEnd: Int) -> Int { fromEnd <= rank ? strides[rank - fromEnd] : 0 }

  /// Number of rows when all axes but the last collapse into one.
  var rows: Int {
    var rows = 1
    for fromEnd in 2..<max(rank + 1, 2) { rows *= extent(fromEnd: fromEnd) }
    return rows
  }

  /// Elements between two rows: the innermost stride of an axis outside the last that has several.
  var rowStride: Int {
    for fromEnd in 2..<max(rank + 1, 2) where extent(fromEnd: fromEnd) != 1 {
      return stride(fromEnd: fromEnd)
    }
    return extent(fromEnd: 1)
  }

  /// Strides that read this view as `target` by broadcasting; both must be compatible.
  func strides(broadcastTo target: InlineShape) -> InlineShape {
    var result = target
    for axis in 0..<target.rank {
      let own = axis - (target.rank - rank)
      result[axis] = own < 0 || (shape[own] == 1 && target[axis] != 1) ? 0 : strides[own]
    }
    return result
  }
}

/// The views of one step: its operands in order, then its result. Also the values of all symbols,
/// for the few kernels whose attributes are symbolic.
struct StepViews {
  let base: UnsafeMutablePointer<BufferView?>
  let operandCount: Int
  let symbols: UnsafePointer<Int>

  /// A required operand; loading has checked that it is there.
  subscript(index: Int) -> BufferView { base[index].unsafelyUnwrapped }

  func optional(_ index: Int) -> BufferView? { index < operandCount ? base[index] : nil }

  var result: BufferView { base[operandCount].unsafelyUnwrapped }
}
