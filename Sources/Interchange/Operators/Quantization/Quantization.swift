import IR
import Tensors

/// Operators on quantised numbers: x ≈ scale·(q - zero point).
extension ONNXOperator {
  static let quantizeLinear: Build = { node in
    let x = try node.computed(try node.input(0))
    let target = try node.type("output_dtype")?.element ?? node.optional(2)?.element ?? .u8
    let parameters = try QuantizationParameters(node, 1, zero: 2, for: x.shape)
    let wide = try node.cast(x, .f32, as: "number")
    let ratio = try node.op("div", [wide, parameters.scale], as: "ratio")
    return [try quantized(node, ratio, parameters.zero, target)]
  }

  /// round(x) + zero point, within what the type holds.
  private static func quantized(
    _ node: NodeImport, _ x: ImportedValue, _ zero: ImportedValue?, _ element: ElementType,
    as suffix: String = ""
  ) throws -> ImportedValue {
    guard let range = element.integerRange else {
      return try node.converted(x, to: element, as: suffix)
    }
    var whole = try node.op("round", [x], as: "whole")
    if let zero { whole = try node.op("add", [whole, zero], as: "shifted") }
    let low = try node.op("maximum", [whole, .scalar(Double(range.lowerBound))], as: "low")
    let clipped = try node.op("minimum", [low, .scalar(Double(range.upperBound))], as: "clipped")
    return try node.cast(clipped, .i64, as: suffix).declaring(element)
  }

  static let dequantizeLinear: Build = { node in
    let x = try node.input(0)
    let parameters = try QuantizationParameters(node, 1, zero: 2, for: x.shape)
    let element = try node.type("output_dtype")?.element ?? node.input(1).element
    return [try dequantized(node, x, parameters).declaring(element)]
  }

  private static func dequantized(
    _ node: NodeImport, _ x: ImportedValue, _ parameters: QuantizationParameters,
    as suffix: String = ""
  ) throws -> ImportedValue {
    var number = try node.cast(node.computed(x), .f32, as: "number")
    if let zero = parameters.zero { number = try node.op("sub", [number, zero], as: "centred") }
    return try node.op("mul", [number, parameters.scale], as: suffix)
  }

  /// To u8, with a scale that makes all of the input fit, and 0 exact.
  static let dynamicQuantizeLinear: Build = { node in
    let x = try node.input(0)
    let axes: Attributes = [
      "axes": .integers(Array(0..<x.rank)), "keep_dims": .flag(false),
    ]
    let negative = try node.op("neg", [x], as: "neg")
    let largest = try node.op(
      "maximum", [node.op("max", [x], axes, as: "max"), .scalar(0)], as: "largest")
    let smallest = try node.op(
      "neg", [node.op("maximum", [node.op("max", [negative], axes, as: "min"), .scalar(0)])],
      as: "smallest")
    let span = try node.op("sub", [largest, smallest], as: "span")
    let scale = try node.op("div", [span, .scalar(255)], as: "scale")
    let offset = try node.op("div", [node.op("neg", [smallest], as: "low"), scale], as: "offset")
    let zero = try node.op(
      "minimum",
      [
        node.op("maximum", [node.op("round", [offset], as: "rounded"), .scalar(0)], as: "bounded"),
        .scalar(255),
      ], as: "zero")
    let ratio = try node.op("div", [x, scale], as: "ratio")
    let result = try quantized(node, ratio, zero, .u8)
    return [result, scale, try node.cast(zero, .i64, as: "zero").declaring(.u8)]
  }

  // MARK: Products of integers

  /// Sums of products are exact in f32 up to 2²⁴, which is beyond what a row of 256 products of bytes
  /// reaches.
  static let matMulInteger: Build = { node in
    let (a, b) = (
      try centred(node, 0, zero: 2, isRows: true), try centred(node, 1, zero: 3, isRows: false)
    )
    let product = try node.op("matmul", [a, b], as: "product")
    return [try node.cast(product, .i64).declaring(.i32)]
  }

  /// A factor without its zero point, which may be one for each row of the first factor.
  private static func centred(
    _ node: NodeImport, _ index: Int, zero: Int, isRows: Bool
  ) throws -> ImportedValue {
    let number = try node.cast(node.input(index), .f32, as: "number")
    guard let zero = node.optional(zero) else { return number }
    var point = try node.cast(zero, .f32, as: "zero")
    if isRows, point.rank == 1, !point.shape[0].isOne {
      point = try node.reshape(point, point.shape + [1], as: "zero")
    }
    return try node.op("sub", [number, point], as: "centred")
  }

  static let convInteger: Build = { node in
    let x = try centred(node, 0, zero: 2, isRows: false)
    let kernel = try channelCentred(node, 1, zero: 3)
    let sum = try conv(
      node.with(inputs: [x, kernel], name: "\(node.name).product"), x, kernel, bias: nil)
    return [try node.cast(sum, .i64).declaring(.i32)]
  }

