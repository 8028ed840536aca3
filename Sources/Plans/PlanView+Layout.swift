import Tensors

extension PlanView {
  /// Whether the elements are row-major without gaps at every value of the symbols.
  ///
  /// - Throws: `DimError` when a stride of such a layout is beyond all limits.
  package var isDense: Bool {
    get throws {
      var expected: Dim = 1
      for axis in shape.indices.reversed() where !shape[axis].isOne {
        guard strides[axis] == expected else { return false }
        expected = try expected * shape[axis]
      }
      return true
    }
  }
}
