import Foundation
import Testing

/// `Examples/AskPicture`: what the library's README promises to a Swift user.
@Suite struct ExampleProgramTests {
  @Test func `the example prints the answer`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let picture = "\(PictureRunTests.model)/picture.png"
    let run = try CommandLineProcess.run([plan, picture, "caption en"], of: "AskPicture")
    #expect(run.status == 0)
    #expect(run.output.hasPrefix(try PictureRunTests.expected()))
  }

  /// What a package gets that depends on the product `PaliGraphRuntime`.
  @Test func `a program that only runs plans links the run side alone`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let picture = "\(PictureRunTests.model)/picture.png"
    let run = try CommandLineProcess.run([plan, picture, "caption en"], of: "RunPlan")
    let expected = try PictureRunTests.expected()
    #expect(run.status == 0 && run.output.hasPrefix(expected))
    let libraries = try Self.libraries(of: "RunPlan")
    #expect(libraries.contains("png"))
    #expect(!libraries.contains("onnx") && !libraries.contains("protobuf"), "\(libraries)")
    // The whole product has them, so this would notice.
    #expect(try Self.libraries(of: "AskPicture").contains("protobuf"))
    // Names of symbols begin with the length and name of their module.
    let binary = try Data(
      contentsOf: try CommandLineProcess.built("RunPlan"), options: .alwaysMapped)
    #expect(binary.range(of: Data("$s8Pipeline".utf8)) != nil)
    for module in ["8Compiler", "2IR", "11Interchange", "6Models"] {
      #expect(binary.range(of: Data("$s\(module)".utf8)) == nil, "\(module)")
    }
  }

  /// What the dynamic linker loads for a program.
  private static func libraries(of program: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ldd")
    process.arguments = [try CommandLineProcess.built(program).path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text
  }

  @Test func `the example says in one line what is wrong`() throws {
    let run = try CommandLineProcess.run(["no.plan", "no.png", "caption en"], of: "AskPicture")
    #expect(run.status == 1)
    #expect(run.output.hasPrefix("no.plan: ") && run.output.split(separator: "\n").count == 1)
  }
}
