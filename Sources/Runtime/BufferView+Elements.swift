import Tensors

/// Whole views at once, each element through extents and strides: nothing outside the view is touched,
/// however it is laid out.
extension BufferView {
  /// Writes all elements, given in row-major order. Returns false, and writes nothing, unless type and
  /// number agree.
  package func write<Element: TensorElement>(_ values: [Element]) -> Bool {
    guard element == Element.elementType else { return false }
    return values.withUnsafeBytes { write($0) }
  }

  /// The same for the bytes of the elements.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let size = element.byteCount
    guard bytes.count == count * size else { return false }
    forEachRun { offset, run in
      UnsafeMutableRawBufferPointer(start: base + run.place * size, count: run.count * size)
        .copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[offset * size..<(offset + run.count) * size])
        )
    }
    return true
  }

  /// The elements where they lie, if they are dense and of this type.
  func denseElements<Element: TensorElement>(
    of type: Element.Type
  ) -> UnsafeBufferPointer<Element>? {
    guard element == Element.elementType, isDense else { return nil }
    return UnsafeBufferPointer(start: base.assumingMemoryBound(to: Element.self), count: count)
  }

  /// A row-major copy.
  package var tensorData: TensorData {
    let size = element.byteCount
    var bytes = [UInt8](repeating: 0, count: count * size)
    bytes.withUnsafeMutableBytes { target in
      forEachRun { offset, run in
        UnsafeMutableRawBufferPointer(rebasing: target[offset * size..<(offset + run.count) * size])
          .copyMemory(
            from: UnsafeRawBufferPointer(start: base + run.place * size, count: run.count * size))
      }
    }
    let extents = (0..<rank).map { shape[$0] }
    guard let data = try? TensorData(element, shape: extents, bytes: bytes) else {
      preconditionFailure("a view in memory has the shape of a tensor")
    }
    return data
  }

  /// Calls `body` with consecutive elements: how many precede them in row-major order, the first one's
  /// place counted from `base`, and their number.
  private func forEachRun(_ body: (_ offset: Int, (place: Int, count: Int)) -> Void) {
    if isDense { return body(0, (0, count)) }
    var offset = 0
    shape.forEachIndex { index in
      body(offset, (strides.position(of: index), 1))
      offset += 1
    }
  }
}
