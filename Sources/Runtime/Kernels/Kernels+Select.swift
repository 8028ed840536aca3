import CKernels
import Tensors

extension Kernels {
  /// Overwrites the elements of the dense `out` for which `mask`, read with these strides, is true by the
  /// elements of the dense `source`, one after the other. Returns false when the source has too few.
  func maskedScatter(
    out: BufferView, mask: UnsafePointer<UInt8>, strides: InlineShape, source: BufferView
  ) -> Bool {
    let bytes = out.element.byteCount
    let step = strides.last
    var next = 0
    let available = source.count
    var isWhole = true
    out.shape.forEachRow { index, position, count in
      guard isWhole else { return }
      let flags = mask + strides.position(of: index)
      if step == 0 {
        guard flags.pointee != 0 else { return }
        isWhole = next + count <= available
        guard isWhole else { return }
        (out.base + position * bytes).copyMemory(
          from: source.base + next * bytes, byteCount: count * bytes)
        next += count
        return
      }
      switch bytes {
      case 1: isWhole = scatter(UInt8.self, out, position, flags, step, count, source, &next)
      case 2: isWhole = scatter(UInt16.self, out, position, flags, step, count, source, &next)
      case 4: isWhole = scatter(UInt32.self, out, position, flags, step, count, source, &next)
      default: isWhole = scatter(UInt64.self, out, position, flags, step, count, source, &next)
      }
    }
    return isWhole
  }

  @inline(__always)
  private func scatter<Element>(
    _: Element.Type, _ out: BufferView, _ position: Int, _ flags: UnsafePointer<UInt8>, _ step: Int,
    _ count: Int, _ source: BufferView, _ next: inout Int
  ) -> Bool {
    let target = out.base.assumingMemoryBound(to: Element.self) + position
    let values = source.base.assumingMemoryBound(to: Element.self)
    let selected = (0..<count).reduce(0) { $0 + (flags[$1 * step] != 0 ? 1 : 0) }
    let end = next + selected
    guard end <= source.count else { return false }
    guard selected > 0 else { return true }
    // Without a branch, which no processor could foresee. The last element is read again behind the last flag.
    for column in 0..<count {
      let isSelected = flags[column * step] != 0
      let value = values[min(next, end - 1)]
      target[column] = isSelected ? value : target[column]
      next += isSelected ? 1 : 0
    }
    return true
  }

  /// Writes the indices of the elements that are not 0 as rows, as many as there is `room` for, and returns
  /// how many elements these are.
  func nonzero(rows: UnsafeMutablePointer<Int64>, room: Int, x: BufferView) -> Int {
    var count = 0
    x.shape.forEachRow { index, _, length in
      let place = x.strides.position(of: index)
      switch x.element {
      case .f32: find(x.floats + place, x.strides.last, length, index, rows, room, &count)
      case .i64: find(x.integers + place, x.strides.last, length, index, rows, room, &count)
      default: find(x.flags + place, x.strides.last, length, index, rows, room, &count)
      }
    }
    return count
  }

  @inline(__always)
  private func find<Element: Numeric>(
    _ values: UnsafeMutablePointer<Element>, _ step: Int, _ length: Int, _ index: InlineShape,
    _ rows: UnsafeMutablePointer<Int64>, _ room: Int, _ count: inout Int
  ) {
    let rank = index.rank
    let before = rank > 1 ? Int64(index[rank - 2]) : 0
    for column in 0..<length {
      // Without a branch, which no processor could foresee: what is not found is written over.
      if count < room {
        let row = rows + count * rank
        for axis in 0..<max(rank - 2, 0) { row[axis] = Int64(index[axis]) }
        if rank > 1 { row[rank - 2] = before }
        if rank > 0 { row[rank - 1] = Int64(column) }
      }
      count += values[column * step] != 0 ? 1 : 0
    }
  }
}
