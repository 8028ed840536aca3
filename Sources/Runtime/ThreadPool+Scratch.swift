import Glibc

/// How much memory a kernel wants beside its operands, in bytes.
struct ScratchRequirement: Sendable, Hashable {
  /// For each thread, used within one tile.
  var perWorker: Int = 0
  /// Once, used from one dispatch of a kernel to its next.
  var shared: Int = 0

  static let none = ScratchRequirement()

  /// Enough for either.
  func union(_ other: ScratchRequirement) -> ScratchRequirement {
    ScratchRequirement(
      perWorker: max(perWorker, other.perWorker), shared: max(shared, other.shared))
  }
}

/// Scratch memory of a thread pool, each part aligned to a page and zero at first. Its contents
/// mean nothing from one kernel call to the next.
final class Scratch: @unchecked Sendable {
  let requirement: ScratchRequirement
  private let base: UnsafeMutableRawPointer
  private let workerStride: Int
  /// Of all threads together; what kernels do not touch takes no memory.
  let byteCount: Int

  init(_ requirement: ScratchRequirement, workerCount: Int) throws {
    precondition(requirement.perWorker >= 0 && requirement.shared >= 0)
    self.requirement = requirement
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let (stride, overflow1) = Self.rounded(requirement.perWorker, to: page)
    let (workers, overflow2) = stride.multipliedReportingOverflow(by: workerCount)
    let (total, overflow3) = workers.addingReportingOverflow(requirement.shared)
    guard !overflow1, !overflow2, !overflow3 else {
      throw ThreadPoolError.noMemory(bytes: Int.max)
    }
    workerStride = stride
    byteCount = max(total, page)
    // A mapping costs only the pages that kernels touch.
    guard
      let base = mmap(
        nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      base != MAP_FAILED
    else { throw ThreadPoolError.noMemory(bytes: byteCount) }
    self.base = base
    sharedOffset = workers
  }

  deinit { munmap(base, byteCount) }

  private let sharedOffset: Int

  private static func rounded(_ bytes: Int, to unit: Int) -> (Int, Bool) {
    let (sum, overflow) = bytes.addingReportingOverflow(unit - 1)
    return (sum / unit * unit, overflow)
  }

  /// The memory that a tile on `worker` may use.
  func perWorker(_ worker: Int) -> UnsafeMutableRawPointer {
    base + worker * workerStride
  }

  /// Fills all of it with a byte, while no kernel runs.
  func overwrite(with byte: UInt8) {
    UnsafeMutableRawBufferPointer(start: base, count: byteCount)
      .initializeMemory(as: UInt8.self, repeating: byte)
  }

  /// The memory that all tiles of a dispatch share.
  var shared: UnsafeMutableRawPointer { base + sharedOffset }
}
