import Foundation
import JSON
import Tensors
import Testing

@testable import Plans

/// Files that are no plans, damaged plans, plans of other versions.
@Suite struct PlanFileRefusalTests {
  static let wrongChecksum =
    "the header's checksum is wrong, so the plan was changed; compile it again"

  /// Expects that the file is refused in one printable line that begins with its name, and returns
  /// the rest of it.
  @discardableResult
  func expectRefusal(at path: String) -> String {
    let error = #expect(throws: PlanFileError.self) { try PlanFile(path: path) }
    let message = error?.description ?? ""
    #expect(message.hasPrefix("\(path): "))
    #expect(!message.utf8.contains { $0 < 0x20 || $0 == 0x7F })
    return error?.problem ?? ""
  }

  func expectRefusal(of bytes: [UInt8]) throws -> String {
    try withTemporaryFile(bytes: bytes) { expectRefusal(at: $0) }
  }

  @Test func `a plan cut off anywhere is refused`() throws {
    let bytes = try file(of: .minimal)
    try withTemporaryFile(bytes: bytes) { path in
      for count in bytes.indices.reversed() {
        truncate(path, off_t(count))
        let reason =
          switch count {
          case ..<8:
            "\(count) bytes are too few for a safetensors header; the file is not "
              + "safetensors or cut short"
          case ..<4096: "a header of 4088 bytes in a file of \(count); the file is cut short"
          default:
            "\(count - 4096) bytes of tensors where the header promises 72; the file is "
              + "cut short"
          }
        let problem = expectRefusal(at: path)
        #expect(
          problem == "this is no whole plan: \(reason); make one with paligraph compile")
      }
    }
  }

  /// All bits of the header's length and text, one bit of every ninth space behind it. What stands
  /// in the `format` field is nobody's business.
  @Test func `a plan with any bit of its header flipped is refused or the same plan`() throws {
    let bytes = try file(of: .minimal)
    let header = bytes[..<4096]
    let textEnd = 1 + (header.lastIndex(of: UInt8(ascii: "}")) ?? 0)
    var accepted = 0
    try withTemporaryFile(bytes: bytes) { path in
      let handle = try #require(FileHandle(forUpdatingAtPath: path))
      defer { try? handle.close() }
      for (position, byte) in header.enumerated() where position < textEnd || position % 9 == 0 {
        for bit in position < textEnd ? 0..<8 : position % 8..<position % 8 + 1 {
          try handle.seek(toOffset: UInt64(position))
          try handle.write(contentsOf: [byte ^ (1 << bit)])
          do {
            let file = try PlanFile(path: path)
            #expect(file.plan == .minimal, "byte \(position), bit \(bit)")
            accepted += 1
          } catch let error as PlanFileError {
            #expect(error.description.hasPrefix("\(path): "), "byte \(position), bit \(bit)")
          }
        }
        try handle.seek(toOffset: UInt64(position))
        try handle.write(contentsOf: [byte])
      }
      #expect(try PlanFile(path: path).plan == .minimal)
    }
    #expect(accepted < 8 * "formatpaligraph".utf8.count)
  }

  @Test func `files written by hand are accepted when they are right`() throws {
    try withTemporaryFile(bytes: EditedPlanFile().bytes) { path in
      let file = try PlanFile(path: path)
      #expect(file.plan == .minimal)
    }
  }

  @Test(arguments: ["0", "1", "2", "02", "3.0", "", "new\u{1B}[2J"])
  func `other versions are to be compiled again`(version: String) throws {
    let shown = version == "new\u{1B}[2J" ? #"new\u{1b}[2J"# : version
    #expect(
      try expectRefusal(of: EditedPlanFile(version: version).bytes)
        == "plan format \(shown) is not \(PlanFile.formatVersion), the one this program reads; compile it again"
    )
  }

  @Test func `another version is told apart even when all else is unreadable`() throws {
    let edited = EditedPlanFile(version: "9", checksum: "new", stepList: "new")
    #expect(
      try expectRefusal(of: edited.bytes).hasPrefix(
        "plan format 9 is not \(PlanFile.formatVersion)"))
  }

  @Test(arguments: ["", "0", "0000000000000000", "000000000000000g"])
  func `a wrong checksum is refused`(checksum: String) throws {
    #expect(
      try expectRefusal(of: EditedPlanFile(checksum: checksum).bytes) == Self.wrongChecksum)
  }

  @Test func `the checksum covers the tensors' names, types and places`() throws {
    let right = PlanFile.checksum(plan: Plan.minimal.json.encoded(), [])
    for tensor in [
      SafetensorsLayout.Declaration("v", .f32, shape: [1]), .init("w", .i32, shape: [1]),
      .init("w", .f32, shape: [1, 1]), .init("w", .f32, shape: [2]),
    ] {
      let edited = EditedPlanFile(checksum: right, tensor: tensor)
      #expect(try expectRefusal(of: edited.bytes) == Self.wrongChecksum)
    }
  }

  @Test(arguments: [
    SafetensorsLayout.Declaration("v", .f32, shape: [1]), .init("w", .i32, shape: [1]),
    .init("w", .f32, shape: [1, 1]), .init("w", .f32, shape: [2]), .init("w", .f32, shape: []),
  ])
  func `a tensor that is not the plan's is refused`(
    tensor: SafetensorsLayout.Declaration
  ) throws {
    #expect(
      try expectRefusal(of: EditedPlanFile(tensor: tensor).bytes)
        == "tensor w is missing or has another shape")
  }

  @Test func `a tensor that vector loads could not read is refused`() throws {
    #expect(
      try expectRefusal(of: EditedPlanFile(isAligned: false).bytes)
        == "tensor w is not aligned to 64 bytes")
  }

  @Test(arguments: [
    EditedPlanFile(version: nil), EditedPlanFile(stepList: nil),
    EditedPlanFile(version: nil, stepList: nil),
  ])
  func `a safetensors file is no plan`(edited: EditedPlanFile) throws {
    #expect(
      try expectRefusal(of: edited.bytes) == "this is no plan; make one with paligraph compile")
  }

  @Test(arguments: [
    ("", "no whole plan: 0 bytes are too few"), ("{}", "no whole plan: 2 bytes are too few"),
    ("plan @m, which is text", "no plan: a header of "),
    ("\0\0\0\0\0\0\0\0", "no plan: safetensors header: not valid JSON"),
    ("\u{2}\0\0\0\0\0\0\0[]", "no plan: safetensors header: the top level: expected an object"),
  ])
  func `other files are no plans`(text: String, reason: String) throws {
    let problem = try expectRefusal(of: Array(text.utf8))
    #expect(problem.hasPrefix("this is no"))
    #expect(problem.contains(reason))
    #expect(problem.hasSuffix("; make one with paligraph compile"))
  }

  @Test(.timeLimit(.minutes(1)))
  func `what is no file is refused without waiting`() throws {
    try withTemporaryFolder { folder in
      let irregular = "not a regular file; give the path of a file"
      #expect(expectRefusal(at: folder) == irregular)
      #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
      #expect(expectRefusal(at: "\(folder)/pipe") == irregular)
      #expect(expectRefusal(at: "/dev/zero") == irregular)
      let cure = "; check the path and its permissions"
      #expect(
        expectRefusal(at: "\(folder)/none") == "cannot be read: No such file or directory" + cure)
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/loop", withDestinationPath: "loop")
      #expect(
        expectRefusal(at: "\(folder)/loop")
          == "cannot be read: Too many levels of symbolic links" + cure)
    }
  }

  @Test func `the file's name is escaped in messages`() throws {
    let error = #expect(throws: PlanFileError.self) { try PlanFile(path: "no\u{1B}[2J") }
    #expect(
      error?.description.hasPrefix(#"no\u{1b}[2J: cannot be read: No such file or directory; "#)
        == true)
  }
}
