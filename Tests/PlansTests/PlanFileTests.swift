import Foundation
import Plans
import Tensors
import Testing

@Suite struct PlanFileTests {
  static let tensorNames = [
    "table", "half", "order", "nothing", "number", "tokenizer.pieces", "paligraph.checksums",
  ]

  @Test func `any reader of safetensors lists the tensors`() throws {
    try withTemporaryFile(bytes: file(of: Plan.rich, extras: [tokenizerTable])) { path in
      let file = try SafetensorsFile(path: path)
      #expect(file.entries.filter { !$0.isPadding }.map(\.name) == Self.tensorNames)
      #expect(file.metadata("format") == "paligraph")
      #expect(file.metadata("paligraph.version") == "\(PlanFile.formatVersion)")
      #expect(try file.tensor(named: "half").floats() == (0..<15).map { Float($0) })
    }
  }

  @Test func `data begin at a page and each tensor at 64 bytes`() throws {
    try withTemporaryFile(bytes: file(of: Plan.rich, extras: [tokenizerTable])) { path in
      let file = try PlanFile(path: path)
      #expect(file.entries.map(\.name) == Self.tensorNames)
      let starts = file.entries.map(\.range.lowerBound)
      #expect(starts[0] % 4096 == 0)
      #expect(starts.allSatisfy { $0 % 64 == 0 })
      #expect(file.entries.last?.range.upperBound == file.byteCount)
      #expect(try content(of: path).count == file.byteCount)
    }
  }

  @Test func `tensors are lent by their place in the plan and by name`() throws {
    try withTemporaryFile(bytes: file(of: Plan.rich, extras: [tokenizerTable])) { path in
      let file = try PlanFile(path: path)
      for (index, tensor) in file.plan.tensors.enumerated() {
        let lent = file.withUnsafeBytes(ofTensor: index) { Array($0) }
        #expect(lent == values(of: tensor).withUnsafeBytes { Array($0) })
      }
      #expect(try file.tensor(named: "tokenizer.pieces")?.integers() == Array(0..<33))
      #expect(try file.tensor(named: "none") == nil)
    }
  }

  @Test func `an undamaged file passes the check of its tensors`() throws {
    try withTemporaryFile(bytes: file(of: Plan.rich, extras: [tokenizerTable])) { path in
      try PlanFile(path: path).verifyTensors()
    }
  }

  @Test(arguments: ["table", "half", "order", "number", "tokenizer.pieces"])
  func `a changed tensor is named`(name: String) throws {
    let bytes = try file(of: Plan.rich, extras: [tokenizerTable])
    let entries = try withTemporaryFile(bytes: bytes) { try PlanFile(path: $0).entries }
    let range = try #require(entries.first { $0.name == name }).range
    for position in [range.lowerBound, range.upperBound - 1] {
      var changed = bytes
      changed[position] ^= 1
      try withTemporaryFile(bytes: changed) { path in
        // Opening does not read the tensors.
        let file = try PlanFile(path: path)
        let error = #expect(throws: PlanFileError.self) { try file.verifyTensors() }
        #expect(
          error?.description == "\(path): tensor \(name) was changed; compile it again")
      }
    }
  }

  @Test(arguments: [0, 2])
  func `checksums of more or fewer tensors are none`(count: Int) throws {
    try withTemporaryFile(bytes: EditedPlanFile(checksumCount: count).bytes) { path in
      let file = try PlanFile(path: path)
      let error = #expect(throws: PlanFileError.self) { try file.verifyTensors() }
      #expect(error?.problem == "it has no tensor checksums; compile it again")
    }
  }

  @Test func `the name of a changed tensor is escaped`() throws {
    var plan = Plan.minimal
    plan.tensors[0].name = "w\u{1B}[2J"
    var bytes = try file(of: plan)
    bytes[4096] ^= 1
    try withTemporaryFile(bytes: bytes) { path in
      let file = try PlanFile(path: path)
      let error = #expect(throws: PlanFileError.self) { try file.verifyTensors() }
      #expect(error?.problem == #"tensor w\u{1b}[2J was changed; compile it again"#)
    }
  }
}
