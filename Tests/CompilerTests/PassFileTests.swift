import Foundation
import IR
import Testing

@testable import Compiler

@Suite struct PassFileTests {
  @Test(arguments: PassFile.all())
  func `a pass makes of the graph what the file says`(file: PassFile) throws {
    let module = try Module.parse(file.head)
    try expectRoundTrip(module)
    var context = try context(for: file)
    var result = module
    let manager = try PassManager(named: file.passes, options: .init(verifiesBetween: true))
    let reports = try manager.run(&result, context: &context)
    try expectRoundTrip(result)
    for (pass, report) in zip(manager.passes, reports) {
      #expect(Set(report.rewrites.keys).isSubset(of: pass.rewrites.map(\.name)))
    }

    let exactness = reports.map(\.exactness).max() ?? .exact
    let difference = try result.difference(from: module, context, exactness)
    #expect(difference == nil, "the passes change what the graph computes")

    let (found, expected) = (result.description, file.expected ?? module.description)
    guard found != expected else { return }
    if ProcessInfo.processInfo.environment[PassFile.rewriteVariable] == "1" {
      try file.rewriteExpectation(found)
    } else {
      Issue.record(
        """
        \(lineDifference(from: expected, to: found))
        \(PassFile.rewriteVariable)=1 rewrites the expectation.
        """)
    }
  }

  /// A bisection builds on it.
  @Test(arguments: PassFile.all())
  func `a pass makes of the graph nothing that it does not count`(file: PassFile) throws {
    let module = try Module.parse(file.head)
    let pass = try PassManager.pass(named: #require(file.passes.first))
    var (stopped, context) = (module, try context(for: file))
    context.rewriteLimit = 0
    context.begin(pass)
    try pass.transform(&stopped, &context)
    #expect(stopped.description == module.description)

    var (result, unlimited) = (module, try self.context(for: file))
    let reports = try PassManager(passes: [pass]).run(&result, context: &unlimited)
    if result.description == module.description, pass.name != "plan_memory" {
      #expect(reports[0].rewriteCount == 0)
    }
  }

  @Test func `there are file tests for every pass`() {
    let tested = Set(PassFile.all().flatMap(\.passes))
    #expect(PassManager.all.map(\.name).filter { !tested.contains($0) } == [])
  }

  /// Half of the files that a pass needs say where it must not fire: they leave the module as it is, or
  /// their name says so.
  @Test(arguments: PassManager.all.map(\.name))
  func `a pass has six file tests, three of which say what it leaves alone`(pass: String) {
    let files = PassFile.all().filter { $0.passes.contains(pass) }
    let guarding = files.filter { file in
      file.expected == nil
        || !Set(file.testDescription.split(whereSeparator: { "-/".contains($0) }))
          .isDisjoint(with: ["not", "no", "stay", "stays", "keeps", "needs", "apart"])
    }
    #expect(files.count >= 6 && guarding.count >= 3, "\(files.count), \(guarding.count)")
  }

  /// Rules that no file test triggers.
  @Test func `every rule fires in some file test`() throws {
    var fired: [String: Set<String>] = [:]
    for file in PassFile.all() {
      var (module, context) = (try Module.parse(file.head), try context(for: file))
      for report in try PassManager(named: file.passes).run(&module, context: &context) {
        fired[report.pass, default: []].formUnion(report.rewrites.keys)
      }
    }
    for pass in PassManager.all {
      let rules = Set(pass.rewrites.map(\.name))
      #expect(rules.subtracting(fired[pass.name] ?? []) == [], "not triggered in \(pass.name)")
    }
  }

  /// Without any one of its rules, a pass no longer makes of all graphs what the files say.
  @Test(arguments: PassManager.all.filter { !$0.rules.isEmpty }.map(\.name))
  func `every rule matters to some file test`(pass name: String) throws {
    let pass = try PassManager.pass(named: name)
    let files = PassFile.all().filter { $0.passes.contains(name) }
    for rule in pass.rules {
      let crippled = Pass(
        name, pass.exactness, pass.summary, rules: pass.rules.filter { $0.name != rule.name })
      let isNoticed = try files.contains { file in
        var (module, context) = (try Module.parse(file.head), try context(for: file))
        let passes = try file.passes.map { $0 == name ? crippled : try PassManager.pass(named: $0) }
        let expected = file.expected ?? module.description
        try PassManager(passes: passes).run(&module, context: &context)
        return module.description != expected
      }
      #expect(isNoticed, "\(rule.name)")
    }
  }

  private func expectRoundTrip(_ module: Module) throws {
    let text = module.description
    #expect(try Module.parse(text).description == text)
  }

  private func context(for file: PassFile) throws -> PassContext {
    var context = PassContext()
    for (name, value) in file.options {
      switch name {
      case "dtype": context.dtype = try #require(PassContext.DType(rawValue: value))
      case "folded_byte_limit": context.foldedByteLimit = try #require(Int(value))
      case "folded_work_limit": context.foldedWorkLimit = try #require(Int(value))
      default: Issue.record("unknown option '\(name)'")
      }
    }
    return context
  }
}
