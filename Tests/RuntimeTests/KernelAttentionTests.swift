import CKernels
import Foundation
import Plans
import Testing

@testable import Runtime

@Suite struct Attention {
  struct Case: CustomTestStringConvertible {
    var shape: AttentionShape
    var softcap: Float?
    var mask = AttentionMask.none
    var hasAdditive = false

    init(
      _ heads: Int, over keyHeads: Int, queries: Int, keys: Int, size: Int, batch: Int = 1,
      softcap: Float? = nil, mask: AttentionMask = .none, additive: Bool = false
    ) {
      shape = AttentionShape(
        batch: batch, queryHeads: heads, keyHeads: keyHeads, queries: queries, keys: keys,
        headSize: size)
      self.softcap = softcap
      self.mask = mask
      hasAdditive = additive
    }

    var testDescription: String {
      "\(shape.batch)x\(shape.queryHeads)/\(shape.keyHeads) \(shape.queries) of \(shape.keys) "
        + "size \(shape.headSize) causal \(mask.isCausal) window \(mask.window ?? 0) "
        + "softcap \(softcap ?? 0) additive \(hasAdditive)"
    }
  }

  static let cases: [Case] = [
    Case(1, over: 1, queries: 1, keys: 1, size: 1),
    Case(2, over: 2, queries: 3, keys: 3, size: 7),
    Case(4, over: 1, queries: 1, keys: 33, size: 8, softcap: 5),
    Case(4, over: 2, queries: 1, keys: 700, size: 16, mask: .causal),
    Case(
      8, over: 1, queries: 3, keys: 600, size: 20, mask: AttentionMask(isCausal: true, window: 40)),
    Case(3, over: 3, queries: 40, keys: 40, size: 9, batch: 2),
    Case(4, over: 2, queries: 70, keys: 70, size: 12, softcap: 2, mask: .causal),
    Case(8, over: 1, queries: 45, keys: 1100, size: 5, mask: .causal),
    Case(
      2, over: 1, queries: 100, keys: 130, size: 8, mask: AttentionMask(isCausal: true, window: 17)),
    Case(2, over: 2, queries: 50, keys: 60, size: 4, batch: 2, additive: true),
    Case(2, over: 1, queries: 2, keys: 300, size: 4, batch: 2, mask: .causal, additive: true),
    Case(2, over: 1, queries: 5, keys: 3, size: 4, mask: .causal),
    Case(2, over: 1, queries: 40, keys: 3, size: 4, mask: .causal),
    // The fifth query sees nothing in any split of the keys.
    Case(2, over: 1, queries: 6, keys: 600, size: 4, additive: true),
    Case(2, over: 1, queries: 6, keys: 600, size: 4, softcap: 2, additive: true),
    Case(2, over: 2, queries: 50, keys: 60, size: 4, softcap: 0.5, mask: .causal, additive: true),
  ]

  /// Operands laid out as projections leave them: q and out [batch, token, head, size], keys and
  /// values [batch, head, token, size] with room for more tokens.
  struct Problem {
    let q, k, v, additive: [Float]
    let qStrides, kStrides, additiveStrides: HeadStrides
    var expected: [Double] = []

    init(_ c: Case, seed: UInt64) {
      var random = SeededGenerator(seed: seed)
      let s = c.shape, capacity = s.keys + 5
      q = random.floats(s.batch * s.queries * s.queryHeads * s.headSize, in: -3...3)
      k = random.floats(s.batch * s.keyHeads * capacity * s.headSize)
      v = random.floats(s.batch * s.keyHeads * capacity * s.headSize)
      // Every seventh key is hidden, and every fifth query sees nothing at all.
      additive = (0..<s.queries * s.keys).map {
        ($0 % s.keys) % 7 == 3 || $0 / s.keys % 5 == 4 ? -.infinity : Float($0 % 3)
      }
      qStrides = HeadStrides(
        batch: s.queries * s.queryHeads * s.headSize, head: s.headSize,
        token: s.queryHeads * s.headSize)
      kStrides = HeadStrides(
        batch: s.keyHeads * capacity * s.headSize, head: capacity * s.headSize, token: s.headSize)
      additiveStrides = HeadStrides(batch: 0, head: 0, token: s.keys)
      for batch in 0..<s.batch {
        for query in 0..<s.queries {
          for head in 0..<s.queryHeads {
            expected += row(c, batch: batch, query: query, head: head)
          }
        }
      }
    }

