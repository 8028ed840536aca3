import IR
import Inputs
import Tensors

/// Resampling along one axis after the other.
extension ONNXOperator {
  static let upsampleByAttribute: Build = { node in
    guard case .floats(let scales)? = node.attributes[UTF8Key("scales")] else {
      throw ONNXError("attribute scales is missing")
    }
    return [try resized(node, scales: scales, sizes: nil, axes: nil, roi: nil, isOld: true)]
  }

  /// Upsample 9 and Resize 10.
  static let resizeByScales: Build = { node in
    [try resized(node, scales: node.numbers(1), sizes: nil, axes: nil, roi: nil, isOld: true)]
  }

  static let resize: Build = { node in
    let scales = try node.numbers(2).flatMap { $0.isEmpty ? nil : $0 }
    return [
      try resized(
        node, scales: scales, sizes: scales == nil ? node.integers(3, "sizes") : nil,
        axes: node.ints("axes"), roi: node.numbers(1), isOld: false)
    ]
  }

  private static func resized(
    _ node: NodeImport, scales: [Double]?, sizes: [Int]?, axes: [Int]?, roi: [Double]?,
    isOld: Bool
  ) throws -> ImportedValue {
    let input = try node.input(0)
    let axes = try node.axes(axes ?? Array(0..<input.rank), rank: input.rank)
    let count = scales?.count ?? sizes?.count
    guard count == axes.count, let extents = axes.map({ input.shape[$0] }).constants,
      !extents.contains(0)
    else { throw ONNXError("its scales or sizes do not fit \(input.type)") }
    let limit = 1 << 20
    guard extents.allSatisfy({ $0 <= limit }),
      sizes?.allSatisfy({ (1...limit).contains($0) }) != false,
      scales?.allSatisfy({ $0 > 0 && $0 <= Double(limit) }) != false
    else { throw ONNXError("its scales or sizes do not fit \(input.type)") }
    var factors = scales ?? zip(sizes ?? [], extents).map { Double($0) / Double($1) }
    var targets = sizes ?? zip(factors, extents).map { Int(($0 * Double($1)).rounded(.down)) }
    try keepAspect(node, sizes, extents, &factors, &targets)
    guard targets.allSatisfy({ (1...limit).contains($0) }) else {
      throw ONNXError("it resizes to \(targets)")
    }
    let method = try Resampling(node, isOld: isOld)
    var x = try node.computed(input)
    for (index, axis) in axes.enumerated() {
      let region: (Double, Double)? =
        roi.flatMap { $0.count == 2 * axes.count ? ($0[index], $0[index + axes.count]) : nil }
      let line = ResampledLine(
        extent: extents[index], target: targets[index], scale: factors[index], region: region)
      x = try method.resample(node, x, axis: axis, line)
    }
    return x.declaring(input.declared)
  }

  private static func keepAspect(
    _ node: NodeImport, _ sizes: [Int]?, _ extents: [Int], _ factors: inout [Double],
    _ targets: inout [Int]
  ) throws {
    let policy = try node.string("keep_aspect_ratio_policy") ?? "stretch"
    guard sizes != nil, policy != "stretch" else { return }
    guard policy == "not_larger" || policy == "not_smaller" else {
      throw ONNXError("keep_aspect_ratio_policy = \(policy.printable) is not known")
    }
    let factor = (policy == "not_larger" ? factors.min() : factors.max()) ?? 1
    targets = extents.map { Int((Double($0) * factor + 0.5).rounded(.down)) }
    factors = factors.map { _ in factor }
  }
}

extension NodeImport {
  /// An input of numbers that must be known while importing.
  func numbers(_ index: Int) throws -> [Double]? {
    guard let value = optional(index) else { return nil }
    guard let known = builder.loaded(value).known else {
      throw ONNXError("input \(index) depends on data; give it with --value")
    }
    return known.values
  }
}

/// An axis and what becomes of it.
private struct ResampledLine {
  let extent: Int
  let target: Int
  let scale: Double
  let region: (start: Double, end: Double)?
}

/// How an element of the result is made of some of the input.
private struct Resampling {
  private enum Mode { case nearest, linear, cubic }

  private let mode: Mode
  private let coordinates: String
  private let nearest: String
  private let cubic: Double
  private let excludesOutside: Bool
  private let antialiases: Bool
  private let outside: Double

  init(_ node: NodeImport, isOld: Bool) throws {
    switch try node.string("mode") ?? "nearest" {
    case "nearest": mode = .nearest
    case "linear": mode = .linear
    case "cubic": mode = .cubic
    case let other: throw ONNXError("mode = \(other.printable) is not known")
    }
    coordinates =
      try node.string("coordinate_transformation_mode") ?? (isOld ? "asymmetric" : "half_pixel")
    nearest = try node.string("nearest_mode") ?? (isOld ? "floor" : "round_prefer_floor")
    cubic = try node.float("cubic_coeff_a") ?? -0.75
    excludesOutside = try node.flag("exclude_outside")
    antialiases = try node.flag("antialias")
    outside = try node.float("extrapolation_value") ?? 0
  }

