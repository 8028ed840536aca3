import Foundation
import Tensors

/// Operations that fold axes away, and softmax, which normalises along one.
enum ReductionOps {
  static let all: [OpDefinition] = [
    reduction("sum", "Σ x over axes; integers too") { $0.reduce(0, +) },
    reduction("mean", "Σ x / n over axes") { $0.reduce(0, +) / Double($0.count) },
    reduction(
      "max", "the largest x over axes, NaN if any is NaN; when empty -∞, or the least integer"
    ) { values in
      values.reduce(-.infinity) { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }
    },
    reduction("prod", "Π x over axes") { $0.reduce(1, *) },
    softmax, cumsum,
  ]

  static let softmax = OpDefinition(
    "softmax", .math, "e^(x - max x) / Σ e^(x - max x) along axis; a row of only -∞ yields NaN",
    operands: [.required("x", .rows, overwritten: 0)],
    attributes: [.defaulted("axis", .integer, .integer(-1))],
    infer: { site in
      let type = try OpRules.floating(site, 0)
      _ = try site.axis("axis", rank: type.rank)
      return [type.with(element: type.element.computed)]
    }
  ) { evaluation in
    let x = try evaluation.input(0)
    let axis = try evaluation.site.axis("axis", rank: x.shape.count)
    var out = x.values
    x.forEachLine(along: axis) { positions in
      let largest = positions.reduce(-Double.infinity) { Swift.max($0, x.values[$1]) }
      let exponentials = positions.map { exp(x.values[$0] - largest) }
      let total = exponentials.reduce(0, +)
      for (position, value) in zip(positions, exponentials) { out[position] = value / total }
    }
    return evaluation.result(out)
  }

  static let cumsum = OpDefinition(
    "cumsum", .math,
    "out[i] = Σ x[j] along axis over j ≤ i; exclusive: over j < i; reverse: from the end",
    operands: [.required("x", .any)],
    attributes: [
      .required("axis", .integer), .defaulted("exclusive", .flag, .flag(false)),
      .defaulted("reverse", .flag, .flag(false)),
    ],
    infer: { site in
      let type = try OpRules.numbers(site, 0)
      _ = try site.axis("axis", rank: type.rank)
      return [type.with(element: type.element.computed)]
    }
  ) { evaluation in
    let x = try evaluation.input(0)
    let axis = try evaluation.site.axis("axis", rank: x.shape.count)
    let isExclusive = try evaluation.site.flag("exclusive")
    let isReverse = try evaluation.site.flag("reverse")
    var out = x.values
    x.forEachLine(along: axis) { positions in
      var sum = 0.0
      for position in isReverse ? positions.reversed() : positions {
        let next = sum + x.values[position]
        out[position] = isExclusive ? sum : next
        sum = next
      }
    }
    return evaluation.result(out)
  }

  private static func reduction(
    _ name: String, _ formula: String, _ fold: @escaping @Sendable ([Double]) -> Double
  ) -> OpDefinition {
    OpDefinition(
      name, .math, formula, operands: [.required("x")],
      attributes: [.required("axes", .integers), .defaulted("keep_dims", .flag, .flag(true))],
      infer: { site in
        let type = try name == "mean" ? OpRules.floating(site, 0) : OpRules.numbers(site, 0)
        let axes = try OpRules.axes(site, "axes", rank: type.rank)
        let keep = try site.flag("keep_dims")
        let shape = type.shape.indices.compactMap { axis -> Dim? in
          axes.contains(axis) ? (keep ? 1 : nil) : type.shape[axis]
        }
        return [TensorType(type.element.computed, shape)]
      }
    ) { evaluation in
      let x = try evaluation.input(0)
      let axes = try OpRules.axes(evaluation.site, "axes", rank: x.shape.count)
      let kept = x.shape.indices.filter { !axes.contains($0) }
      let inner = (shape: axes.map { x.shape[$0] }, strides: axes.map { x.strides[$0] })
      var out: [Double] = []
      StridedIndices(
        shape: kept.map { x.shape[$0] }, strides: kept.map { x.strides[$0] }, offset: 0
      )
      .forEach { start in
        out.append(fold(x.gathered(shape: inner.shape, strides: inner.strides, offset: start)))
      }
      return evaluation.result(
        x.element.isFloatingPoint ? out : out.map(x.element.converted))
    }
  }
}

extension HostTensor {
  /// Calls `body` with the element positions of every line along `axis`.
  func forEachLine(along axis: Int, _ body: ([Int]) -> Void) {
    var outer = shape
    outer[axis] = 1
    let (length, stride) = (shape[axis], strides[axis])
    StridedIndices(shape: outer, strides: strides, offset: 0).forEach { start in
      body((0..<length).map { start + $0 * stride })
    }
  }
}
