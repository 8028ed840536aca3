import Foundation
import SourceMessages
import Tensors
import Testing

@testable import IR

/// An operation that its definition refuses, and the words.
struct RefusedOperation: Sendable, CustomTestStringConvertible {
  let parameters: String
  let operation: String
  let message: String
  var testDescription: String { "\(operation) of \(parameters)" }

  init(_ parameters: String, _ operation: String, _ message: String) {
    self.parameters = parameters
    self.operation = operation
    self.message = message
  }
}

@Suite struct OpRefusalTests {
  /// Types are inferred before they are compared with what is written.
  @Test(arguments: refused)
  func `what an operation cannot take is named`(row: RefusedOperation) throws {
    let text = """
      module @m {
        symbol T <= 4
        symbol N <= 4
        func @f(\(row.parameters)) -> (f32[1]) {
          %out = \(row.operation) : f32[1]
          return %out
        }
      }
      """
    let error = #expect(throws: TextError.self) { try Module.parse(text) }
    let found = try #require(error).items.map(\.message)
    #expect(found == [row.message])
  }

  /// What only values tell.
  @Test(arguments: failing)
  func `values that an operation cannot take are named`(row: FailingEvaluation) throws {
    let definition = try OpRegistry.required(row.op)
    let site = OpSite(
      definition: definition,
      types: row.inputs.map { TensorType($0.element, $0.shape.map { Dim($0) }) },
      attributes: row.attributes)
    let evaluation = Evaluation(
      site: site, inputs: row.inputs, bindings: Self.bindings,
      results: try definition.infer(site).map { ($0.element, try $0.shape.evaluate(Self.bindings)) }
    )
    let error = #expect(throws: OpError.self) { try definition.evaluate(evaluation) }
    #expect(error?.description == row.message)
  }

  private static let bindings = ["T": 3]

  @Test func `an operand that is not there is named`() throws {
    let site = OpSite(definition: try OpRegistry.required("neg"), types: [], attributes: [:])
    let error = #expect(throws: OpError.self) { try site.definition.infer(site) }
    #expect(error?.description == Self.missingOperand)
  }

  private static let missingOperand = "operand 0 is missing"

