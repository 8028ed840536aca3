import Foundation
import Tensors
import Testing

@testable import Plans

/// How far packing moves weights: what plans in int8 and int4 lose.
@Suite struct WeightRoundingTests {
  /// Sums of twelve uniform numbers, much like trained weights.
  static func matrix(rows: Int, columns: Int) -> TensorData {
    var state: UInt64 = 17
    func uniform() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24) - 0.5
    }
    let values = (0..<rows * columns).map { _ in
      (0..<12).reduce(Float(0)) { sum, _ in sum + uniform() }
    }
    return TensorData(values, shape: [rows, columns])
  }

  static let columns = 70

  /// Packing a matrix takes memory for a piece of it, and no more pieces than that asks for.
  @Test(arguments: [(1, [16, 16, 8]), (2 * 16 * 280, [32, 8]), (1 << 20, [40])])
  func `a matrix is packed in pieces of about the size that is asked`(
    sourceBytes: Int, rows: [Int]
  ) {
    var pieces: [Int] = []
    let matrix = Self.matrix(rows: 40, columns: Self.columns)
    WeightPacking.bf16.pieces(of: matrix, sourceBytes: sourceBytes) { pieces.append($0.shape[0]) }
    #expect(pieces == rows.map { ($0 + WeightPacking.panelRows - 1) / WeightPacking.panelRows })
  }

  /// Each row's largest weight is 127 steps of its scale.
  @Test func `int8 moves no weight by more than half a step`() {
    let matrix = Self.matrix(rows: 20, columns: Self.columns)
    let (before, after) = (matrix.floats(), WeightPacking.int8.rounded(matrix).floats())
    for row in 0..<20 {
      let places = row * Self.columns..<(row + 1) * Self.columns
      let largest = before[places].reduce(0) { max($0, abs($1)) }
      for place in places { #expect(abs(before[place] - after[place]) <= largest / 254 * 1.001) }
    }
  }

  /// Of each 32 columns the error is that of the best of nine scales, each improved once; over all it
  /// is close to that of the best scales there are.
  @Test func `int4 takes the best of the scales that it tries`() {
    let rows = 64
    let matrix = Self.matrix(rows: rows, columns: Self.columns)
    let (before, after) = (matrix.floats(), WeightPacking.int4.rounded(matrix).floats())
    var total = (found: 0.0, best: 0.0)
    for row in 0..<rows {
      for first in stride(from: 0, to: Self.columns, by: 32) {
        let places =
          row * Self.columns + first..<row * Self.columns
          + min(first + 32, Self.columns)
        let weights = before[places].map { Double($0) }
        let error = zip(weights, after[places]).reduce(0) { $0 + pow($1.0 - Double($1.1), 2) }
        let tried = Int4Search.least(of: weights, steps: Int4Search.tried)
        #expect(error <= tried * 1.02 + 1e-9, "row \(row), columns from \(first)")
        total.found += error
        total.best += Int4Search.least(of: weights, steps: Int4Search.all)
      }
    }
    #expect(total.found <= 1.01 * total.best)
  }
}

/// The search for a scale in double precision.
private enum Int4Search {
  /// Steps that the largest weight of a group may be given.
  static let tried = (-4...4).map { -8 - 0.4 * Double($0) }
  static let all = (0...700).map { -5 - 0.01 * Double($0) }

  /// The least squared error of the scales that follow from these steps.
  static func least(of weights: [Double], steps: [Double]) -> Double {
    let largest = weights.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
    return steps.map { step in
      let first = weights.map { rounded($0 * step / largest) }
      let product = zip(weights, first).reduce(0) { $0 + $1.0 * $1.1 }
      let scale = bf16(product / first.reduce(0) { $0 + $1 * $1 })
      return weights.reduce(0) { $0 + pow($1 - scale * rounded($1 / scale), 2) }
    }.min() ?? 0
  }

  private static func rounded(_ x: Double) -> Double {
    min(max(x.rounded(.toNearestOrEven), -8), 7)
  }

  private static func bf16(_ x: Double) -> Double { Double(Float(BFloat16(Float(x)))) }
}
