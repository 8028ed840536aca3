import Foundation
import Testing

/// What happens when the disk is full, a file cannot be read, memory runs out or the process is killed,
/// at any one call of the C library: an old output stays as it was or is replaced whole, and the next
/// run works. The calls fail in a preloaded library (`Tests/CFaultInjection`).
@Suite struct FaultTests {
  /// Calls that fail, with the number of the error, and what the program may say of it.
  static let errors: [(call: String, code: Int32)] = [
    ("open", EMFILE), ("pread", EIO), ("pwrite", ENOSPC), ("pwrite", EIO), ("fsync", EIO),
    ("linkat", EACCES), ("rename", EACCES),
  ]

  /// Only when the name is given already, and the folder cannot be brought to disk, the plan is there.
  @Test(arguments: errors)
  func `a compile whose call fails leaves the old plan or a whole one`(
    call: String, code: Int32
  ) throws {
    let happened = try forEachCall(call, "\(code)") { run, scratch in
      #expect(!run.wasKilled, "\(run.errors)")
      #expect(run.status == 0 || run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
      #expect(scratch.names == ["x.plan"])
      if run.status == 0 || ["open", "fsync"].contains(call) {
        try expectOldOrWhole(scratch)
      } else {
        try expectOld(scratch)
      }
    }
    #expect(happened > 0)
  }

  @Test(arguments: ["open", "pread", "mmap"])
  func `a checkpoint that cannot be read is one line`(call: String) throws {
    for number in 1..<100 {
      let scratch = try Scratch()
      let run = try Self.run(
        ["compile", PictureRunTests.model, "-o", scratch.path("x.plan"), "--quiet"],
        fault: "\(call):\(number):\(EIO)", scratch)
      guard scratch.exists("mark") else {
        #expect(number > 1 && run.status == 0)
        return
      }
      #expect(!run.wasKilled && run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
      #expect(run.errors.contains("Input/output error"), "\(run.errors)")
    }
    Issue.record("\(call) is called without end")
  }

  /// Swift ends a process that gets no memory, which must not spoil a file either.
  @Test func `a compile that gets no memory leaves the old plan or a whole one`() throws {
    for number in [1, 10, 100, 1000, 3000, 10_000, 30_000, 100_000] {
      let scratch = try Scratch()
      let run = try compile(scratch, fault: "malloc:\(number):\(ENOMEM)")
      run.status == 0 && !run.wasKilled ? try expectWhole(scratch) : try expectOld(scratch)
    }
  }

  @Test(arguments: ["open", "pwrite", "fsync", "linkat", "rename"])
  func `a compile that is killed at a call leaves the old plan or a whole one`(
    call: String
  ) throws {
    let happened = try forEachCall(call, "KILL") { run, scratch in
      #expect(run.wasKilled && run.status == SIGKILL)
      try expectOldOrWhole(scratch)
      // What a killed process left is no hindrance.
      #expect(try compile(scratch, fault: nil).status == 0)
      try expectWhole(scratch)
    }
    #expect(happened > 0)
  }

  /// A loss of power must find the old file or the whole new one: the bytes are on disk before they get the
  /// name, and then the name is.
  @Test func `a plan's bytes are brought to disk before its name, and its name after them`() throws
  {
    let atBytes = try Scratch()
    #expect(try compile(atBytes, fault: "fsync:1:KILL").wasKilled)
    try expectOld(atBytes)
    let atName = try Scratch()
    #expect(try compile(atName, fault: "fsync:2:KILL").wasKilled)
    try expectWhole(atName)
    let more = try Scratch()
    #expect(try compile(more, fault: "fsync:3:KILL").status == 0)
    #expect(!more.exists("mark"))
  }

