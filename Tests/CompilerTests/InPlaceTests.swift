import IR
import Plans
import Testing
import Validation

@testable import Runtime

/// What the compiler computes in place is what the kernels allow, and does not change a bit.
@Suite struct InPlaceTests {
  /// A step that may write over `%a`, which is one of its operands.
  struct Case: Sendable, CustomTestStringConvertible {
    let step: String
    let kernel: String
    let position: Int
    var testDescription: String { "\(kernel), operand \(position): \(step)" }

    init(_ step: String, _ position: Int, kernel: String? = nil) {
      self.step = step
      self.position = position
      self.kernel = kernel ?? String(step.prefix { $0 != "(" })
    }
  }

  static let functions = [
    "neg", "abs", "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "sigmoid", "relu",
    "silu", "gelu",
  ].map { Case("\($0)(%a)", 0) }

  static let pairs = ["add", "sub", "mul", "div", "pow", "maximum", "minimum"].flatMap {
    [Case("\($0)(%a, %y)", 0), Case("\($0)(%y, %a)", 1), Case("\($0)(%a, %row)", 0)]
  }

  static let rows = [
    Case("softmax(%a)", 0), Case("softmax(%a) {axis = 1}", 0), Case("layer_norm(%a)", 0),
    Case("layer_norm(%a, weight = %row, bias = %row)", 0), Case("rms_norm(%a, %row)", 0),
    Case("batch_norm(%a)", 0), Case("rope(%a, %y, %y)", 0), Case("rope(%a, %row, %row)", 0),
    Case("masked_scatter(%a, %flags, %y)", 0),
  ]

  static let products =
    [
      ("f32", 1), ("bf16", 1), ("f32_panels", 1), ("bf16_panels", 1), ("int8_panels", 0),
      ("int4_panels", 0),
    ]
    .flatMap { packing, hasConv in
      let weight = "%\(packing)"
      let linear = [("multiplier", 3), ("residual", 4)].map { name, position in
        Case(
          "linear(%y, \(weight), \(name) = %a) {activation = relu}", position,
          kernel: "linear_\(packing)")
      }
      guard hasConv == 1 else { return linear }
      return linear + [
        Case(
          "conv(%y, \(weight), residual = %a) {kernel = [1, 1]}", 3, kernel: "conv_\(packing)"),
        Case(
          "conv(%y, %\(packing).wide, residual = %a) {kernel = [2, 2], pads = [1, 1, 0, 0]}", 3,
          kernel: "conv_\(packing)"),
      ]
    }

  static let cases = functions + pairs + rows + products

  /// The step on `%a` alone, or with `%a` among what is returned, so that it must be kept. Weights that
  /// come as inputs are not packed.
  static func graph(_ step: String, shape: String, keepsOperand: Bool) -> String {
    let type = "f32[\(shape)]"
    return """
      module @m {
        weight %f32_panels : f32[8x8] {packing = f32_panels}
        weight %bf16_panels : bf16[8x8] {packing = bf16_panels}
        weight %int8_panels : f32[8x8] {packing = int8_panels}
        weight %int4_panels : f32[8x8] {packing = int4_panels}
        weight %f32_panels.wide : f32[8x32] {packing = f32_panels}
        weight %bf16_panels.wide : bf16[8x32] {packing = bf16_panels}
        func @main(
          %x: \(type), %y: \(type), %row: f32[8], %flags: bool[\(shape)], %f32: f32[8x8],
          %bf16: bf16[8x8], %f32.wide: f32[8x32], %bf16.wide: bf16[8x32]
        ) -> (r: \(type), y: \(type)\(keepsOperand ? ", a: \(type)" : "")) {
          %a = abs(%x) : \(type)
          %r = \(step) : \(type)
          return %r, %y\(keepsOperand ? ", %a" : "")
        }
      }
      """
  }

  /// A few rows and more than the streaming kernels take.
  @Test(arguments: cases, ["1x2x2x8", "1x5x9x8"])
  func `a kernel that may write over an operand computes the same bits`(
    c: Case, shape: String
  ) throws {
    let results = try [false, true].map { keepsOperand in
      let module = try Module.parse(
        Self.graph(c.step, shape: shape, keepsOperand: keepsOperand))
      let differential = PlanDifferential(
        reference: try ReferenceCalls(module, evaluates: false), setup: .unoptimised)
      let file = try differential.planFile()
      let step = try #require(file.plan.functions[0].steps.last)
      #expect(step.kernel == c.kernel)
      let sharing = try step.sharing(ofOperand: c.position, [:])
      #expect(sharing == (keepsOperand ? .apart : .inPlace))
      return try differential.results(from: file).flatMap { $0 }.map {
        $0[0].values.map(\.bitPattern)
      }
    }
    #expect(results[0] == results[1])
  }

  @Test func `each operand that a kernel may write over is tried`() {
    let tried = Set(Self.cases.map { "\($0.kernel) \($0.position)" })
    let allowed = Set(
      KernelSharing.inPlace.flatMap { kernel, operands in
        operands.map { "\(kernel) \($0)" }
      })
    #expect(tried == allowed)
  }

  /// The compiler knows operations, the executor their kernels.
  @Test func `the compiler's table is the kernels'`() {
    for kernel in KernelRegistry.names {
      let families = ["linear", "conv", "embedding"]
      let op = families.first { kernel.hasPrefix("\($0)_") } ?? kernel
      #expect(
        (OpRegistry.definition(of: op)?.overwrittenOperands ?? []).sorted()
          == KernelSharing.inPlace[kernel, default: []],
        "\(kernel)")
    }
    for kernel in KernelSharing.inPlace.keys { #expect(KernelRegistry.names.contains(kernel)) }
    for kernel in KernelSharing.sameState.keys { #expect(KernelRegistry.names.contains(kernel)) }
  }
}
