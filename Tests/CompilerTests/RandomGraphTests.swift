import Compiler
import Foundation
import IR
import Testing
import Validation

/// Graphs where anything may meet: every pass by itself, the pipeline, the planner and the executor
/// against the interpreter. `Tools/random-graphs` checks as many as it is asked to.
@Suite struct RandomGraphTests {
  /// The first seed and how many follow, for a slice of many runs: `20000:500`.
  static let seeds: [Int] = {
    let slice = ProcessInfo.processInfo.environment["PALIGRAPH_RANDOM_GRAPHS"]?
      .split(separator: ":").compactMap { Int($0) }
    guard let slice, slice.count == 2 else { return Array(0..<48) }
    return Array(slice[0]..<slice[0] + slice[1])
  }()

  @Test(arguments: seeds)
  func `a random graph is computed as it says`(seed: Int) throws {
    if case .wrong(let problem) = try RandomCheck.outcome(ofSeed: seed) {
      Issue.record("\(problem)")
    }
  }

  /// A generator that made the same all the time, or nothing that passes look for, would find nothing.
  @Test func `random graphs have all operations that importers and passes make`() throws {
    var (made, optimized): (Set<String>, Set<String>) = ([], [])
    for seed in 0..<400 {
      var module = try RandomGraph.module(seed: seed)
      #expect(try RandomGraph.module(seed: seed).description == module.description)
      made.formUnion(module.functions.flatMap(\.operations).map(\.op))
      guard Verifier.diagnostics(of: module).isEmpty else { continue }
      var context = PassContext()
      try PassManager(passes: PassManager.optimizing).run(&module, context: &context)
      optimized.formUnion(module.functions.flatMap(\.operations).map(\.op))
    }
    // How many elements these two find becomes a symbol, which importers make.
    let all = Set(OpRegistry.all.map(\.name)).subtracting(["nonzero", "non_max_suppression"])
    #expect(all.subtracting(made).subtracting(optimized).sorted() == [])
  }

  /// What random graphs found to be wrong in plans. Wrong passes are in `passes/`.
  @Test(arguments: [
    // A table of truth values could not be written.
    """
    module @truth {
      symbol T <= 4
      symbol P <= 3
      func @f() -> (bool[T]) {
        %positions = iota() {count = T, start = P} : i64[T]
        %equal     = equal(%positions, %positions) : bool[T]
        return %equal
      }
    }
    """,
    // Reductions of nothing and products over nothing have results all the same.
    """
    module @nothing {
      weight %w : f32[3x6]
      weight %b : f32[3]
      func @f(%x: f32[2x6]) -> (f32[2x1], f32[2x1], f32[2], f32[2x3]) {
        %none   = slice(%x) {axis = 1, start = 1, end = 1} : f32[2x0]
        %max    = max(%none) {axes = [1]}                  : f32[2x1]
        %mean   = mean(%none) {axes = [-1]}                : f32[2x1]
        %sum    = sum(%none) {axes = [1], keep_dims = false} : f32[2]
        %narrow = slice(%w) {axis = 1, start = 0, end = 0} : f32[3x0]
        %copied = contiguous(%narrow)                      : f32[3x0]
        %p      = matmul(%none, %copied) {transpose_b = true} : f32[2x3]
        %y      = add(%p, %b)                              : f32[2x3]
        return %max, %mean, %sum, %y
      }
    }
    """,
    // A NaN with a sign, known while compiling, could not be read from the plan.
    """
    module @undefined {
      buffer %ones : f32[6] {non_persistent, value = splat(1.0)}
      func @f() -> (f32[]) {
        %none = slice(%ones) {axis = 0, start = 2, end = 2}   : f32[0]
        %mean = mean(%none) {axes = [-1], keep_dims = false}  : f32[]
        return %mean
      }
    }
    """,
    // A plan with a product of four symbols could not be opened.
    """
    module @table {
      symbol T <= 4
      func @f(%x: f32[1xTx1xT]) -> (f32[1xTxTxTxT]) {
        %rows    = reshape(%x) {shape = [1, T, 1, T, 1]}      : f32[1xTx1xTx1]
        %columns = transpose(%x) {perm = [3, 1, 0, 2]}        : f32[TxTx1x1]
        %a       = mul(%x, %rows)                             : f32[1xTxTxTxT]
        %y       = mul(%a, %columns)                          : f32[1xTxTxTxT]
        return %y
      }
    }
    """,
    // P is no extent by itself, so inputs do not tell it.
    """
    module @sums {
      symbol T <= 4
      symbol P <= 3
      func @f(%x: f32[P+T], %y: f32[T]) -> (f32[P+T], f32[T]) {
        %a = exp(%x) : f32[P+T]
        %b = exp(%y) : f32[T]
        return %a, %b
      }
    }
    """,
  ])
  func `what was wrong once is right`(graph: String) throws {
    try Validator(Module.parse(graph)).run()
  }
}