    private func row(_ c: Case, batch: Int, query: Int, head: Int) -> [Double] {
      let s = c.shape, keyHead = head / (s.queryHeads / s.keyHeads)
      let qBase = qStrides.offset(batch: batch, head: head, token: query)
      let position = s.keys - s.queries + query
      var scores: [(Int, Double)] = []
      for key in 0..<s.keys {
        if c.mask.isCausal && key > position { continue }
        if let window = c.mask.window, key <= position - window { continue }
        let kBase = kStrides.offset(batch: batch, head: keyHead, token: key)
        var score = 0.0
        for d in 0..<s.headSize { score += Double(q[qBase + d]) * Double(k[kBase + d]) }
        score *= Double(Float(0.3))
        if let cap = c.softcap { score = Double(cap) * tanh(score / Double(cap)) }
        if c.hasAdditive { score += Double(additive[query * s.keys + key]) }
        scores.append((key, score))
      }
      let largest = scores.map(\.1).max() ?? -.infinity
      var out = [Double](repeating: 0, count: s.headSize), sum = 0.0
      guard largest > -.infinity else { return out }
      for (key, score) in scores {
        let weight = exp(score - largest)
        let vBase = kStrides.offset(batch: batch, head: keyHead, token: key)
        sum += weight
        for d in 0..<s.headSize { out[d] += weight * Double(v[vBase + d]) }
      }
      return out.map { $0 / sum }
    }
  }

  static func run(
    _ c: Case, _ p: Problem, on kernels: Kernels, mayRound: Bool = false
  ) -> TestBuffer<Float> {
    let out = TestBuffer<Float>(count: p.expected.count, misalignment: 1)
    let q = TestBuffer(p.q, misalignment: 3), k = TestBuffer(p.k, misalignment: 1)
    let v = TestBuffer(p.v, misalignment: 2), additive = TestBuffer(p.additive, misalignment: 1)
    kernels.attention(
      AttentionArguments(
        out: out.pointer, outStrides: p.qStrides, q: q.constant, qStrides: p.qStrides,
        k: k.constant, kStrides: p.kStrides, v: v.constant, vStrides: p.kStrides,
        shape: c.shape, scale: 0.3, softcap: c.softcap, mask: c.mask,
        additive: c.hasAdditive
          ? AdditiveMask(base: additive.constant, strides: p.additiveStrides) : nil,
        mayRound: mayRound))
    withExtendedLifetime((q, k, v, additive)) {}
    return out
  }

  @Test(arguments: cases, testedInstructionSets)
  func `equals its definition`(_ c: Case, _ isa: InstructionSet) throws {
    let problem = Problem(c, seed: 3)
    let scratch = Kernels.attentionScratch(c.shape)
    let out = Self.run(c, problem, on: try makeKernels(threads: 2, scratch: scratch, isa: isa))
    #expect(worstRatio(out.values, problem.expected) { _ in 2e-6 } <= 1)
    #expect(out.guardsAreIntact)
  }

  /// At least 2^16 scores of a head, at even and odd sizes; the last has fewer.
  static let roundedCases: [Case] = [
    Case(2, over: 2, queries: 256, keys: 256, size: 18),
    Case(4, over: 1, queries: 261, keys: 523, size: 7, softcap: 5, mask: .causal),
    Case(
      2, over: 1, queries: 300, keys: 1100, size: 16,
      mask: AttentionMask(isCausal: true, window: 90),
      additive: true),
    Case(1, over: 1, queries: 255, keys: 256, size: 8),
  ]

  @Test(arguments: roundedCases, testedInstructionSets)
  func `rounds to bf16 only where it may and pays`(_ c: Case, _ isa: InstructionSet) throws {
    let problem = Problem(c, seed: 6)
    let kernels = try makeKernels(
      threads: 2, scratch: Kernels.attentionScratch(c.shape), isa: isa)
    let exact = Self.run(c, problem, on: kernels)
    let rounded = Self.run(c, problem, on: kernels, mayRound: true)
    #expect(worstRatio(exact.values, problem.expected) { _ in 2e-6 } <= 1)
    // Values are below 1; scores of at most 3 · 0.3 · size move by 2^-8 of their terms.
    #expect(worstRatio(rounded.values, problem.expected) { _ in 0.02 } <= 1)
    let isLarge = c.shape.queries * c.shape.keys >= RoundedAttention.leastScores
    #expect((rounded.values != exact.values) == (isLarge && isa == .avx512BF16))
    #expect(rounded.guardsAreIntact)
  }

  @Test(arguments: cases)
  func `has the same bits for any number of threads`(_ c: Case) throws {
    let problem = Problem(c, seed: 4)
    let scratch = Kernels.attentionScratch(c.shape)
    let results = try testedThreadCounts.map {
      Self.run(c, problem, on: try makeKernels(threads: $0, scratch: scratch)).bits
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }
}