  /// Every message of the definitions is one of these.
  @Test func `no message of an operation is untested`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/IR/Ops").path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      $0.hasSuffix(".swift") && !$0.hasPrefix("OpExample")
    }
    let places = try files.sorted().flatMap {
      try UntestedMessages.places(in: "\(folder)/\($0)", of: ["OpError", "require"])
    }
    #expect(places.count > 50)
    let expected =
      Self.refused.map(\.message) + Self.failing.map(\.message)
      + VerifierTests.messages + [Self.missingOperand]
    #expect(UntestedMessages.lines(places, expected: expected) == [])
  }

  static let refused = shared + data + attention + products + views + windows

  private static let shared: [RefusedOperation] = [
    .init("%x: i64[2]", "exp(%x)", "operand 0 has type i64[2], expected a floating-point tensor"),
    .init(
      "%x: bool[2]", "cumsum(%x) {axis = 0}",
      "operand 0 has type bool[2], expected floating-point numbers or i64"),
    .init("%x: bool[2]", "neg(%x)", "operand 0 has type bool[2], expected numbers"),
    .init("%x: bool[2]", "less(%x, %x)", "operand 0 has type bool[2], expected numbers"),
    .init("%x: f32[2], %y: f32[3]", "add(%x, %y)", "shapes [2] and [3] do not broadcast"),
    .init("%x: f32[T], %y: f32[N]", "add(%x, %y)", "shapes [T] and [N] do not broadcast"),
    .init(
      "%x: f32[2], %y: i64[2]", "add(%x, %y)", "element types f32 and i64 do not mix; use cast"),
    .init(
      "%x: i64[2], %y: f32[2]", "bit_and(%x, %y)",
      "operands have types i64[2] and f32[2], expected i64"),
    .init(
      "%x: f32[2]", "where(%x, %x, %x)", "condition has type f32[2], expected bool"),
    .init("%x: f32[2]", "softmax(%x) {axis = 1}", "axis = 1 is out of range for rank 1"),
    .init("%x: f32[]", "softmax(%x)", "axis = -1 is out of range for rank 0"),
    .init("%x: f32[2]", "sum(%x) {axes = [-2]}", "axes has -2, out of range for rank 1"),
    .init("%x: f32[2]", "sum(%x) {axes = [0, -1]}", "axes repeats an axis"),
    .init("%x: f32[]", "layer_norm(%x)", "x is a scalar, expected at least one axis"),
    .init(
      "%x: f32[2], %w: f32[2]", "rms_norm(%x, %w) {eps = -1.0}",
      "eps = -1.0, expected a number that is not negative"),
    .init(
      "%x: f32[2x3]", "batch_norm(%x) {eps = nan}",
      "eps = nan, expected a number that is not negative"),
    .init(
      "%x: f32[2x3], %v: f32[3]", "batch_norm(%x, mean = %v)", "mean and variance go together"),
    .init(
      "%x: f32[2x3], %v: f32[2]", "batch_norm(%x, weight = %v)",
      "operand 1 (weight) has shape [2], expected [3]"),
  ]

  private static let data: [RefusedOperation] = [
    .init("", "constant()", "attribute value is missing"),
    .init("", "constant() {value = 1, values = [1]}", "value and values exclude each other"),
    .init(
      "%t: f32[2], %i: i64[2]", "embedding(%t, %i)", "table has type f32[2], expected a matrix"),
    .init("%t: f32[2x2]", "embedding(%t, %t)", "ids has type f32[2x2], expected i64"),
    .init("%x: f32[2]", "gather(%x, %x)", "ids has type f32[2], expected i64"),
    .init(
      "%x: f32[2xT], %y: f32[3xT]", "concat(%x, %y) {axis = 1}",
      "operand 1 has type f32[3xT], which does not line up with f32[2xT] outside axis 1"),
    .init("%x: f32[2]", "masked_scatter(%x, %x, %x)", "mask has type f32[2], expected bool"),
    .init(
      "%x: f32[1], %m: bool[T]", "masked_scatter(%x, %m, %x)",
      "mask has type bool[T], which does not broadcast to f32[1]"),
    .init(
      "%x: f32[2], %m: bool[2], %s: i64[2]", "masked_scatter(%x, %m, %s)",
      "source has type i64[2], expected elements f32"),
    .init(
      "", "causal_mask() {queries = T, keys = T, window = 0}",
      "window = 0, expected a positive number"),
    .init(
      "%x: f32[3]", "top_k(%x) {k = 4, axis = 0}",
      "k = 4, expected at most the extent 3 of axis 0"),
    .init("%x: f32[2]", "scatter(%x, %x, %x)", "ids has type f32[2], expected i64"),
    .init(
      "%x: f32[2x3], %i: i64[2], %u: f32[2x2]", "scatter(%x, %i, %u)",
      "updates has type f32[2x2], which does not fit f32[2x3] and i64[2]"),
    .init("%x: f32[2]", "nonzero(%x) {count = T}", "count = T, expected a symbol less 1"),
    .init(
      "%b: f32[1xTx3], %s: f32[1x1xT]",
      "non_max_suppression(%b, %s) {count = N-1, limit = 1, iou_threshold = 0.5}",
      "boxes has type f32[1xTx3] and scores f32[1x1xT], expected [batch, boxes, 4] and [batch, classes, boxes]"
    ),
    .init(
      "%c: f32[1x2x8x4], %n: f32[1x1x2x4]", "cache_append(%c, %n) {at = 0}",
      "new has type f32[1x1x2x4], which does not fit the cache f32[1x2x8x4] outside axis 2"),
  ]

  private static let attention: [RefusedOperation] = [
    .init("%x: f32[]", "rope(%x, %x, %x)", "x is a scalar, expected at least one axis"),
    .init("%x: f32[T]", "rope(%x, %x, %x)", "x has T features, expected an even number"),
    .init(
      "%x: f32[2x4], %c: f32[1]", "rope(%x, %c, %c)",
      "operand 1 has type f32[1], which does not broadcast to f32[2x4]"),
    .init(
      "%x: f32[1xTx4]", "attention(%x, %x, %x) {scale = 1}",
      "q has type f32[1xTx4], expected [batch, heads, tokens, features]"),
    .init(
      "%x: f32[1x2xTx4], %k: f32[1x2xNx8]", "attention(%x, %k, %k) {scale = 1}",
      "q, k and v have types f32[1x2xTx4], f32[1x2xNx8] and f32[1x2xNx8], which do not fit together"
    ),
    .init(
      "%x: f32[1x3xTx4], %k: f32[1x2xNx4]", "attention(%x, %k, %k) {scale = 1}",
      "3 query heads do not divide by 2 key/value heads"),
    .init(
      "%x: f32[1x3xTx4]", "attention(%x, %x, %x) {scale = 1, window = -1}",
      "window = -1, expected a positive number"),
    .init(
      "%x: f32[1x3xTx4], %m: f32[2x1x1x1x1]", "attention(%x, %x, %x, mask = %m) {scale = 1}",
      "mask has type f32[2x1x1x1x1], which does not broadcast to [1x3xTxT]"),
  ]

  private static let products: [RefusedOperation] = [
    .init(
      "%a: f32[2], %b: f32[2x2]", "matmul(%a, %b)",
      "operands have types f32[2] and f32[2x2], expected matrices"),
    .init(
      "%a: f32[2xT], %b: f32[Nx2]", "matmul(%a, %b)",
      "inner extents T and N of f32[2xT] and f32[Nx2] differ"),
    .init(
      "%x: f32[2x3], %w: f32[3x4]", "linear(%x, %w)",
      "weight has type f32[3x4], expected [out, in] with in the last extent of f32[2x3]"),
    .init(
      "%x: f32[2x3], %w: f32[2x3], %r: f32[2x2]", "linear(%x, %w, multiplier = %r, up = %w)",
      "has both multiplier and up"),
    .init(
      "%x: f32[1x4x4], %k: f32[1x1x2x2]", "patch_conv(%x, %k) {stride = 2}",
      "pixels has type f32[1x4x4], expected [batch, channels, height, width]"),
    .init(
      "%x: f32[1x1x4x4], %k: f32[1x1x2x2]", "patch_conv(%x, %k) {stride = 0}",
      "stride = 0, expected a positive number"),
    .init(
      "%x: f32[1x1x4x4], %k: f32[1x2x2x2]", "patch_conv(%x, %k) {stride = 2}",
      "kernel has type f32[1x2x2x2], expected [out, 1, 2, 2]"),
    .init(
      "%x: f32[1x1x4xT], %k: f32[1x1x2x2]", "patch_conv(%x, %k) {stride = 2}",
      "pixels f32[1x1x4xT] do not divide into patches of 2"),
  ]

  private static let views: [RefusedOperation] = [
    .init(
      "%x: f32[2xT]", "reshape(%x) {shape = [T]}", "shape has T elements, but f32[2xT] has 2*T"),
    .init(
      "%x: f32[2x3]", "transpose(%x) {perm = [0, 0]}",
      "perm = [0, 0] is not a permutation of 2 axes"),
    .init(
      "%x: f32[T]", "broadcast(%x) {shape = [1]}", "f32[T] does not broadcast to [1]"),
    .init(
      "%x: f32[4]", "slice(%x) {axis = 0, start = -1, end = 2}",
      "start and end count from 0, found -1"),
    .init(
      "%x: f32[4]", "slice(%x) {axis = 0, start = 3, end = 2}", "start 3 is beyond end 2"),
    .init(
      "%x: f32[4]", "slice(%x) {axis = 0, start = 3, end = 5}",
      "end 5 is beyond the extent 4 of axis 0"),
  ]

  private static let windows: [RefusedOperation] = [
    .init(
      "%x: f32[1x4x4]", "unfold(%x) {kernel = [1, 1]}",
      "pixels has type f32[1x4x4], expected [batch, channels, height, width]"),
    .init(
      "%x: f32[4x4]", "max_pool(%x) {kernel = [1, 1]}",
      "pixels has type f32[4x4], expected [batch, height, width, channels]"),
    .init(
      "%x: f32[1x4x4x2], %w: f32[3x4]", "conv(%x, %w) {kernel = [2, 2]}",
      "weight has type f32[3x4], expected [out, 8]"),
    .init(
      "%x: f32[1x1x4x4]", "unfold(%x) {kernel = [1, 0]}",
      "kernel = [1, 0], expected 2 integers from 1 to 1048576"),
    .init(
      "%x: f32[1x1x4xT]", "unfold(%x) {kernel = [1, 2], strides = [1, 2]}",
      "windows at every 2 do not fill an extent of T"),
    .init(
      "%x: f32[1x1x4x4]", "unfold(%x) {kernel = [3, 3], dilations = [1, 2]}",
      "a window of 5 does not fit into an extent of 4 with its pads"),
  ]

  static let failing: [FailingEvaluation] = [
    .init(
      "embedding", [.init(.f32, [2, 1], [1, 2]), .init(.i64, [1], [2])],
      "id 2 is outside the table's 2 rows"),
    .init(
      "embedding", [.init(.f32, [2, 1], [1, 2]), .init(.i64, [1], [-1])],
      "id -1 is outside the table's 2 rows"),
    .init(
      "gather", [.init(.f32, [2], [1, 2]), .init(.i64, [1], [-3])],
      "id -3 is outside an axis of 2"),
    .init(
      "scatter",
      [.init(.f32, [2], [1, 2]), .init(.i64, [1], [2]), .init(.f32, [1], [0])],
      "id 2 is outside an axis of 2"),
    .init(
      "masked_scatter",
      [.init(.f32, [2], [1, 2]), .init(.bool, [2], [1, 1]), .init(.f32, [1], [0])],
      "mask selects more elements than source's 1"),
    .init(
      "top_k", [.init(.f32, [2], [1, 2])], "k = 3 is beyond the extent 2 of axis 0",
      ["k": .dimension(Dim(symbol: "T")), "axis": .integer(0)]),
    // The verifier refuses the graphs of these: constant folding may come first.
    .init(
      "cache_append",
      [.init(.f32, [1, 1, 2, 1], [0, 0]), .init(.f32, [1, 1, 1, 1], [1])],
      "3 positions do not fit a cache of 2", ["at": .integer(2)]),
    .init(
      "slice", [.init(.f32, [2], [1, 2])], "slice 0..<3 is outside axis 0 of extent 2",
      ["axis": .integer(0), "start": .integer(0), "end": .dimension(Dim(symbol: "T"))]),
  ]
}

/// Inputs that an operation's evaluation refuses, and the words.
struct FailingEvaluation: Sendable, CustomTestStringConvertible {
  let op: String
  let inputs: [HostTensor]
  let attributes: Attributes
  let message: String
  var testDescription: String { message }

  init(_ op: String, _ inputs: [HostTensor], _ message: String, _ attributes: Attributes = [:]) {
    self.op = op
    self.inputs = inputs
    self.attributes = attributes
    self.message = message
  }
}
