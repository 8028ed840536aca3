import CKernels
import Foundation
import IR
import Testing

@testable import Compiler

/// Plans of whole graphs, executed and held against the reference interpreter, which computes in
/// double precision.
@Suite struct PlanExecutionTests {
  /// Rounding of f32 sums of a few thousand products.
  static let tolerance = 1e-4

  @Test(arguments: ["patch-embedding", "siglip-block", "gemma-block"])
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

  @Test(arguments: 0..<200)
  func `a random graph's plan computes what the graph says`(seed: Int) throws {
    let module = try PassRandomGraph.module(seed: seed, size: 14)
    guard (try? Verifier.verify(module)) != nil else { return }
    let reference = try ReferenceCalls(module)
    for setup in [PlanSetup.unoptimised, .optimised] {
      let difference = try PlanDifferential(reference: reference, setup: setup)
        .firstDifference(tolerance: Self.tolerance)
      #expect(difference == nil, "\(module)")
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
