import CKernels
import Foundation
import IR
import Testing
import Validation

@testable import Compiler

/// Plans of whole graphs, executed and held against the reference interpreter, which computes in
/// double precision.
@Suite struct PlanExecutionTests {
  /// Rounding of f32 sums of a few thousand products.
  static let tolerance = 1e-4

  static let blocks = ["notes/patch_embedding", "siglip-block", "gemma-block"]

  @Test(arguments: blocks)
  func `a graph's plan computes what the graph says`(file: String) throws {
    let reference = try ReferenceCalls(Module.graph(file))
    for passes in [PassManager.lowering, PassManager.pipeline] {
      for isa in supportedInstructionSets {
        let difference = try PlanDifferential(
          reference: reference, setup: PlanSetup(passes: passes, instructionSet: isa)
        ).firstDifference(tolerance: Self.tolerance)
        #expect(difference == nil)
      }
    }
  }

  /// A bf16 weight is off by up to 2⁻⁸ of its size, and a result by a few times that.
  @Test(arguments: blocks)
  func `bf16 weights keep two digits`(file: String) throws {
    let reference = try ReferenceCalls(Module.graph(file))
    for isa in supportedInstructionSets {
      let difference = try PlanDifferential(
        reference: reference, setup: PlanSetup(dtype: .bf16, instructionSet: isa)
      ).firstDifference(tolerance: 0x1p-6)
      #expect(difference == nil)
    }
  }

  /// Products with bf16 weights are summed in f32: against the graph with rounded weights, a plan is as
  /// exact as in f32.
  @Test(arguments: blocks)
  func `only the weights are rounded to bf16`(file: String) throws {
    var module = try Module.graph(file)
    var context = PassContext()
    context.dtype = .bf16
    try PassManager(named: ["quantize"]).run(&module, context: &context)
    let difference = try PlanDifferential(
      reference: ReferenceCalls(module), setup: .optimised
    ).firstDifference(tolerance: Self.tolerance)
    #expect(difference == nil)
  }

  @Test func `the mini model's plan computes what the graph says`() throws {
    let reference = try ReferenceCalls(Module.graph("mini-paligemma"), at: [["T": 24, "P": 24]])
    for (dtype, tolerance) in [(PassContext.DType.f32, Self.tolerance), (.bf16, 0x1p-5)] {
      let difference = try PlanDifferential(reference: reference, setup: PlanSetup(dtype: dtype))
        .firstDifference(tolerance: tolerance)
      #expect(difference == nil)
    }
  }

  /// At sizes that give every kernel several tiles.
  @Test func `any number of threads gives the same bits`() throws {
    let reference = try ReferenceCalls(
      Module.graph("mini-paligemma"), at: [["T": 160, "P": 160]], evaluates: false)
    for dtype in [PassContext.DType.f32, .bf16] {
      var setup = PlanSetup(dtype: dtype, threads: 1)
      let file = try PlanDifferential(reference: reference, setup: setup).planFile()
      let expected = try PlanDifferential(reference: reference, setup: setup).results(from: file)
      for threads in [2, 3, 8] {
        setup.threads = threads
        let found = try PlanDifferential(reference: reference, setup: setup).results(from: file)
        #expect(found == expected, "\(setup)")
      }
    }
  }
}

extension Module {
  /// One of the shipped graphs.
  static func graph(_ name: String) throws -> Module {
    let url = PassPipelineTests.graphs.appendingPathComponent("\(name).pg")
    return try Module.parse(String(contentsOf: url, encoding: .utf8))
  }
}

/// The instruction sets that this CPU can run.
let supportedInstructionSets: [InstructionSet] = [
  .scalar, .avx2, .avx512, .avx512BF16,
].filter {
  pg_isa_is_supported($0)
}
