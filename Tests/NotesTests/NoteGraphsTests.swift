import CKernels
import Compiler
import IR
import Testing
import Validation

/// What holds for every graph of the tour.
@Suite struct NoteGraphsTests {
  @Test(arguments: Note.names)
  func `every graph reads back as it prints`(name: String) throws {
    let printed = try Note(name).module.description
    #expect(try Module.parse(printed).description == printed)
  }

  /// At every size and on every instruction set.
  @Test(arguments: Note.names)
  func `a plan computes what the graph says`(name: String) throws {
    let reference = try ReferenceCalls(Note(name).module)
    let instructionSets = [InstructionSet.scalar, .avx2, .avx512, .avx512BF16]
    for passes in [PassManager.lowering, PassManager.pipeline] {
      for instructionSet in instructionSets.filter({ pg_isa_is_supported($0) }) {
        let setup = PlanSetup(passes: passes, instructionSet: instructionSet)
        let difference = try PlanDifferential(reference: reference, setup: setup)
          .firstDifference(tolerance: 1e-4)
        #expect(difference == nil)
      }
    }
  }
}
