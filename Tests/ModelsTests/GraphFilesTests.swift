import Foundation
import IR
import Models
import Tensors
import Testing

/// The graphs in `graphs/` are read, verified and run, and what their comments claim is true.
@Suite struct GraphFilesTests {
  static let directory = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func path(_ name: String) -> URL { directory.appending(path: "graphs/\(name)") }

  func module(_ name: String) throws -> Module {
    try Module.parse(bytes: [UInt8](Data(contentsOf: Self.path(name))))
  }

  /// Numbers in -1 ..< 1.
  func random(_ seed: Int, _ shape: [Int]) -> HostTensor {
    Initializer.random(seed: seed, scale: 1).value(.f32, shape)
  }

  /// A range along axis 1 of a batch of one.
  func tokens(_ range: Range<Int>, of x: HostTensor) -> HostTensor {
    let values = x.values[range.lowerBound * x.shape[2]..<range.upperBound * x.shape[2]]
    return HostTensor(x.element, [1, range.count, x.shape[2]], Array(values))
  }

  func isClose(_ a: HostTensor, _ b: HostTensor) -> Bool {
    a.shape == b.shape && zip(a.values, b.values).allSatisfy { abs($0 - $1) < 1e-9 }
  }

  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path("").path)
      .filter { $0.hasSuffix(".pg") }.sorted()
  }

  @Test(arguments: try names())
  func `every graph reads back as it prints`(name: String) throws {
    let printed = try module(name).description
    #expect(try Module.parse(printed).description == printed)
  }

  @Test func `a patch decides about its own token alone`() throws {
    var interpreter = try Interpreter(module("notes/patch_embedding.pg"))
    var pixels = random(1, [1, 3, 56, 56])
    let before = try interpreter.run("main", [pixels])[0]
    #expect(before.shape == [1, 16, 32])
    // Blue, row 30, column 50: the patch in row 2, column 3, which is token 11.
    pixels.values[(2 * 56 + 30) * 56 + 50] += 1
    let after = try interpreter.run("main", [pixels])[0]
    let changed = (0..<16).filter {
      !isClose(tokens($0..<$0 + 1, of: before), tokens($0..<$0 + 1, of: after))
    }
    #expect(changed == [11])
  }

  @Test func `swapping tokens of a SigLIP block swaps its outputs`() throws {
    var interpreter = try Interpreter(module("siglip-block.pg"))
    let x = random(1, [1, 16, 32])
    func swapped(_ x: HostTensor) -> HostTensor {
      HostTensor(
        x.element, x.shape,
        tokens(8..<16, of: x).values + tokens(0..<8, of: x).values)
    }
    let y = try interpreter.run("main", [x])[0]
    let turned = try interpreter.run("main", [swapped(x)])[0]
    #expect(isClose(turned, swapped(y)))
    #expect(!isClose(y, swapped(y)))
  }

  @Test(arguments: [1, 5, 11])
  func `a step behind n tokens of a Gemma block equals the last of n + 1`(count: Int) throws {
    var interpreter = try Interpreter(module("gemma-block.pg"))
    let x = random(1, [1, count + 1, 32])
    let whole = try interpreter.run("prefill", [x])[0]
    _ = try interpreter.run("prefill", [tokens(0..<count, of: x)])
    let step = try interpreter.run(
      "decode", [tokens(count..<count + 1, of: x)], symbols: ["P": count])[0]
    #expect(isClose(step, tokens(count..<count + 1, of: whole)))
  }

  /// The mini model as `paligraph dump` prints it, without looking at its weights.
  func miniModel() throws -> Module {
    let config = try PaliGemmaConfig(
      directory: Self.directory.appending(path: "Examples/mini-paligemma").path)
    // All tensors but the head, which is tied.
    let tensors = config.expectedTensors.dropLast().map {
      CheckpointResolution.Source(name: $0.name, elementType: .bf16, shape: $0.shape)
    }
    return try PaliGemmaBuilder.module(
      config, config.resolve(Array(tensors)), maxTokens: config.imageTokenCount + 512)
  }

  @Test func `the dump of the mini model is up to date`() throws {
    let path = Self.path("mini-paligemma.pg")
    let text = try miniModel().description
    if ProcessInfo.processInfo.environment["PALIGRAPH_REWRITE_EXPECTATIONS"] != nil {
      try Data(text.utf8).write(to: path)
    }
    let isUpToDate = try Data(contentsOf: path) == Data(text.utf8)
    #expect(
      isUpToDate,
      "run PALIGRAPH_REWRITE_EXPECTATIONS=1 swift test --filter GraphFilesTests, look at the change"
    )
  }

  @Test func `only buffers that are not persistent are in no checkpoint`() throws {
    let config = try PaliGemmaConfig(
      directory: Self.directory.appending(path: "Examples/mini-paligemma").path)
    let expected = Set(config.expectedTensors.map(\.name))
    let tensors = try miniModel().tensors
    let computed = tensors.filter { $0.kind == .buffer(persistent: false) }
    #expect(
      computed.map(\.name) == [
        "model.vision_tower.embeddings.position_ids", "model.language_model.rotary_emb.inv_freq",
      ])
    #expect(computed.allSatisfy { !expected.contains($0.name) && $0.initializer != nil })
    let stored = tensors.filter { $0.kind == .weight || $0.kind == .buffer(persistent: true) }
    #expect(!stored.isEmpty && stored.allSatisfy { expected.contains($0.name) })
  }

  @Test func `the mini model runs on any numbers`() throws {
    var seed = 0
    var interpreter = try Interpreter(module("mini-paligemma.pg")) { tensor in
      seed += 1
      return Initializer.random(seed: seed, scale: 0.1)
        .value(.f32, try tensor.type.shape.evaluate([:]))
    }
    let logits = try interpreter.run(
      "decode", [HostTensor(.i64, [1, 1], [7])], symbols: ["P": 3])[0]
    #expect(logits.shape == [1, 1792])
    #expect(Set(logits.values).count > 1000)
    let isFinite = logits.values.allSatisfy { $0.isFinite }
    #expect(isFinite)
  }
}
