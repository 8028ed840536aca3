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

  @Test func `the example says in one line what is wrong`() throws {
    let run = try CommandLineProcess.run(["no.plan", "no.png", "caption en"], of: "AskPicture")
    #expect(run.status == 1)
    #expect(run.output.hasPrefix("no.plan: ") && run.output.split(separator: "\n").count == 1)
  }
}
