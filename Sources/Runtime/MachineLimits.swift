import CKernels
import Glibc
import Synchronization

/// What this machine does at best with some threads: the limits that a benchmark is held against.
public struct MachineLimits: Sendable {
  /// Bytes read from memory in a second.
  public let readBandwidth: Double
  /// Multiplications and additions in a second, by the instructions that kernels use for f32, bf16
  /// and int8 weights.
  public let f32: Double
  public let bf16: Double
  public let int8: Double
  /// Seconds to hand work to all threads and wait for them: what each step costs beside its work.
  public let dispatch: Double

  /// Takes about a second, on a machine that does nothing else. Throws `ThreadPoolError`.
  public static func measure(threads: Int? = nil) throws -> MachineLimits {
    let pool = try ThreadPool(threadCount: threads ?? ThreadPool.processorCount)
    func peak(_ kind: PeakKind) -> Double {
      best(of: 5) {
        let work = PeakWork(kind: kind)
        pool.run(tiles: pool.threadCount, work)
        return Double(PeakWork.operations(kind)) * Double(pool.threadCount)
      }
    }
    let dispatchRate = best(of: 5) {
      let (meeting, count) = (Meeting(), 1000)
      for round in 1...count {
        pool.run(tiles: pool.threadCount, MeetingWork(meeting, atLeast: round * pool.threadCount))
      }
      return Double(count)
    }
    return MachineLimits(
      readBandwidth: try readBandwidth(pool), f32: peak(.f32), bf16: peak(.bf16), int8: peak(.int8),
      dispatch: 1 / dispatchRate)
  }

  private static func readBandwidth(_ pool: ThreadPool) throws -> Double {
    let work = ReadWork(tileCount: 16 * pool.threadCount)
    guard
      let base = mmap(
        nil, work.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      base != MAP_FAILED
    else { throw ThreadPoolError.noMemory(bytes: work.byteCount) }
    defer { munmap(base, work.byteCount) }
    // Pages that were never written are all the same one.
    memset(base, 1, work.byteCount)
    return best(of: 5) {
      pool.run(tiles: work.tileCount, ReadWork(tileCount: work.tileCount, memory: base))
      return Double(work.byteCount)
    }
  }

  /// The highest rate of several runs of `work`, which returns how much it did.
  private static func best(of count: Int, _ work: () -> Double) -> Double {
    (0..<count).reduce(0) { best, _ in
      let start = Clock.nanoseconds()
      let amount = work()
      return max(best, amount / (Double(Clock.nanoseconds() - start) * 1e-9))
    }
  }
}

/// Counts the threads that have come.
private final class Meeting: Sendable {
  let arrived = Atomic<Int>(0)
}

/// A tile that waits for the other ones, so that every thread must take one.
private struct MeetingWork: TileWork {
  let meeting: Meeting
  let count: Int

  init(_ meeting: Meeting, atLeast count: Int) {
    self.meeting = meeting
    self.count = count
  }

  func run(tile: Int, worker: Int) {
    meeting.arrived.add(1, ordering: .acquiringAndReleasing)
    var spins = 0
    while meeting.arrived.load(ordering: .acquiring) < count {
      spins += 1
      // There may be more threads than processors.
      if spins % 1000 == 0 { sched_yield() } else { pg_spin_hint() }
    }
  }
}

private struct PeakWork: TileWork {
  static let rounds: UInt64 = 2_000_000
  let kind: PeakKind

  func run(tile: Int, worker: Int) { _ = pg_run_peak(pg_best_isa(), kind, Self.rounds) }

  static func operations(_ kind: PeakKind) -> UInt64 {
    pg_run_peak(pg_best_isa(), kind, 1) * rounds
  }
}

private struct ReadWork: TileWork {
  /// Sixteen tiles are more than any cache holds.
  static let tileBytes = 16 << 20
  let tileCount: Int
  var memory: UnsafeMutableRawPointer?

  var byteCount: Int { tileCount * Self.tileBytes }

  func run(tile: Int, worker: Int) {
    guard let memory else { return }
    _ = pg_read_memory(memory + tile * Self.tileBytes, Self.tileBytes)
  }
}
