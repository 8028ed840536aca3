import Foundation
import Testing

/// What the program takes of a machine.
@Suite struct ResourceTests {
  @Test func `a plan that cannot fit says what it needs before it starts`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let run = try CommandLineProcess.run(
      ["run", plan, "--image", "\(PictureRunTests.model)/picture.png"],
      environment: ["PALIGRAPH_MEMORY_LIMIT": "100000"])
    #expect(run.status == 1 && run.output.isEmpty && run.errorLines.count == 1)
    let says =
      /it needs (\d+) bytes of memory \(arena (\d+), states (\d+)\), but PALIGRAPH_MEMORY_LIMIT/
    let match = try #require(run.errors.firstMatch(of: says), "\(run.errors)")
    let numbers = [match.1, match.2, match.3].compactMap { Int($0) }
    try #require(numbers.count == 3, "\(run.errors)")
    #expect(numbers[0] == numbers[1] + numbers[2])
    let fits = try CommandLineProcess.run(
      ["run", plan, "--image", "\(PictureRunTests.model)/picture.png", "--max-new-tokens", "1"],
      environment: ["PALIGRAPH_MEMORY_LIMIT": "\(numbers[0])"])
    #expect(fits.status == 0, "\(fits.errors)")
  }

  /// 360 GB at the largest size, which no machine that runs tests has.
  @Test func `a plan larger than the machine is refused`() throws {
    let scratch = try Scratch()
    let graph = try scratch.write(
      "module @m { symbol N <= 300000 func @main(%x: f32[NxN]) -> (y: f32[NxN])"
        + " { %y = neg(%x) : f32[NxN] return %y } }", to: "m.pg")
    let plan = scratch.path("m.plan")
    #expect(try CommandLineProcess.run(["compile", graph, "-o", plan, "--quiet"]).status == 0)
    try GraphTests.npy([1], shape: "(1, 1)").write(to: scratch.url.appendingPathComponent("x.npy"))
    let run = try CommandLineProcess.run([
      "run", plan, "--input", "x=\(scratch.path("x.npy"))", "--output-dir", scratch.path("out"),
    ])
    #expect(run.status == 1 && run.errorLines.count == 1 && !scratch.exists("out"))
    #expect(run.errors.contains("but the bytes available are "), "\(run.errors)")
  }

  @Test(arguments: [
    ("graphs/siglip-block.pg", 500, nil), (PictureRunTests.model, 60, "picture.png"),
  ])
  func `memory and files stay as they are`(model: String, count: Int, picture: String?) throws {
    let scratch = try Scratch()
    let plan = scratch.path("x.plan")
    #expect(try CommandLineProcess.run(["compile", model, "-o", plan, "--quiet"]).status == 0)
    // In a build with the address sanitizer: no memory that was freed is kept from being used again.
    let run = try CommandLineProcess.run(
      [plan, "\(count)"] + (picture.map { ["\(model)/\($0)"] } ?? []), of: "Soak",
      environment: ["ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=0"])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.split(separator: "\n").count == 10)
  }

  /// Nothing may start a thread: neither the program nor a library as it is loaded.
  @Test(arguments: ThreadCase.alone)
  func `no thread is started but those that compute`(_ c: ThreadCase) throws {
    let scratch = try Scratch()
    let run = try FaultTests.run(
      try c.arguments(scratch), fault: "pthread_create:0:\(EAGAIN)", scratch)
    #expect(run.status == 0, "\(run.errors)")
    #expect(!scratch.exists("mark"))
  }

  @Test func `with three threads two are started, and a refusal is one line`() throws {
    let scratch = try Scratch()
    let arguments = try ThreadCase.run(threads: 3).arguments(scratch)
    let third = try FaultTests.run(arguments, fault: "pthread_create:3:\(EAGAIN)", scratch)
    #expect(third.status == 0 && !scratch.exists("mark"), "\(third.errors)")
    let second = try FaultTests.run(arguments, fault: "pthread_create:2:\(EAGAIN)", scratch)
    #expect(second.status == 1 && !second.wasKilled && second.errorLines.count == 1)
    #expect(second.errors.contains("the system refused thread 2"), "\(second.errors)")
  }

  /// Threads of libraries took 128 MB each, and the program then hung as it ended.
  @Test(
    .enabled(if: !LimitedProcess.isSanitized, "a sanitizer reserves terabytes of addresses"),
    arguments: ThreadCase.alone)
  func `little address space is enough`(_ c: ThreadCase) throws {
    let scratch = try Scratch()
    let run = try CommandLineProcess.run(
      try c.arguments(scratch), shell: #"ulimit -v 200000; ulimit -t 20; exec "$0" "$@""#)
    #expect(run.status == 0 && !run.wasKilled, "\(run.errors)")
  }
}

/// Commands that compute with one thread, or with so many.
enum ThreadCase: CustomTestStringConvertible {
  case help, compile, dump, matmul
  case run(threads: Int)

  static let alone: [ThreadCase] = [.help, .compile, .dump, .matmul, .run(threads: 1)]

  var testDescription: String { "\(self)" }

  func arguments(_ scratch: Scratch) throws -> [String] {
    switch self {
    case .help: return ["--help"]
    case .compile:
      return ["compile", PictureRunTests.model, "-o", scratch.path("x.plan"), "--quiet"]
    case .dump: return ["dump", PictureRunTests.model, "--stage", "planned"]
    case .matmul:
      let graph = try scratch.write(
        "module @m { func @main(%x: f32[40x40]) -> (y: f32[40x40])"
          + " { %y = matmul(%x, %x) : f32[40x40] return %y } }", to: "m.pg")
      try GraphTests.npy(Array(repeating: 1, count: 1600), shape: "(40, 40)").write(
        to: scratch.url.appendingPathComponent("x.npy"))
      return ["run", graph, "--input", "x=\(scratch.path("x.npy"))", "--threads", "1"]
    case .run(let threads):
      return [
        "run", try PictureRunTests.compiled(scratch), "--image",
        "\(PictureRunTests.model)/picture.png", "--max-new-tokens", "1", "--threads", "\(threads)",
      ]
    }
  }
}
