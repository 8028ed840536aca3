import IR
import Testing
import Validation

@testable import Compiler

/// Wrong compilers: each must be caught, blamed on the pass that is wrong, and shown by a small graph
/// on which the same compiler fails again.
@Suite struct PlantedBugTests {
  @Test(arguments: PlantedBug.all)
  func `a wrong rewrite is caught, blamed and reduced`(bug: PlantedBug) throws {
    let fault = try #require(try fault(of: bug, on: Self.graph(bug.graph)))
    #expect(fault.pass == bug.pass.name, "\(fault)")
    let text = try #require(fault.reproducerText, "\(fault)")
    #expect(fault.reproducerSize <= 12, "\(text)")
    let again = try self.fault(of: bug, on: try Module.parse(text))
    #expect(again?.pass == bug.pass.name, "\(text)")
  }

  @Test(arguments: ["rows", "window", "cache", "gemma-block", "notes/patch_embedding"])
  func `the sound compiler passes on the same graphs`(name: String) throws {
    for dtype in PassContext.DType.allCases {
      var settings = Validator.Settings()
      settings.context.dtype = dtype
      var seen: [String] = []
      try Validator(try Self.graph(name), settings: settings).run { seen.append($0.name) }
      #expect(seen == PassManager.pipeline.map(\.name) + ["plan"])
    }
  }

  /// The rule and the operation are those of the first wrong rewrite.
  @Test func `bisection finds the single rewrite`() throws {
    let bug = try #require(PlantedBug.all.first { $0.name == "swapped operands" })
    let fault = try #require(try fault(of: bug, on: try Module.graph("gemma-block")))
    #expect(fault.rewrite?.rule == "rope")
    #expect(fault.rewrite?.subject == "@prefill, %q = add")
    #expect(fault.function == "prefill" && fault.value == "q")
    let number = try #require(fault.rewrite?.number)
    for (limit, isWrong) in [(number - 1, false), (number, true)] {
      var settings = Self.settings(bug)
      settings.stopAfter = limit
      let validator = try Validator(try Module.graph("gemma-block"), settings: settings)
      if isWrong {
        #expect(throws: Miscompilation.self) { try validator.run() }
      } else {
        try validator.run()
      }
    }
  }

  private func fault(of bug: PlantedBug, on module: Module) throws -> Miscompilation? {
    do { try Validator(module, settings: Self.settings(bug)).run() } catch let fault
      as Miscompilation
    {
      return fault
    }
    return nil
  }

  private static func settings(_ bug: PlantedBug) -> Validator.Settings {
    var settings = Validator.Settings()
    settings.passes = bug.passes
    settings.context.dtype = bug.dtype
    return settings
  }

  private static func graph(_ name: String) throws -> Module {
    try graphs[name].map { try Module.parse($0) } ?? Module.graph(name)
  }

  private static let graphs = [
    "rows": """
    module @rows {
      weight %w : f32[4x4]
      weight %b : f32[4]
      func @f(%x: f32[6x4], %y: f32[4x6]) -> (f32[4x6], f32[6x4], f32[2x2x2], f32[6x4], f32[2x4], f32[4x4]) {
        %one = constant() {value = 1.0} : f32[]
        %e = exp(%x) : f32[6x4]
        %s = softmax(%e) {axis = 0} : f32[6x4]
        %rest = sub(%one, %s) : f32[6x4]
        %turned = transpose(%rest) {perm = [1, 0]} : f32[4x6]
        %z = mul(%turned, %y) : f32[4x6]
        %n = softmax(%turned) : f32[4x6]
        %u = add(%z, %n) : f32[4x6]
        %p = matmul(%x, %w) {transpose_b = true} : f32[6x4]
        %a = tanh(%p) : f32[6x4]
        %q = add(%a, %b) : f32[6x4]
        %abs = abs(%x) : f32[6x4]
        %split = reshape(%abs) {shape = [6, 2, 2]} : f32[6x2x2]
        %last = slice(%split) {axis = 0, start = 4, end = 6} : f32[2x2x2]
        %l = neg(%last) : f32[2x2x2]
        %r = mul(%e, %x) : f32[6x4]
        %first.rows = slice(%r) {axis = 0, start = 0, end = 2} : f32[2x4]
        %last.rows = slice(%r) {axis = 0, start = 4, end = 6} : f32[2x4]
        %d = sub(%first.rows, %last.rows) : f32[2x4]
        %square = matmul(%x, %x) {transpose_a = true} : f32[4x4]
        %cubed = mul(%square, %w) : f32[4x4]
        %around = transpose(%cubed) {perm = [1, 0]} : f32[4x4]
        %copied = contiguous(%around) : f32[4x4]
        %both = maximum(%copied, %cubed) : f32[4x4]
        %span = sub(%copied, %both) : f32[4x4]
        return %u, %q, %l, %r, %d, %span
      }
    }
    """,
    "window": """
    module @window {
      symbol T <= 7
      func @f(%x: f32[1x2xTx4], %y: f32[1x2xTx4]) -> (f32[1x2xTx4]) {
        %k = exp(%y) : f32[1x2xTx4]
        %v = tanh(%y) : f32[1x2xTx4]
        %dots = matmul(%x, %k) {transpose_b = true} : f32[1x2xTxT]
        %half = constant() {value = 0.5} : f32[]
        %scaled = mul(%dots, %half) : f32[1x2xTxT]
        %mask = causal_mask() {queries = T, keys = T, window = 3} : f32[TxT]
        %seen = add(%scaled, %mask) : f32[1x2xTxT]
        %weights = softmax(%seen) : f32[1x2xTxT]
        %out = matmul(%weights, %v) : f32[1x2xTx4]
        %r = add(%out, %x) : f32[1x2xTx4]
        return %r
      }
    }
    """,
    "cache": """
    module @cache {
      symbol P <= 5
      state %c : f32[1x2x6x4]
      func @f(%x: f32[1x2x1x4], %y: f32[1x2x1x4]) -> (f32[1x2x1x4], f32[1x2x2x4]) {
        %a = exp(%x) : f32[1x2x1x4]
        %old = cache_append(%c, %a) {at = 0} : f32[1x2x1x4]
        %kept = contiguous(%old) : f32[1x2x1x4]
        %b = tanh(%y) : f32[1x2x1x4]
        %second = cache_append(%c, %b) {at = 1} : f32[1x2x2x4]
        %all = contiguous(%second) : f32[1x2x2x4]
        %third = cache_append(%c, %y) {at = 0} : f32[1x2x1x4]
        %d = add(%kept, %b) : f32[1x2x1x4]
        %fourth = cache_append(%c, %d) {at = 1} : f32[1x2x2x4]
        %n = neg(%all) : f32[1x2x2x4]
        %e = sub(%fourth, %n) : f32[1x2x2x4]
        return %d, %e
      }
    }
    """,
  ]
}

extension PlantedBug: CustomTestStringConvertible {
  var testDescription: String { "\(pass.name): \(name)" }
}
