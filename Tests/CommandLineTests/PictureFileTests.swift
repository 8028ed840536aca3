import Foundation
import Testing

/// Where pictures come from and go to.
@Suite struct PictureFileTests {
  static let picture = "\(PictureRunTests.model)/picture.png"

  private static func run(
    _ plan: String, _ options: [String], shell: String? = nil
  ) throws -> CommandLineProcess {
    try CommandLineProcess.run(
      ["run", plan, "--max-new-tokens", "4"] + options, shell: shell)
  }

  @Test func `a picture comes from a file, standard input or a data URL`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let bytes = try Data(contentsOf: CommandLineProcess.root.appendingPathComponent(Self.picture))
    let file = try Self.run(plan, ["--image", Self.picture])
    #expect(file.status == 0 && !file.output.isEmpty)
    for run in [
      try Self.run(plan, ["--image", "-"], shell: "\"$0\" \"$@\" < \(Self.picture)"),
      try Self.run(plan, ["--image", "-"], shell: "cat \(Self.picture) | \"$0\" \"$@\""),
      try Self.run(plan, ["--image", "data:image/png;base64,\(bytes.base64EncodedString())"]),
    ] {
      #expect(run.status == 0 && run.output == file.output, "\(run.errors)")
    }
    let missing = try Self.run(plan, ["--image", "-"])
    #expect(missing.status == 1 && missing.errors.contains("standard input: "))
  }

  /// 64 MiB whatever memory there is, if the limit of pixels asks for no more.
  @Test func `standard input is read as far as the longest file goes`() throws {
    let scratch = try Scratch()
    let (most, block) = (64 << 20, 1 << 16)
    func run(_ count: Int) throws -> CommandLineProcess {
      let path = scratch.path("\(count)")
      try Data().write(to: URL(fileURLWithPath: path))
      #expect(truncate(path, count) == 0)
      return try CommandLineProcess.run(
        ["run", try CompiledPlans.picture.get(), "--image", "-"],
        environment: ["PALIGRAPH_PIXEL_LIMIT": "1"], shell: "exec \"$0\" \"$@\" < '\(path)'")
    }
    let whole = try run(most)
    #expect(whole.status == 1 && whole.errors.contains("is not a JPEG, PNG"), "\(whole.errors)")
    // One block shows that there are more; the second is not read.
    let longer = try run(most + 2 * block)
    let problem = "standard input: is \(most + block) bytes long, more than the \(most)"
    #expect(longer.status == 1 && longer.errors.contains(problem), "\(longer.errors)")
  }

  @Test func `standard input that cannot be read is one line`() throws {
    let run = try CommandLineProcess.run(
      ["run", try CompiledPlans.picture.get(), "--image", "-"],
      shell: #"ulimit -t 20; exec "$0" "$@" < /"#)
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("standard input: cannot be read: Is a directory"), "\(run.errors)")
  }

  @Test(arguments: ["https://example.com/a.png", "file:///a.png", "data:image/png;base64,A"])
  func `other URLs are refused before anything is read`(url: String) throws {
    let run = try Self.run("no.plan", ["--image", url])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains(url.hasPrefix("data") ? "data: URL" : "fetches nothing"))
  }

  @Test func `the name says what is drawn`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let starts: [String: [UInt8]] = [
      "a.png": [0x89], "b.jpg": [0xFF, 0xD8], "c.JPEG": [0xFF, 0xD8],
    ]
    for (name, start) in starts {
      let run = try Self.run(plan, ["--image", Self.picture, "--draw", scratch.path(name)])
      #expect(run.status == 0, "\(run.errors)")
      #expect(try Data(contentsOf: scratch.url.appendingPathComponent(name)).starts(with: start))
    }
  }

  @Test(arguments: ["x.gif", "x", "x.png.webp", "png"])
  func `a drawing of another kind is refused before anything is read`(name: String) throws {
    let scratch = try Scratch()
    let run = try Self.run("no.plan", ["--image", Self.picture, "--draw", scratch.path(name)])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("end it in .png, .jpg or .jpeg"))
    #expect(scratch.names.isEmpty)
  }
}
