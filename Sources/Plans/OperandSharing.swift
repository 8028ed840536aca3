import Tensors

/// How a step's operand and its result share memory. A sound plan knows no other ways than these: a
/// kernel that writes anywhere else in its operands could change what it has checked or still reads.
public enum OperandSharing: Sendable {
  /// They have no byte in common, at any size.
  case apart
  /// They are the same elements in the same places.
  case inPlace
  /// Both begin at the same place of a state and have its strides; their extents differ.
  case sameState
}

extension PlanStep {
  /// How an operand and the result share memory, for plans that `PlanVerifier` has passed.
  public func sharing(ofOperand index: Int, _ bounds: [String: Int]) throws -> OperandSharing {
    guard let operand = operands[index], operand.region == result.region else { return .apart }
    return try operand.sharing(
      ViewBounds(of: operand, bounds), with: result, ViewBounds(of: result, bounds)) ?? .apart
  }
}

extension PlanView {
  /// How this operand shares memory with a result; nil where it does in another way than a plan may.
  func sharing(
    _ own: ViewBounds, with result: PlanView, _ written: ViewBounds
  ) -> OperandSharing? {
    guard meets(own, result, written) else { return .apart }
    guard region == result.region, element == result.element, start == result.start else {
      return nil
    }
    guard shape.count == result.shape.count,
      shape.indices.allSatisfy({
        strides[$0] == result.strides[$0] || (shape[$0].isOne && result.shape[$0].isOne)
      })
    else { return nil }
    if shape == result.shape { return .inPlace }
    guard case .state = region else { return nil }
    return .sameState
  }

  /// Whether the two have a byte in common at some size.
  private func meets(_ own: ViewBounds, _ other: PlanView, _ others: ViewBounds) -> Bool {
    switch (region, other.region) {
    case (.arena(let offset), .arena(let place)):
      return bytes(own, from: offset).overlaps(other.bytes(others, from: place))
    case (.state(let index), .state(let state)):
      return index == state && bytes(own, from: 0).overlaps(other.bytes(others, from: 0))
    default: return false
    }
  }

  /// Bytes that are touched at some size. None lies before the region: the executor looks at each call.
  func bytes(_ bounds: ViewBounds, from offset: Int) -> Range<Int> {
    let size = element.byteCount
    let (low, high) = (max(bounds.range.lowerBound, 0), max(bounds.range.upperBound, 0))
    return offset + low * size..<offset + max(low, high) * size
  }
}
