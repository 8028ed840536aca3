import Tensors

/// Of which slices of its operands an operation computes a slice of its result.
public struct Slicing: Sendable {
  /// A slice of a result.
  public struct Request: Sendable {
    public let site: OpSite
    /// The type of the whole result.
    public let result: TensorType
    public let axis: Int
    /// Whether the slice ends where the result does.
    public let isLast: Bool

    public init(site: OpSite, result: TensorType, axis: Int, isLast: Bool) {
      (self.site, self.result, self.axis, self.isLast) = (site, result, axis, isLast)
    }

    func shape(_ operand: Int) -> Shape? { site.optionalType(operand)?.shape }

    /// Operands that broadcast to the result, where they have the sliced extent, be it 1.
    func broadcast(_ operands: some Sequence<Int>) -> [Int: Int] {
      operands.reduce(into: [:]) { axes, index in
        guard let shape = shape(index) else { return }
        let own = axis - (result.rank - shape.count)
        if own >= 0, shape[own] == result.shape[axis] { axes[index] = own }
      }
    }
  }

  /// The axis along which each operand is sliced, none for one that stays whole; nil when the operation
  /// does not compute such a slice by itself.
  public let axes: @Sendable (Request) -> [Int: Int]?

  init(_ axes: @escaping @Sendable (Request) -> [Int: Int]?) { self.axes = axes }

  /// For operations that compute each element from the same place of every operand.
  static let broadcastOperands = Slicing { $0.broadcast($0.site.types.indices) }

  /// For operations that compute each row for itself: of the named operands, which broadcast to the result.
  static func rows(of operands: Int...) -> Slicing {
    Slicing { $0.axis < $0.result.rank - 1 ? $0.broadcast(operands) : nil }
  }

  /// For operations that keep the place of each element of operand 0.
  static let samePlaces = Slicing { [0: $0.axis] }
}
