import CKernels
import Glibc
import Synchronization

/// Work that is cut into numbered tiles which may run in any order, on any thread.
///
/// The number of tiles and what each one does follow from shapes alone, never from the number of
/// threads; together with kernels that reduce inside one tile this makes results bit-identical
/// for any number of threads.
protocol TileWork {
  /// Does one tile. `worker` is below the pool's thread count and no two tiles that run at the
  /// same time share it: it names the scratch memory that this tile may use.
  func run(tile: Int, worker: Int)
}

extension TileWork {
  /// Runs one tile of the value of this type that `work` points to.
  fileprivate static func run(_ work: UnsafeRawPointer, tile: Int, worker: Int) {
    work.assumingMemoryBound(to: Self.self).pointee.run(tile: tile, worker: worker)
  }
}

/// A fixed set of threads that do tiles together, the calling thread among them.
///
/// Waiting threads spin for some microseconds and then sleep. A dispatch allocates nothing, and
/// it does not wait for a thread that was asleep for so long that it found no tile left. One
/// dispatch runs at a time: tiles may not start another one.
final class ThreadPool: Sendable {
  /// Threads that do tiles, including the one that calls `run`.
  let threadCount: Int
  /// Memory that kernels use while they run.
  let scratch: Scratch
  private let core: ThreadPoolCore
  private let threads: [pthread_t]

  /// Starts `threadCount - 1` threads and sets scratch memory aside.
  ///
  /// - Throws: `ThreadPoolError` if the system has no memory or thread to give.
  init(threadCount: Int, scratch requirement: ScratchRequirement = .none) throws {
    guard (1...ThreadPoolCore.maximumThreadCount).contains(threadCount) else {
      throw ThreadPoolError.badThreadCount(threadCount)
    }
    self.threadCount = threadCount
    scratch = try Scratch(requirement, workerCount: threadCount)
    core = ThreadPoolCore(spins: threadCount <= Self.processorCount)
    var threads: [pthread_t] = []
    for worker in 1..<threadCount {
      do {
        threads.append(try core.startThread(worker: worker))
      } catch {
        core.stop(joining: threads)
        throw error
      }
    }
    self.threads = threads
  }

  deinit { core.stop(joining: threads) }

  /// Processors that this process may use.
  static var processorCount: Int { pg_processor_count() }

  /// Runs tiles `0 ..< count` of `work` and returns when all are done.
  func run(tiles count: Int, _ work: some TileWork) {
    guard count > 1, threadCount > 1 else {
      for tile in 0..<max(count, 0) { work.run(tile: tile, worker: 0) }
      return
    }
    withUnsafePointer(to: work) { pointer in
      core.run(tiles: count, pointer, of: type(of: work))
    }
  }

  /// Runs `body` for each tile in `0 ..< count`. Makes one small allocation, unlike `run`.
  func parallelFor(count: Int, _ body: (_ tile: Int, _ worker: Int) -> Void) {
    withoutActuallyEscaping(body) { run(tiles: count, ClosureWork(body: $0)) }
  }
}

private struct ClosureWork: TileWork {
  let body: (Int, Int) -> Void
  func run(tile: Int, worker: Int) { body(tile, worker) }
}

/// Why a thread pool could not be made.
public enum ThreadPoolError: Error, Hashable, CustomStringConvertible {
  case badThreadCount(Int)
  case noThread(worker: Int, errno: Int32)
  case noMemory(bytes: Int)

  public var description: String {
    switch self {
    case .badThreadCount(let count):
      "\(count) threads asked for; use 1 to \(ThreadPoolCore.maximumThreadCount)"
    case .noThread(let worker, let code):
      "the system refused thread \(worker) (\(String(cString: strerror(code)))); use fewer threads"
    case .noMemory(let bytes):
      "no memory for \(bytes) bytes of scratch; use fewer threads or a shorter --max-tokens"
    }
  }
}

/// What the threads of a pool share. It outlives the pool until the last thread has left.
///
/// `state` carries the protocol. A dispatch writes the job, then opens a new generation. A thread
/// joins an open generation by adding one to `active`, does tiles until none is left, and
/// subtracts it again. The dispatcher closes the generation, after which nobody can join, and
/// waits until `active` is 0; only then may the job change.
final class ThreadPoolCore: @unchecked Sendable {
  static let maximumThreadCount = 1024
  private static let activeMask: UInt64 = 0xffff
  private static let openBit: UInt64 = 0x1_0000
  private static let generationStep: UInt64 = 0x2_0000
  /// Checks of a condition before a waiting thread goes to sleep, some tens of microseconds.
  private static let spinLimit = 2000

