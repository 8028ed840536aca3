import CKernels
import IR
import Testing

@testable import Compiler
@testable import Validation

/// Plans whose weights are large enough for every kind of product (2^16 numbers), on each instruction set
/// of this CPU, against the interpreter with the weights as they are stored.
///
/// Sums are taken in an order that is the instruction set's own, so results differ in their last bits.
/// What rounds activations turns that into more: an activation between two steps may be rounded to either.
@Suite struct InstructionSetTests {
  private static let graph = """
    module @wide {
      symbol T <= 16
      weight %norm.weight : f32[256] {value = random(1, 0.2)}
      weight %up.weight   : f32[256x256] {value = random(2, 0.06)}
      weight %up.bias     : f32[256] {value = random(3, 0.1)}
      weight %down.weight : f32[256x256] {value = random(4, 0.06)}

      // The product alone, of the numbers that are given.
      func @product(%x: f32[Tx256]) -> (y: f32[Tx256]) {
        %y = linear(%x, %up.weight) : f32[Tx256]
        return %y
      }

      func @layers(%x: f32[Tx256]) -> (y: f32[Tx256]) {
        %norm   = rms_norm(%x, %norm.weight) {eps = 1e-06, weight_offset = 1.0} : f32[Tx256]
        %wide   = linear(%norm, %up.weight, %up.bias)         : f32[Tx256]
        %active = gelu(%wide)                                 : f32[Tx256]
        %narrow = linear(%active, %down.weight)               : f32[Tx256]
        %y      = add(%x, %narrow)                            : f32[Tx256]
        return %y
      }
    }
    """

  /// How far results may be from the interpreter's, in units of the largest number among them.
  struct Bound: Sendable, CustomTestStringConvertible {
    let dtype: PassContext.DType
    /// With f32 activations: the rounding of f32 sums of a few hundred products.
    let exact: Double
    /// With rounded activations. nil where none are.
    let rounded: Double?

    var testDescription: String { "\(dtype)" }
  }

  static let bounds = [
    Bound(dtype: .f32, exact: 1e-5, rounded: nil),
    // Each activation moves by 2⁻⁹ of itself, if the instruction set has products of bf16.
    Bound(dtype: .bf16, exact: 1e-5, rounded: 0x1p-8),
    // Each activation moves by half of 1/127 of the largest of its 256.
    Bound(dtype: .int8, exact: 0, rounded: 0x1p-6),
    Bound(dtype: .int4, exact: 0, rounded: 0x1p-6),
  ]

  /// The results of all instruction sets, and of the interpreter.
  private static func results(
    _ dtype: PassContext.DType
  ) throws -> (expected: [[HostTensor]], found: [(isa: InstructionSet, [[HostTensor]])]) {
    let module = try Module.parse(graph)
    // One row that streams the weight, and blocks of rows.
    let calls = try ReferenceCalls(
      module, at: [1, 11].map { ["T": $0] }, evaluates: false)
    var (stored, context) = (module, PassContext())
    context.dtype = dtype
    try PassManager(named: ["quantize"]).run(&stored, context: &context)
    let (plain, values) = try stored.unpacked(calls.seeded.weight)
    let expected = try calls.results(of: plain) { try values[$0.name] ?? calls.seeded.weight($0) }
    var setup = PlanSetup(dtype: dtype)
    let file = try PlanDifferential(reference: calls, setup: setup).planFile()
    let found = try supportedInstructionSets.map { isa in
      setup.instructionSet = isa
      let results = try PlanDifferential(reference: calls, setup: setup).results(from: file)
      return (isa, Array(results.joined()))
    }
    return (Array(expected.joined()), found)
  }

  @Test(arguments: bounds)
  func `plans compute what their stored weights say`(bound: Bound) throws {
    let (expected, found) = try Self.results(bound.dtype)
    for (isa, results) in found {
      let isRounded = bound.exact == 0 || (bound.dtype == .bf16 && isa == .avx512BF16)
      let limit = isRounded ? bound.rounded ?? 0 : bound.exact
      let worst = zip(expected, results).map { Difference.largest(from: $0, to: $1) }.max() ?? 0
      #expect(worst <= limit, "\(isa)")
      // Rounding shows, so these products were the ones that ran.
      #expect(!isRounded || worst > 1e-4, "\(isa)")
      guard bound.exact == 0 else { continue }
      // A product of given numbers has the same bits everywhere. Layers have not: norms and activations
      // between the products differ in their last bits, and then steps of int8 may.
      for (call, result) in results.enumerated() {
        let isProduct = call % 2 == 0
        let difference = Difference.largest(from: found[0].1[call], to: result)
        #expect(difference <= (isProduct ? 0 : limit), "\(isa)")
      }
    }
  }
}
