import CAllocationCount
import IR
import Tensors
import Testing
import Validation

@testable import Compiler
@testable import Runtime

/// In child processes, where nothing else runs that could allocate.
@Suite struct AllocationTests {
  @Test func `the counter sees an allocation`() {
    let before = allocation_count()
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 1000, alignment: 16)
    memory.deallocate()
    #expect(allocation_count() > before)
  }

  @Test func `steps of a Gemma block allocate nothing`() async {
    await #expect(processExitsWith: .success) {
      for setup in [PlanSetup.optimised, .unoptimised] {
        for threads in [1, 2] {
          var setup = setup
          setup.threads = threads
          var steps = try DecodeSteps(graph: "gemma-block", setup: setup)
          #expect(try steps.allocations(warmUp: 2, steps: 50) == 0)
        }
      }
    }
  }

  @Test func `steps of the mini model allocate nothing`() async {
    await #expect(processExitsWith: .success) {
      var steps = try DecodeSteps(graph: "mini-paligemma", setup: PlanSetup(threads: 2))
      #expect(try steps.allocations(warmUp: 2, steps: 50) == 0)
    }
  }
}

/// Calls of `@decode` of a shipped graph, one after the other, as a session makes them.
struct DecodeSteps {
  let executor: Executor
  let function: Int
  let cached: Int
  let bound: Int
  let takesIDs: Bool
  private var id: [Int64] = [0]

  init(graph: String, setup: PlanSetup) throws {
    let module = try Module.graph(graph)
    let reference = try ReferenceCalls(module, at: [])
    let file = try PlanDifferential(reference: reference, setup: setup).planFile()
    executor = try Executor(file, threads: setup.threads)
    function = try #require(executor.function(named: "decode"))
    cached = try #require(executor.symbol(named: "P"))
    bound = module.bounds["P"] ?? 1
    takesIDs = executor.input(0, of: function)?.element == .i64
  }

  /// Heap allocations during the given number of steps, after some to warm up: the least of three rounds,
  /// since a thread of the pool may start during the first, for which sanitizers allocate.
  mutating func allocations(warmUp: Int, steps: Int) throws -> Int {
    for step in 0..<warmUp { try run(step) }
    var least = Int.max
    for round in 0..<3 where least > 0 {
      let first = warmUp + round * steps
      let before = allocation_count()
      for step in first..<first + steps { try run(step) }
      least = min(least, Int(allocation_count() - before))
    }
    return least
  }

  private mutating func run(_ step: Int) throws {
    try executor.setSymbol(cached, to: 1 + step % bound)
    guard takesIDs else { return try executor.run(function) }
    id[0] = Int64(step)
    try executor.write(id, to: 0, of: function)
    try executor.run(function)
  }
}