  func resample(
    _ node: NodeImport, _ x: ImportedValue, axis: Int, _ line: ResampledLine
  ) throws -> ImportedValue {
    // What is further outside than windows reach makes no difference.
    let farthest = 4.0 * Double(line.extent)
    let places = try (0..<line.target).map { index in
      let place = try place(Double(index), line)
      return place.isNaN ? 0 : min(max(place, -farthest), farthest)
    }
    let isPlain = places.indices.allSatisfy { places[$0] == Double($0) }
    if line.extent == line.target, line.scale == 1, isPlain { return x }
    let isCut = coordinates == "tf_crop_and_resize"
    let isInside = places.map { !isCut || (0...Double(line.extent - 1)).contains($0) }
    var result: ImportedValue
    if mode == .nearest {
      let indices = try places.map { min(max(try nearest(to: $0), 0), line.extent - 1) }
      result = try node.take(indices, of: x, axis: axis, as: "taken")
    } else {
      _ = try node.count([line.target, line.extent], upTo: 1 << 24)
      result = try product(node, x, axis: axis, places.flatMap { weights(at: $0, line) }, line)
    }
    if isInside.contains(false) {
      let shape = result.shape.indices.map { $0 == axis ? line.target : 1 }
      let mask = ImportedValue(HostTensor(.bool, shape, isInside.map { $0 ? 1 : 0 }))
      result = try node.op(
        "where", [mask, result, node.constant(outside, like: result)], as: "inside")
    }
    return result
  }

  /// The axis as the last one, times a matrix of weights.
  private func product(
    _ node: NodeImport, _ x: ImportedValue, axis: Int, _ weights: [Double], _ line: ResampledLine
  ) throws -> ImportedValue {
    let isInteger = !x.type.element.isFloatingPoint
    let number = try node.cast(x, .f32, as: "number")
    let order = (0..<x.rank).filter { $0 != axis } + [axis]
    let matrix = node.constant(weights, [line.target, line.extent])
    var lines = try node.transpose(number, order, as: "lines")
    if lines.rank == 1 { lines = try node.reshape(lines, [1, lines.shape[0]], as: "lines") }
    let product = try node.op(
      "matmul", [lines, matrix], ["transpose_b": .flag(true)], as: "resampled")
    let shaped = try node.reshape(
      product, order.map { $0 == axis ? Dim(line.target) : x.shape[$0] }, as: "resampled")
    let back = try node.transpose(
      shaped, (0..<x.rank).map { order.firstIndex(of: $0) ?? $0 }, as: "resampled")
    return isInteger ? try node.cast(back, x.type.element) : back
  }

  /// Where an element of the result stands in the input.
  private func place(_ x: Double, _ line: ResampledLine) throws -> Double {
    let (extent, width) = (Double(line.extent), line.scale * Double(line.extent))
    switch coordinates {
    case "half_pixel": return (x + 0.5) / line.scale - 0.5
    case "half_pixel_symmetric":
      let offset = extent / 2 * (1 - Double(line.target) / width)
      return offset + (x + 0.5) / line.scale - 0.5
    case "pytorch_half_pixel": return line.target == 1 ? 0 : (x + 0.5) / line.scale - 0.5
    case "align_corners": return width == 1 ? 0 : x * (extent - 1) / (width - 1)
    case "asymmetric": return x / line.scale
    case "tf_half_pixel_for_nn": return (x + 0.5) / line.scale
    case "tf_crop_and_resize":
      guard let region = line.region else { throw ONNXError("it needs a region of interest") }
      let span = (region.end - region.start) * (extent - 1)
      let start = region.start * (extent - 1)
      return width == 1 ? start + span / 2 : start + x * span / (width - 1)
    default:
      throw ONNXError("coordinate_transformation_mode = \(coordinates.printable) is not known")
    }
  }

  private func nearest(to x: Double) throws -> Int {
    switch nearest {
    case "round_prefer_floor": Int((x - 0.5).rounded(.up))
    case "round_prefer_ceil": Int((x + 0.5).rounded(.down))
    case "floor": Int(x.rounded(.down))
    case "ceil": Int(x.rounded(.up))
    default: throw ONNXError("nearest_mode = \(nearest.printable) is not known")
    }
  }

  /// One row of the matrix: how much each element of the input counts. Beyond the ends, the last
  /// element counts instead.
  private func weights(at x: Double, _ line: ResampledLine) -> [Double] {
    let scale = antialiases ? min(line.scale, 1) : 1
    let reach = (mode == .cubic ? 2.0 : 1.0) / scale
    let first = Int((x - reach).rounded(.down)) + 1
    let taps = first..<max(first + 1, Int((x + reach).rounded(.up)))
    var values = taps.map { tap in
      let isOutside = tap < 0 || tap >= line.extent
      return excludesOutside && isOutside ? 0 : kernel(abs(Double(tap) - x) * scale)
    }
    if antialiases || excludesOutside {
      let sum = values.reduce(0, +)
      values = values.map { $0 / sum }
    }
    var row = [Double](repeating: 0, count: line.extent)
    for (tap, value) in zip(taps, values) { row[min(max(tap, 0), line.extent - 1)] += value }
    return row
  }

  /// Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981), or the triangle.
  private func kernel(_ distance: Double) -> Double {
    guard mode == .cubic else { return max(1 - distance, 0) }
    let (a, square) = (cubic, distance * distance)
    if distance <= 1 { return (a + 2) * square * distance - (a + 3) * square + 1 }
    if distance < 2 { return a * square * distance - 5 * a * square + 8 * a * distance - 4 * a }
    return 0
  }
}
