import IR
import Plans
import Runtime
import Testing
import Validation

@testable import Compiler

/// Every operation at its smallest and at odd sizes, where contracts that hold for constant extents
/// alone would break: as plans on memory full of NaN, against the interpreter.
@Suite struct EdgeSizeTests {
  /// N counts from 1, so N-1 is an extent that may be empty.
  static let sizes = [1, 2, 3, 5].map { ["N": $0, "M": 4] }

  @Test(arguments: EdgeSizeGraph.all)
  func `an operation leaves nothing unwritten at any size`(graph: EdgeSizeGraph) throws {
    let reference = try ReferenceCalls(graph.module(), at: Self.sizes)
    for passes in [PassManager.lowering, PassManager.pipeline] {
      let difference = try PlanDifferential(
        reference: reference, setup: PlanSetup(passes: passes)
      ).firstDifference(tolerance: 1e-5)
      #expect(difference == nil)
    }
  }

  @Test func `no operation is missing`() throws {
    let tested = try Set(
      EdgeSizeGraph.all.flatMap { try $0.module().functions[0].operations.map(\.op) })
    #expect(Set(OpRegistry.all.map(\.name)).subtracting(tested).sorted() == [])
  }

  @Test(arguments: OpRegistry.all.map(\.name))
  func `an operation's example is right as a plan`(name: String) throws {
    let example = try OpRegistry.required(name).example()
    let file = try PlanDifferential(
      reference: ReferenceCalls(example.module, evaluates: false), setup: .unoptimised
    ).planFile()
    let executor = try Executor(file, threads: 1)
    for (name, size) in example.symbols {
      try executor.setSymbol(#require(executor.symbol(named: name)), to: size)
    }
    executor.overwriteMemory()
    let inputs = zip(file.plan.functions[0].inputs, example.inputs)
      .map { (name: $0.name, data: $1.data) }
    let found = try executor.run(0, inputs: inputs).map { HostTensor($0.data) }
    #expect(Difference.first(from: try example.results(), to: found, tolerance: 1e-6) == nil)
  }

  /// The mirror of the above: what has no result at some size is refused, not computed in part.
  @Test(arguments: [
    (
      "func @f(%x: f32[2xN], %c: f32[N]) -> (f32[2xN]) { %y = rope(%x, %c, %c) : f32[2xN] return %y }",
      "x has N features, expected an even number"
    ),
    (
      "func @f(%x: f32[2x(2*N+1)], %c: f32[2*N+1]) -> (f32[2x(2*N+1)]) { "
        + "%y = rope(%x, %c, %c) : f32[2x(2*N+1)] return %y }",
      "x has 2*N+1 features, expected an even number"
    ),
    (
      "func @f(%x: f32[]) -> (f32[]) { %y = rope(%x, %x, %x) : f32[] return %y }",
      "x is a scalar, expected at least one axis"
    ),
    (
      "func @f(%x: f32[1x1x1xN]) -> (f32[1x1x2x1x(N-2)]) { "
        + "%y = unfold(%x) {kernel = [1, 2], strides = [1, 2]} : f32[1x1x2x1x(N-2)] return %y }",
      "windows at every 2 do not fill an extent of N"
    ),
    (
      "func @f(%x: f32[1x1x1xN]) -> (f32[1x1x3x1x(N-2)]) { "
        + "%y = unfold(%x) {kernel = [1, 3]} : f32[1x1x3x1x(N-2)] return %y }",
      "extent N-2 becomes -1"
    ),
    (
      "func @f(%x: f32[4]) -> (f32[N]) { %y = slice(%x) {axis = 0, start = 0, end = N} : f32[N] return %y }",
      "reaches 5 of an axis of extent 4"
    ),
    (
      "func @f(%q: f32[1xNx2x2], %k: f32[1x2x2x2]) -> (f32[1x2xNx2]) { "
        + "%y = attention(%q, %k, %k) {scale = 1.0} : f32[1x2xNx2] return %y }",
      "N query heads do not divide by 2 key/value heads"
    ),
    (
      "func @f(%q: f32[1x1x2x2]) -> (f32[1x2x1x2]) { "
        + "%y = attention(%q, %q, %q) {scale = 1.0, causal = true, window = 0} : f32[1x2x1x2] return %y }",
      "window = 0, expected a positive number"
    ),
  ])
  func `what has no result at some size is refused`(function: String, message: String) {
    let error = #expect(throws: (any Error).self) {
      try Module.parse("module @m { symbol N <= 5\n \(function) }")
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains(message))
  }

  /// A size that only a call knows: interpreter and plan both refuse the call.
  @Test func `more best elements than there are is an error of the call`() throws {
    let module = try Module.parse(
      """
      module @m {
        symbol N <= 5
        func @f(%x: f32[3]) -> (i64[N]) {
          %y = top_k(%x) {k = N, axis = 0} : i64[N]
          return %y
        }
      }
      """)
    let reference = try ReferenceCalls(module, at: [["N": 4]], evaluates: false)
    let plan = PlanDifferential(reference: reference, setup: .unoptimised)
    let refusal = #expect(throws: (any Error).self) { try plan.results() }
    #expect("\(refusal.map { "\($0)" } ?? "")" == "the best 4 of 3 elements are asked for")
    let error = #expect(throws: (any Error).self) { try ReferenceCalls(module, at: [["N": 4]]) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("k = 4 is beyond the extent 3 of axis 0"))
  }
}
