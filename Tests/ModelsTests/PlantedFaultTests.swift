import Foundation
import IR
import Tensors
import Testing

/// The faults that implementations of such models have had, one at a time: the comparison with
/// transformers catches each.
@Suite struct PlantedFaultTests {
  /// A model and what is changed in its text, in one function or in all.
  struct Fault: CustomTestStringConvertible {
    let testDescription: String
    let model: String
    let function: String?
    let text: String
    let replacement: String

    init(
      _ name: String, of model: String = "gemma2-window-crossed-while-decoding",
      in function: String? = nil, _ text: String, _ replacement: String
    ) {
      testDescription = name
      self.model = model
      self.function = function
      self.text = text
      self.replacement = replacement
    }
  }

  static let faults = [
    // Its epsilon is 0.01, so that another one shows.
    Fault(
      "epsilon of RMSNorm", of: "gemma-nested-fields-win", in: "prefill",
      "eps = constant() {value = 0.01}", "eps = constant() {value = 0.009}"),
    Fault(
      "epsilon of LayerNorm", of: "gemma-nested-fields-win", in: "vision", "{eps = 0.01}",
      "{eps = 0.009}"),
    Fault(
      "GELU without tanh in the decoder", in: "decode", "approximate = tanh", "approximate = none"),
    Fault(
      "GELU without tanh in the tower", in: "vision", "approximate = tanh", "approximate = none"),
    Fault("positions from 0", in: "prefill", "start = 1}", "start = 0}"),
    Fault("decode a position late", in: "decode", "start = P+1", "start = P+2"),
    Fault("no window", in: "decode", ", window = 28", ""),
    Fault("a window too wide by one", in: "decode", "window = 28", "window = 29"),
    Fault(
      "halves of RoPE swapped", in: "decode",
      "concat(%layers.0.self_attn.q.rope.negated, %layers.0.self_attn.q.rope.first)",
      "concat(%layers.0.self_attn.q.rope.first, %layers.0.self_attn.q.rope.negated)"),
    Fault(
      "no sign in RoPE", in: "decode", "concat(%layers.0.self_attn.k.rope.negated,",
      "concat(%layers.0.self_attn.k.rope.second,"),
    Fault(
      "keys of the layer before", in: "decode", "cache_append(%cache.1.key, %layers.1.",
      "cache_append(%cache.1.key, %layers.0."),
    Fault(
      "embeddings not scaled", in: "decode", "mul(%embed_tokens, %embed_tokens.scale)",
      "abs(%embed_tokens)"),
    Fault(
      "logits not capped", in: "decode", "%lm_head.capped.tanh     = tanh(",
      "%lm_head.capped.tanh     = abs("),
  ]

  @Test(arguments: faults)
  func `a fault in the graph is caught`(fault: Fault) throws {
    let reference = try ParityCase(fault.model)
    let text = try reference.module().description
    var parts = text.components(separatedBy: "\n  func @")
    for index in parts.indices.dropFirst()
    where fault.function.map({ parts[index].hasPrefix("\($0)(") }) ?? true {
      parts[index] = parts[index].replacing(fault.text, with: fault.replacement)
    }
    let wrong = parts.joined(separator: "\n  func @")
    #expect(wrong != text)
    #expect(try isCaught(reference.deviation(of: Module.parse(wrong))))
  }

  @Test(arguments: ["self_attn.q_proj", "self_attn.out_proj"])
  func `a transposed weight is caught`(name: String) throws {
    let reference = try ParityCase("gemma2-window-crossed-while-decoding")
    var count = 0
    let found = try reference.deviation(
      of: reference.module(),
      source: { tensor in
        let value = try reference.weight(tensor)
        guard tensor.name.contains("vision_tower"), tensor.name.hasSuffix("layers.0.\(name).weight")
        else { return value }
        count += 1
        let n = value.shape[0]
        return HostTensor(
          value.element, value.shape,
          value.values.indices.map { value.values[$0 % n * n + $0 / n] })
      })
    #expect(count > 0 && isCaught(found))
  }

  /// Each step overwrites what the one before it wrote.
  @Test func `a stale slot of the cache is caught`() throws {
    let reference = try ParityCase("gemma2-window-crossed-while-decoding")
    #expect(isCaught(try reference.deviation(of: reference.module(), slot: { $0 - 1 })))
  }

  private func isCaught(_ found: ParityCase.Deviation) -> Bool {
    !(found.features < 1e-4 && found.logits < 1e-4 && found.wrongTokens.isEmpty)
  }
}
