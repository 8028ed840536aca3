import Foundation
import Tensors

/// The suite's own comparison: equal shapes and element types, and |a - b| ≤ atol + rtol·|b|.
enum Comparison {
  static let relative = 1e-3
  static let absolute = 1e-7

  /// What is different, or nil.
  static func difference(_ result: TensorData, _ expected: TensorData) -> String? {
    guard result.elementType == expected.elementType else {
      return "is \(result.elementType.rawValue), expected \(expected.elementType.rawValue)"
    }
    guard result.shape == expected.shape else {
      return "has shape \(result.shape), expected \(expected.shape)"
    }
    let (found, wanted) = (numbers(result), numbers(expected))
    let wrong = zip(found, wanted).filter { !isClose($0, $1) }
    guard let first = wrong.first else { return nil }
    return "has \(wrong.count) of \(found.count) elements wrong, such as \(first.0) for \(first.1)"
  }

  private static func isClose(_ found: Double, _ wanted: Double) -> Bool {
    if found == wanted || (found.isNaN && wanted.isNaN) { return true }
    guard wanted.isFinite, found.isFinite else { return false }
    return abs(found - wanted) <= absolute + relative * abs(wanted)
  }

  private static func numbers(_ tensor: TensorData) -> [Double] {
    tensor.elements(as: Double.self) ?? tensor.integers().map { $0.map(Double.init) }
      ?? tensor.floats().map(Double.init)
  }
}