  @Test(arguments: [
    "pread:0:SHORT", "pread:0:AGAIN", "pwrite:0:SHORT", "pwrite:0:AGAIN", "write:0:SHORT",
    "write:0:AGAIN",
  ])
  func `short and interrupted calls are gone on with`(fault: String) throws {
    let scratch = try Scratch()
    let run = try compile(scratch, fault: fault)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    try expectWhole(scratch)
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path("x.plan"))) == Self.plan.get())
  }

  @Test func `a run whose output cannot be written leaves none`() throws {
    let scratch = try Scratch()
    try Self.writePlan(scratch)
    for call in ["open", "pwrite", "fsync", "linkat"] {
      var number = 1
      while number < 200 {
        let output = scratch.path("out-\(call)-\(number)")
        let run = try Self.run(
          ["run", scratch.path("x.plan"), "--input", "x=" + scratch.path("x.npy")]
            + ["--output-dir", output], fault: "\(call):\(number):\(ENOSPC)", scratch)
        guard scratch.exists("mark") else { break }
        try FileManager.default.removeItem(atPath: scratch.path("mark"))
        let files = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        #expect(!run.wasKilled)
        #expect(run.status == 0 ? files.count == 2 : files.isEmpty, "\(call) \(number) \(files)")
        #expect(run.status == 0 || run.errorLines.count == 1, "\(run.errors)")
        number += 1
      }
      #expect(number > 1)
    }
  }

  @Test(arguments: ["verify", "run"])
  func `a file that is cut while it is mapped is one line`(command: String) throws {
    let scratch = try Scratch()
    try Self.writePlan(scratch)
    let options = ["--input", "x=" + scratch.path("x.npy"), "--output-dir", scratch.path("out")]
    let run = try Self.run(
      [command, scratch.path("x.plan")] + (command == "run" ? options : []), fault: "mmap:1:CUT",
      scratch)
    #expect(scratch.exists("mark"))
    #expect(!run.wasKilled && run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
    #expect(
      run.errors.contains("x.plan: a part of it is gone or cannot be read: it became shorter"))
    #expect(!scratch.exists("out"))
  }

  @Test(arguments: [
    ("strips.tif", "libtiff 4.5, which reads TIFF", "libtiff-dev"),
    ("yuv420.avif", "libavif 0.11 with dav1d, which reads AVIF", "libavif-dev"),
  ])
  func `a picture whose library cannot be loaded is one line with its package`(
    picture: String, library: String, package: String
  ) throws {
    let scratch = try Scratch()
    func run(_ picture: String) throws -> CommandLineProcess {
      let folder = CommandLineProcess.root.appendingPathComponent("Tests/Fixtures/images/decode")
      return try Self.run(
        ["run", try CompiledPlans.picture.get(), "--max-new-tokens", "1", "--image"]
          + [folder.appendingPathComponent(picture).path], fault: "dlopen:0:\(ENOENT)", scratch)
    }
    #expect(try run("rgb8.png").status == 0)
    #expect(!scratch.exists("mark"))
    let refused = try run(picture)
    #expect(scratch.exists("mark"))
    #expect(refused.status == 1 && refused.errorLines.count == 1)
    #expect(
      refused.errors.contains(
        "\(picture): needs \(library) pictures and is missing here or was when PaliGraph was "
          + "built; install it (\(package) in Debian) or save the picture as PNG"))
  }

  @Test func `of two compiles to one path one wins whole`() async throws {
    let scratch = try Scratch()
    let models = try (1...4).map { try Self.graph(scratch, "m\($0).pg", seed: $0) }
    let plans = try models.map { model in
      let path = scratch.path("alone.plan")
      #expect(try CommandLineProcess.run(["compile", model, "-o", path, "--quiet"]).status == 0)
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    #expect(Set(plans).count == plans.count)
    for _ in 0..<5 {
      try await withThrowingTaskGroup(of: Int32.self) { group in
        for model in models {
          let target = scratch.path("x.plan")
          group.addTask {
            try CommandLineProcess.run(["compile", model, "-o", target, "--quiet"]).status
          }
        }
        for try await status in group { #expect(status == 0) }
      }
      #expect(plans.contains(try Data(contentsOf: URL(fileURLWithPath: scratch.path("x.plan")))))
    }
    #expect(scratch.names == ["alone.plan", "m1.pg", "m2.pg", "m3.pg", "m4.pg", "x.plan"])
  }
}

extension FaultTests {
  /// A plan of several pages with two outputs.
  static let plan = Result {
    let scratch = try Scratch()
    let run = try CommandLineProcess.run(
      ["compile", graph(scratch, "m.pg", seed: 1), "-o", scratch.path("x.plan"), "--quiet"])
    try #require(run.status == 0)
    return try Data(contentsOf: URL(fileURLWithPath: scratch.path("x.plan")))
  }

  /// The plan, and an input for it.
  static func writePlan(_ scratch: Scratch) throws {
    try Self.plan.get().write(to: scratch.url.appendingPathComponent("x.plan"))
    try GraphTests.npy(Array(repeating: 1, count: 700), shape: "(1, 700)").write(
      to: scratch.url.appendingPathComponent("x.npy"))
  }

  static func graph(_ scratch: Scratch, _ name: String, seed: Int) throws -> String {
    try scratch.write(
      """
      module @m {
        weight %w : f32[700x700] {value = random(\(seed), 1.0)}
        weight %v : f32[700x700] {value = random(\(seed), 2.0)}
        func @main(%x: f32[1x700]) -> (y: f32[1x700], z: f32[1x700]) {
          %y = matmul(%x, %w) {transpose_b = true} : f32[1x700]
          %z = matmul(%y, %v) {transpose_b = true} : f32[1x700]
          return %y, %z
        }
      }
      """, to: name)
  }

  /// Compiles over an old file; the model is no part of the folder that is looked at.
  func compile(_ scratch: Scratch, fault: String?) throws -> CommandLineProcess {
    let model = try Scratch()
    if !scratch.exists("x.plan") { _ = try scratch.write("old", to: "x.plan") }
    return try Self.run(
      ["compile", Self.graph(model, "m.pg", seed: 1), "-o", scratch.path("x.plan"), "--quiet"],
      fault: fault, scratch)
  }

  static func run(
    _ arguments: [String], fault: String?, _ scratch: Scratch
  ) throws -> CommandLineProcess {
    guard let fault else { return try CommandLineProcess.run(arguments) }
    let library = try CommandLineProcess.built("libFaultInjection.so")
    return try CommandLineProcess.run(
      arguments,
      environment: [
        "LD_PRELOAD": library.path, "PALIGRAPH_FAULT": fault,
        "PALIGRAPH_FAULT_MARK": scratch.path("mark"),
      ])
  }

  /// Lets the first, second, … call fail until there are no more. Returns how many there were.
  func forEachCall(
    _ call: String, _ action: String, _ check: (CommandLineProcess, Scratch) throws -> Void
  ) throws -> Int {
    for number in 1..<500 {
      let scratch = try Scratch()
      let run = try compile(scratch, fault: "\(call):\(number):\(action)")
      guard scratch.exists("mark") else {
        #expect(run.status == 0)
        return number - 1
      }
      try FileManager.default.removeItem(atPath: scratch.path("mark"))
      try check(run, scratch)
    }
    Issue.record("\(call) is called without end")
    return 0
  }

  func expectOld(_ scratch: Scratch) throws {
    #expect(scratch.names.filter { $0 != "mark" } == ["x.plan"])
    #expect(try String(contentsOfFile: scratch.path("x.plan"), encoding: .utf8) == "old")
  }

  func expectOldOrWhole(_ scratch: Scratch) throws {
    let plan = try Data(contentsOf: URL(fileURLWithPath: scratch.path("x.plan")))
    #expect(try plan == Data("old".utf8) || plan == Self.plan.get())
  }

  func expectWhole(_ scratch: Scratch) throws {
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path("x.plan"))) == Self.plan.get())
  }
}
