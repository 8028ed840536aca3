import Foundation
import IR
import Testing

@testable import Compiler

/// The optimising passes together, on whole blocks.
@Suite struct PassPipelineTests {
  static let graphs = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("graphs")

  /// A function of a graph in `graphs/` and how often each operation is left in it, views aside.
  struct Block: Sendable, CustomTestStringConvertible {
    let file: String
    let function: String
    let operations: String

    var testDescription: String { "\(file) @\(function)" }
  }

  static let blocks = [
    Block(
      file: "notes/patch_embedding", function: "main",
      operations: "1 contiguous, 1 embedding, 1 linear"),
    Block(
      file: "siglip-block", function: "main",
      operations: "1 attention, 2 layer_norm, 6 linear"),
    Block(
      file: "gemma-block", function: "prefill",
      operations: "1 attention, 2 cache_append, 6 linear, 2 rms_norm, 2 rope"),
    Block(
      file: "gemma-block", function: "decode",
      operations: "1 attention, 2 cache_append, 6 linear, 2 rms_norm, 2 rope"),
  ]

  /// The passes of the pipeline up to the last that works on the graph alone.
  static var optimising: [Pass] {
    let last = PassManager.pipeline.lastIndex { $0.name == "dead_code" }
    return Array(PassManager.pipeline.prefix(through: last ?? -1))
  }

  func optimise(_ file: String) throws -> (before: Module, after: Module, context: PassContext) {
    let url = Self.graphs.appendingPathComponent("\(file).pg")
    let module = try Module.parse(String(contentsOf: url, encoding: .utf8))
    var result = module
    var context = PassContext()
    try PassManager(passes: Self.optimising, options: .init(verifiesBetween: true))
      .run(&result, context: &context)
    return (module, result, context)
  }

  @Test(arguments: blocks)
  func `a textbook block fuses completely`(block: Block) throws {
    let function = try #require(try optimise(block.file).after[function: block.function])
    let counted = function.operations.filter { operation in
      operation.hasEffect || OpRegistry.definition(of: operation.op)?.isView == false
    }
    let counts = Dictionary(grouping: counted, by: \.op).mapValues(\.count)
    let text = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    #expect(text.joined(separator: ", ") == block.operations)
  }

  @Test(arguments: ["notes/patch_embedding", "siglip-block", "gemma-block"])
  func `the optimised graph computes the same`(file: String) throws {
    let (before, after, context) = try optimise(file)
    let difference = try after.difference(from: before, context, .reassociating)
    #expect(difference == nil)
  }

  @Test func `running the passes again changes nothing`() throws {
    var (_, module, context) = try optimise("gemma-block")
    let text = module.description
    try PassManager(passes: Self.optimising).run(&module, context: &context)
    #expect(module.description == text)
  }

  @Test func `the same graph gives the same result every time`() throws {
    #expect(
      try optimise("mini-paligemma").after.description
        == optimise("mini-paligemma").after.description)
  }

  @Test func `stopping after any rewrite leaves a valid module`() throws {
    let url = Self.graphs.appendingPathComponent("gemma-block.pg")
    let original = try Module.parse(String(contentsOf: url, encoding: .utf8))
    let total = try optimise("gemma-block").context.rewriteCount
    #expect(total > 50)
    for limit in stride(from: 1, to: total, by: 9) {
      var module = original
      var context = PassContext()
      context.rewriteLimit = limit
      try PassManager(passes: Self.optimising, options: .init(verifiesBetween: true))
        .run(&module, context: &context)
      #expect(context.rewriteCount == limit)
    }
  }
}
