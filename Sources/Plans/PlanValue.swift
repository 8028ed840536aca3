import Tensors

/// The value of a tensor while a plan is written: elements that are there (`TensorData`), or elements
/// that are made when they are asked for, so that a large tensor never stands in memory whole.
public protocol PlanValue {
  var elementType: ElementType { get }
  var shape: [Int] { get }

  /// A range of the elements, in row-major order, on one axis.
  func piece(_ range: Range<Int>) -> TensorData
}

extension PlanValue {
  var elementCount: Int { shape.reduce(1, *) }
}

extension TensorData: PlanValue {
  public func piece(_ range: Range<Int>) -> TensorData { reshaped([elementCount]).rows(range) }
}
