import Foundation
import SourceMessages
import Tensors
import Testing

@testable import Plans

/// What is said about plans that cannot be sound is all expected by a test.
@Suite struct PlanMessageTests {
  @Test(arguments: packings)
  func `a packing that does not fit is refused`(flaw: Flaw) throws { try flaw.expectRefusal() }

  static let packings = [
    Flaw("a vector is packed", "tensor table: int8_panels holds no f32[12]") {
      $0.tensors[0].packing = .int8
      $0.tensors[0].shape = [12]
    },
    Flaw(
      "a packed tensor is read by a kernel for others",
      "@f, step rows cannot read a tensor in f32_panels"
    ) {
      $0.tensors[0].packing = .f32
    },
  ]

  @Test func `no message of the plan's verifier is untested`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/Plans").path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      $0.hasPrefix("PlanVerifier") || $0 == "ArenaContents.swift"
    }
    let places = try files.flatMap {
      try UntestedMessages.places(in: "\(folder)/\($0)", of: ["PlanError"])
    }
    #expect(places.count > 15)
    let flaws =
      PlanVerifierTests.memory + PlanVerifierTests.views + PlanVerifierTests.writes
      + PlanArenaTests.flaws + PlanSizeTests.flaws + PlanSizeTests.overlaps + Self.packings
    #expect(
      UntestedMessages.lines(UntestedMessages.once(places), expected: flaws.map(\.message)) == [])
  }
}
