import Foundation
import Testing

/// Requests to end, and streams and limits that a process is started with.
@Suite struct InterruptionTests {
  /// A graph whose plan takes a while to write.
  static func graph(in scratch: Scratch, weights count: Int) throws -> String {
    let weights = (0..<count).map { "weight %w\($0) : f32[1024x1024] {value = random(\($0), 1.0)}" }
    let sums = (0..<count).map {
      "%y\($0) = add(\($0 == 0 ? "%x" : "%y\($0 - 1)"), %w\($0)) : f32[1024x1024]"
    }
    return try scratch.write(
      (["module @big {"] + weights + ["func @main(%x: f32[1024x1024]) -> (f32[1024x1024]) {"]
        + sums + ["return %y\(count - 1) } }"]).joined(separator: "\n"), to: "big.pg")
  }

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
  func `a request to end during a compile leaves nothing behind`(
    signal: Int32, status: Int32
  ) throws {
    let scratch = try Scratch()
    let model = try Self.graph(in: scratch, weights: 60)
    let old = try scratch.write("old", to: "big.plan")
    let run = try CommandLineProcess.run(
      ["compile", model, "-o", old, "--print-passes"], signal: signal)
    #expect(!run.wasKilled && run.status == status, "\(run.status) \(run.errors)")
    #expect(run.errors == "paligraph: interrupted; nothing was written\n")
    #expect(scratch.names == ["big.pg", "big.plan"])
    #expect(try String(contentsOfFile: old, encoding: .utf8) == "old")
  }

  /// The process is sent SIGTERM while its exit handlers run.
  @Test(arguments: [
    ["compile", "MODEL", "-o", "PLAN"], ["verify", "MODEL"],
    ["export", "MODEL", "-o", "PLAN.onnx"],
    ["run", "MODEL", "--input", "x=x.npy"], ["compile", "PLAN", "-o", "PLAN"],
  ])
  func `a request to end is heeded on the way out`(arguments: [String]) throws {
    let scratch = try Scratch()
    let model = try scratch.write(GraphTests.graph, to: "m.pg")
    let plan = scratch.path("m.plan")
    let run = try FaultTests.run(
      arguments.map { $0.replacing("MODEL", with: model).replacing("PLAN", with: plan) },
      fault: "exit:1:TERM", scratch)
    #expect(run.wasKilled && run.status == SIGTERM, "\(run.status) \(run.errors)")
  }

  @Test func `a signal that the process was started to ignore stays ignored`() throws {
    let scratch = try Scratch()
    let model = try Self.graph(in: scratch, weights: 4)
    let run = try CommandLineProcess.run(
      ["compile", model, "-o", scratch.path("big.plan"), "--print-passes"],
      shell: "trap '' HUP; exec \"$0\" \"$@\"", signal: SIGHUP)
    #expect(!run.wasKilled && run.status == 0, "\(run.status) \(run.errors)")
    #expect(scratch.exists("big.plan"))
  }

  @Test func `a plan above the limit on files is one line`() throws {
    let scratch = try Scratch()
    let run = try CommandLineProcess.run(
      ["compile", PictureRunTests.model, "-o", scratch.path("x.plan")],
      shell: "ulimit -f 8; exec \"$0\" \"$@\"")
    #expect(!run.wasKilled && run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("x.plan: cannot be written: File too large; "), "\(run.errors)")
    #expect(scratch.names == [])
  }

  static let failures: [(redirection: String, problem: String)] = [
    (">/dev/full", "No space left on device"), (">&-", "Bad file descriptor"),
  ]

  @Test(arguments: failures)
  func `a standard output that fails is one line`(redirection: String, problem: String) throws {
    for arguments in [["--version"], ["dump", "graphs/gemma-block.pg"]] {
      let run = try CommandLineProcess.run(
        arguments, shell: "exec \"$0\" \"$@\" \(redirection)")
      #expect(run.status == 1 && !run.wasKilled)
      #expect(run.errors == "paligraph: standard output: \(problem)\n")
    }
  }

  @Test func `a reader that has seen enough is no error`() throws {
    let run = try CommandLineProcess.run(
      ["dump", "Examples/mini-paligemma"], shell: "\"$0\" \"$@\" | head -n 1")
    #expect(run.status == 0 && run.output.hasPrefix("module @") && run.errors.isEmpty)
  }

  /// The last one is a pipe that nobody reads.
  @Test(arguments: [
    "exec \"$0\" \"$@\" 2>/dev/full", "exec \"$0\" \"$@\" 2>&-",
    "exec 3>&1; { sleep 1; \"$0\" \"$@\" 2>&1 >/dev/null; echo $? >&3; } | :",
  ])
  func `a standard error that fails does not spoil a compile`(script: String) throws {
    let scratch = try Scratch()
    let plan = scratch.path("x.plan")
    let run = try CommandLineProcess.run(
      ["compile", PictureRunTests.model, "-o", plan], shell: script)
    #expect(run.status == 0)
    #expect(["", "0\n"].contains(run.output))
    #expect(try CommandLineProcess.run(["verify", plan]).status == 0)
  }
}