  private let state = Atomic<UInt64>(0)
  private let nextTile = Atomic<Int>(0)
  private let isStopping = Atomic<Bool>(false)
  private let isBusy = Atomic<Bool>(false)
  private let waiters = Atomic<Int>(0)
  private let spinLimit: Int
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  // The job. Written only while no thread is active in a generation.
  private var tileCount = 0
  private var work = UnsafeRawPointer(bitPattern: 1)
  private var workType: any TileWork.Type = ClosureWork.self

  init(spins: Bool) {
    spinLimit = spins ? Self.spinLimit : 0
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  func run<Work: TileWork>(tiles count: Int, _ pointer: UnsafePointer<Work>, of type: Work.Type) {
    precondition(
      !isBusy.exchange(true, ordering: .acquiring),
      "a thread pool runs one dispatch at a time, and tiles start none")
    tileCount = count
    work = UnsafeRawPointer(pointer)
    workType = type
    nextTile.store(0, ordering: .relaxed)
    state.add(Self.generationStep | Self.openBit, ordering: .sequentiallyConsistent)
    wakeWaiters()
    runTiles(worker: 0)
    state.bitwiseAnd(~Self.openBit, ordering: .sequentiallyConsistent)
    wait { $0 & Self.activeMask == 0 }
    isBusy.store(false, ordering: .releasing)
  }

  /// Claims tiles until none is left.
  private func runTiles(worker: Int) {
    guard let work else { return }
    while true {
      let tile = nextTile.add(1, ordering: .relaxed).oldValue
      guard tile < tileCount else { return }
      workType.run(work, tile: tile, worker: worker)
    }
  }

  /// What a thread does until the pool stops.
  func serve(worker: Int) {
    var seen: UInt64 = 0
    while true {
      let current = wait {
        ($0 & Self.openBit != 0 && $0 / Self.generationStep != seen)
          || self.isStopping.load(
            ordering: .acquiring)
      }
      if isStopping.load(ordering: .acquiring) { return }
      seen = current / Self.generationStep
      guard join(generation: seen) else { continue }
      runTiles(worker: worker)
      let left = state.subtract(1, ordering: .sequentiallyConsistent).newValue
      if left & (Self.activeMask | Self.openBit) == 0 { wakeWaiters() }
    }
  }

  /// Enters `generation` unless it has closed in the meantime.
  private func join(generation: UInt64) -> Bool {
    var current = state.load(ordering: .relaxed)
    while current & Self.openBit != 0, current / Self.generationStep == generation {
      let (exchanged, original) = state.compareExchange(
        expected: current, desired: current + 1, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      current = original
    }
    return false
  }

  /// Waits until `condition` holds for the state, first in a loop, then asleep; returns the state
  /// that satisfied it.
  @discardableResult
  private func wait(until condition: (UInt64) -> Bool) -> UInt64 {
    for _ in 0...spinLimit {
      let current = state.load(ordering: .acquiring)
      if condition(current) { return current }
      pg_spin_hint()
    }
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    // Announced before the check: whoever changes the state after it sees a waiter to wake.
    waiters.add(1, ordering: .sequentiallyConsistent)
    defer { waiters.subtract(1, ordering: .sequentiallyConsistent) }
    while true {
      let current = state.load(ordering: .sequentiallyConsistent)
      if condition(current) { return current }
      pthread_cond_wait(changed, mutex)
    }
  }

  private func wakeWaiters() {
    guard waiters.load(ordering: .sequentiallyConsistent) > 0 else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  func startThread(worker: Int) throws -> pthread_t {
    let entry = Unmanaged.passRetained(ThreadEntry(core: self, worker: worker))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { raw in
        guard let raw else { return nil }
        let entry = Unmanaged<ThreadEntry>.fromOpaque(raw).takeRetainedValue()
        // As in the thread that runs the steps.
        _ = pg_flush_denormals()
        entry.core.serve(worker: entry.worker)
        return nil
      }, entry.toOpaque())
    guard code == 0 else {
      entry.release()
      throw ThreadPoolError.noThread(worker: worker, errno: code)
    }
    return thread
  }

  func stop(joining threads: [pthread_t]) {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
    for thread in threads { pthread_join(thread, nil) }
  }
}

/// What a new thread is given.
private final class ThreadEntry {
  let core: ThreadPoolCore
  let worker: Int
  init(core: ThreadPoolCore, worker: Int) {
    self.core = core
    self.worker = worker
  }
}