  private static func channelCentred(
    _ node: NodeImport, _ index: Int, zero: Int
  ) throws -> ImportedValue {
    let number = try node.cast(node.input(index), .f32, as: "number")
    guard let zero = node.optional(zero) else { return number }
    let point = try channels(node, node.cast(zero, .f32, as: "zero"), rank: number.rank, axis: 0)
    return try node.op("sub", [number, point], as: "centred")
  }

  private static func channels(
    _ node: NodeImport, _ x: ImportedValue, rank: Int, axis: Int
  ) throws -> ImportedValue {
    guard x.rank == 1, !x.shape[0].isOne else { return try node.reshape(x, [], as: "single") }
    return try node.reshape(
      x, (0..<rank).map { $0 == axis ? x.shape[0] : 1 }, as: "channels")
  }

  static let qLinearMatMul: Build = { node in
    let (a, b) = (try node.input(0), try node.input(3))
    let left = try dequantized(
      node, a, QuantizationParameters(node, 1, zero: 2, rows: true, rank: a.rank), as: "a")
    let right = try dequantized(
      node, b, QuantizationParameters(node, 4, zero: 5, rows: false, rank: b.rank), as: "b")
    let product = try node.op("matmul", [left, right], as: "product")
    let parameters = try QuantizationParameters(node, 6, zero: 7, rows: true, rank: product.rank)
    let ratio = try node.op("div", [product, parameters.scale], as: "ratio")
    return [try quantized(node, ratio, parameters.zero, try node.input(7).element)]
  }

  static let qLinearConv: Build = { node in
    let (x, kernel) = (try node.input(0), try node.input(3))
    let left = try dequantized(
      node, x, QuantizationParameters(node, 1, zero: 2, for: x.shape), as: "x")
    let right = try node.op(
      "mul",
      [
        channelCentred(node, 3, zero: 5),
        channels(node, node.computed(node.input(4)), rank: kernel.rank, axis: 0),
      ], as: "kernel")
    var bias: ImportedValue?
    if let given = node.optional(8) {
      let scale = try node.op(
        "mul",
        [node.computed(node.input(1)), node.computed(node.input(4))].map {
          try node.reshape($0, $0.shape.first.map { $0.isOne ? [] : [$0] } ?? [], as: "scale")
        }, as: "scale")
      bias = try node.op("mul", [node.cast(given, .f32, as: "number"), scale], as: "bias")
    }
    let product = try conv(
      node.with(inputs: [left, right], name: "\(node.name).product"), left, right, bias: bias)
    let scale = try node.reshape(node.computed(node.input(6)), [], as: "scale")
    let zero = try node.reshape(
      node.cast(node.input(7), .f32, as: "zero"), [], as: "zero")
    let ratio = try node.op("div", [product, scale], as: "ratio")
    return [try quantized(node, ratio, zero, try node.input(7).element)]
  }
}

/// Scale and zero point as numbers that broadcast to what they belong to.
private struct QuantizationParameters {
  let scale: ImportedValue
  let zero: ImportedValue?

  /// One for all, one for each index of `axis`, or (with `block_size`) one for each block along it.
  init(_ node: NodeImport, _ index: Int, zero: Int, for shape: Shape) throws {
    let rank = shape.count
    let block = try node.int("block_size") ?? 0
    func spread(_ value: ImportedValue) throws -> ImportedValue {
      let number = try node.cast(node.computed(value), .f32, as: "number")
      guard number.rank > 0, try number.shape.elementCount() != 1 || block > 0 else {
        return try node.reshape(number, [], as: "single")
      }
      let axis = try node.axis(try node.int("axis") ?? 1, rank: rank)
      guard block > 0 else {
        guard number.rank == 1 else { throw ONNXError("\(value.type) is not one for each channel") }
        return try node.reshape(
          number, (0..<rank).map { $0 == axis ? number.shape[0] : 1 }, as: "channels")
      }
      guard number.rank == rank else { throw ONNXError("\(value.type) is not one for each block") }
      var split = number.shape
      split.insert(1, at: axis + 1)
      var repeated = split
      repeated[axis + 1] = Dim(block)
      var joined = number.shape
      joined[axis] = try joined[axis] * Dim(block)
      let wide = try node.reshape(
        node.broadcast(node.reshape(number, split, as: "blocks"), repeated, as: "repeated"),
        joined, as: "blocks")
      return try node.slice(wide, axis: axis, 0, shape[axis], as: "blocks")
    }
    scale = try spread(node.input(index))
    self.zero = try node.optional(zero).map(spread)
  }

  /// One for all, or one for each row or column of a matrix.
  init(_ node: NodeImport, _ index: Int, zero: Int, rows: Bool, rank: Int) throws {
    func spread(_ value: ImportedValue) throws -> ImportedValue {
      let number = try node.cast(node.computed(value), .f32, as: "number")
      guard try number.shape.elementCount() != 1 else {
        return try node.reshape(number, [], as: "single")
      }
      guard rows, number.rank == 1 else { return number }
      return try node.reshape(number, number.shape + [1], as: "rows")
    }
    scale = try spread(node.input(index))
    self.zero = try node.optional(zero).map(spread)
  }
}
