import Foundation
import Testing

/// The plans that `run MODEL` keeps: listed, cleared, and never more than they may be.
@Suite struct CacheTests {
  let scratch: Scratch
  let cache: [String: String]

  init() throws {
    scratch = try Scratch()
    cache = ["XDG_CACHE_HOME": scratch.path("cache")]
    try GraphTests.npy([1, 2], shape: "(1, 2)").write(
      to: scratch.url.appendingPathComponent("x.npy"))
  }

  private func run(
    _ name: String, _ environment: [String: String] = [:]
  ) throws -> CommandLineProcess {
    if !scratch.exists(name) { _ = try scratch.write(GraphTests.graph, to: name) }
    let model = scratch.path(name)
    return try CommandLineProcess.run(
      ["run", model, "--input", "x=\(scratch.path("x.npy"))"],
      environment: cache.merging(environment) { $1 })
  }

  private func paligraph(_ arguments: String...) throws -> CommandLineProcess {
    try CommandLineProcess.run(["cache"] + arguments, environment: cache)
  }

  private var plans: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: scratch.path("cache/paligraph"))) ?? [])
      .sorted()
  }

  private func setAge(_ name: String, seconds: Double) throws {
    let plan = try #require(plans.first { $0.hasPrefix(name) })
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -seconds)],
      ofItemAtPath: scratch.path("cache/paligraph/\(plan)"))
  }

  @Test func `an empty cache is listed and cleared, and none is made`() throws {
    let list = try paligraph()
    #expect(list.status == 0 && list.output.contains("cache/paligraph: 0 plans"), "\(list.output)")
    #expect(try paligraph("clear").output == "0 plans removed, 0.0 MB\n")
    #expect(!scratch.exists("cache"))
  }

  @Test func `plans are listed, the oldest first, and cleared by age`() throws {
    for name in ["a.pg", "b.pg", "c.pg"] { #expect(try run(name).status == 0) }
    try setAge("b", seconds: 10 * 86_400)
    try setAge("a", seconds: 3 * 3600)
    let list = try paligraph()
    let rows = list.output.split(separator: "\n")
    #expect(rows.count == 4 && list.errors.isEmpty)
    #expect(rows[0].hasPrefix("  b.pg-") && rows[0].hasSuffix("run 10 days ago"), "\(list.output)")
    #expect(rows[1].hasPrefix("  a.pg-") && rows[1].hasSuffix("run 3 h ago"), "\(list.output)")
    #expect(rows[3].contains(": 3 plans, "))
    let object = try PictureRunTests.object(try paligraph("--json"))
    #expect((object["plans"] as? [[String: Any]])?.count == 3)
    #expect(object["limit_bytes"] as? Int == 50_000_000_000)
    #expect(try paligraph("clear", "--older-than", "2d").output.hasPrefix("1 plan removed, "))
    #expect(plans.count == 2 && !plans.contains { $0.hasPrefix("b") })
    #expect(try paligraph("clear", "--older-than", "4h").output.hasPrefix("0 plans removed"))
    #expect(try paligraph("clear").output.hasPrefix("2 plans removed"))
    #expect(plans.isEmpty)
  }

  @Test func `the oldest plans leave when there are too many bytes`() throws {
    for name in ["a.pg", "b.pg"] { #expect(try run(name).status == 0) }
    try setAge("a", seconds: 100)
    try setAge("b", seconds: 200)
    // Running a plan again makes it young.
    #expect(try run("b.pg").status == 0)
    let size =
      try #require(try PictureRunTests.object(try paligraph("--json"))["bytes"] as? Int) / 2
    let run = try run("c.pg", ["PALIGRAPH_CACHE_LIMIT": "\(2 * size)"])
    #expect(run.status == 0 && run.output.contains("twice"))
    #expect(run.errors.contains(": left the cache, which has room for"), "\(run.errors)")
    #expect(plans.map { $0.prefix(1) } == ["b", "c"])
    // The plan that runs stays, however small the limit.
    #expect(try self.run("d.pg", ["PALIGRAPH_CACHE_LIMIT": "1"]).status == 0)
    #expect(plans.map { $0.prefix(1) } == ["d"])
  }

  @Test func `a plan that a process runs is not removed`() throws {
    #expect(try run("a.pg").status == 0)
    let plan = try #require(plans.first)
    let descriptor = open(scratch.path("cache/paligraph/\(plan)"), O_RDONLY)
    try #require(flock(descriptor, LOCK_SH) == 0)
    #expect(try paligraph("clear").output == "0 plans removed, 0.0 MB; 1 in use or not removable\n")
    #expect(plans == [plan])
    close(descriptor)
    #expect(try paligraph("clear").output.hasPrefix("1 plan removed"))
  }

  @Test(arguments: ["5", "d", "-1d", "5w", "1.5h", ""])
  func `an age that is none is wrong usage`(age: String) throws {
    let run = try paligraph("clear", "--older-than", age)
    #expect(run.status == 2 && run.errorLines.count == 1, "\(run.errors)")
  }
}
