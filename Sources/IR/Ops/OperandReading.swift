import Tensors

/// How the kernels can read an operand that is a strided view. Passes, which remove copies, and the choice
/// of kernels, which must cope with what is left, both follow what definitions say.
public enum OperandReading: Sendable, Hashable {
  /// Row-major without gaps.
  case contiguous
  /// The last axis without gaps, all others at one uniform row stride: `[rows, width]`.
  case rows
  /// The last axis without gaps, the one before at any stride but 0, further ones at any stride.
  case matrices
  /// The last axis without gaps, others at any stride, 0 included.
  case unitLast
  /// Any strides.
  case any

  /// Whether a tensor of `shape` that lies as `layout` can be read this way.
  public func allows(_ layout: Layout, _ shape: Shape) throws -> Bool {
    if try layout.isContiguous(for: shape) { return true }
    if self == .any { return true }
    guard self != .contiguous else { return false }
    guard let width = shape.last, width.isOne || layout.strides.last == 1 else { return false }
    switch self {
    case .contiguous, .unitLast, .any: return true
    case .matrices:
      return shape.count < 2 || shape[shape.count - 2].isOne
        || layout.strides[shape.count - 2] != 0
    case .rows:
      let outer = shape.indices.dropLast().filter { !shape[$0].isOne }
      return try zip(outer, outer.dropFirst()).allSatisfy { axis, next in
        try layout.strides[axis] == layout.strides[next] * shape[next]
      } && outer.allSatisfy { layout.strides[$0] != 0 }
    }
  }
}
