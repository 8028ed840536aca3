import IR
import Tensors

extension NodeImport {
  /// What `Cast` makes of a value. f64 and half precision are computed in f32; smaller floats round,
  /// smaller integers wrap around.
  func converted(
    _ x: ImportedValue, to element: ElementType, as suffix: String = ""
  ) throws -> ImportedValue {
    let (from, target) = (x.type.element.computed, element.graphType)
    if element.smallFloat != nil {
      let number = try cast(try computed(x), .f32, as: "number")
      return try rounded(number, to: element, as: suffix).declaring(element)
    }
    if from == .i64, target == .i64 {
      let isNarrower = element.byteCount < x.element.byteCount || element == .i4 || element == .u4
      return try isNarrower && element.byteCount < 4
        ? wrapped(x, in: element, as: suffix) : x.declaring(element)
    }
    if element == .i4 || element == .u4 {
      return try wrapped(cast(try computed(x), .i64, as: "whole"), in: element, as: suffix)
    }
    if from != .i64, target == .i64, element != .i64 {
      let narrow = try cast(try computed(x), element, as: element.rawValue)
      return try cast(narrow, .i64, as: suffix).declaring(element)
    }
    return try cast(try computed(x), target, as: suffix).declaring(element)
  }

  /// f32 rounded to what a small format holds. Without saturation, what is beyond it is infinite, or
  /// NaN where there are no infinities.
  private func rounded(
    _ x: ImportedValue, to element: ElementType, as suffix: String
  ) throws -> ImportedValue {
    guard let format = element.smallFloat else { return x }
    let isSaturating = try int("saturate") != 0
    let limit = Double(format.greatestFinite)
    let low = try op("maximum", [x, .scalar(-limit)], as: "low")
    let bounded = try op("minimum", [low, .scalar(limit)], as: "bounded")
    let narrow = try cast(bounded, element, as: element.rawValue)
    guard !isSaturating else { return try cast(narrow, .f32, as: suffix) }
    let saturated = try cast(narrow, .f32, as: "saturated")
    let magnitude = try op("abs", [x], as: "abs")
    // Half of the last place above the largest value still rounds to it.
    let edge = limit + Double(format.lastPlace) / 2
    let isBeyond = try op("less", [.scalar(edge), magnitude], as: "beyond")
    let excess =
      element == .f8e5m2
      ? try op("mul", [x, .scalar(.infinity)], as: "excess") : ImportedValue.scalar(.nan)
    return try op("where", [isBeyond, excess, saturated], as: suffix)
  }
}
