import Synchronization
import Testing

@testable import Runtime

@Suite struct `A thread pool` {
  /// Counts how often each tile ran.
  struct CountingWork: TileWork {
    let counts: UnsafeMutablePointer<Int32>
    func run(tile: Int, worker: Int) { counts[tile] += 1 }
  }

  @Test(arguments: [1, 2, 3, 8], [0, 1, 2, 7, 1000])
  func `runs every tile once`(threads: Int, tiles: Int) throws {
    let pool = try ThreadPool(threadCount: threads)
    let counts = TestBuffer<Int32>(count: tiles, filler: 0)
    pool.run(tiles: tiles, CountingWork(counts: counts.pointer))
    #expect(counts.values.allSatisfy { $0 == 1 })
    pool.parallelFor(count: tiles) { tile, _ in counts.pointer[tile] += 1 }
    #expect(counts.values.allSatisfy { $0 == 2 })
  }

  @Test func `survives many dispatches of all sizes`() throws {
    let pool = try ThreadPool(threadCount: 4)
    let counts = TestBuffer<Int32>(count: 64, filler: 0)
    var expected = [Int32](repeating: 0, count: 64)
    var random = SeededGenerator(seed: 5)
    for _ in 0..<20_000 {
      let tiles = Int.random(in: 0...64, using: &random)
      pool.run(tiles: tiles, CountingWork(counts: counts.pointer))
      for tile in 0..<tiles { expected[tile] += 1 }
    }
    #expect(counts.values == expected)
  }

  @Test func `gives tiles that run together different workers`() throws {
    let pool = try ThreadPool(threadCount: 3)
    let occupied = (0..<3).map { _ in OccupiedFlag() }
    let collisions = OccupiedFlag()
    pool.parallelFor(count: 5000) { _, worker in
      if occupied[worker].flag.exchange(true, ordering: .sequentiallyConsistent) {
        collisions.flag.store(true, ordering: .sequentiallyConsistent)
      }
      occupied[worker].flag.store(false, ordering: .sequentiallyConsistent)
    }
    let hasCollided = collisions.flag.load(ordering: .sequentiallyConsistent)
    #expect(!hasCollided)
  }

  final class OccupiedFlag: Sendable { let flag = Atomic<Bool>(false) }

  @Test func `starts and stops without leaving threads behind`() throws {
    for round in 0..<200 {
      let pool = try ThreadPool(threadCount: 4)
      if round % 2 == 0 { pool.parallelFor(count: 8) { _, _ in } }
    }
  }

  @Test func `gives each worker and all of them their scratch`() throws {
    let needed = ScratchRequirement(perWorker: 5000, shared: 100)
    let pool = try ThreadPool(threadCount: 3, scratch: needed)
    for worker in 0..<3 {
      let memory = pool.scratch.perWorker(worker)
      #expect(Int(bitPattern: memory) % 64 == 0)
      memory.initializeMemory(as: UInt8.self, repeating: UInt8(worker + 1), count: 5000)
    }
    pool.scratch.shared.initializeMemory(as: UInt8.self, repeating: 9, count: 100)
    for worker in 0..<3 {
      let memory = pool.scratch.perWorker(worker)
      #expect(
        (0..<5000).allSatisfy { memory.load(fromByteOffset: $0, as: UInt8.self) == worker + 1 })
    }
  }

  @Test(arguments: [0, -1, 100_000])
  func `refuses an impossible number of threads`(count: Int) {
    #expect(throws: ThreadPoolError.badThreadCount(count)) {
      try ThreadPool(threadCount: count)
    }
  }

  @Test func `refuses more scratch than there is memory`() {
    let needed = ScratchRequirement(perWorker: Int.max / 2)
    #expect(throws: ThreadPoolError.self) { try ThreadPool(threadCount: 4, scratch: needed) }
  }
}
