import Compiler
import Foundation
import IR
import Testing
import Validation

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

  @Test func `there are file tests for every pass`() {
    let tested = Set(PassFile.all().flatMap(\.passes))
    #expect(PassManager.all.map(\.name).filter { !tested.contains($0) } == [])
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
      default: Issue.record("unknown option '\(name)'")
      }
    }
    return context
  }
}
