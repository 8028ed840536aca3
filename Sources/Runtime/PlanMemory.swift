import Glibc
import Plans

/// The memory that a plan runs in: arena and states as zero pages of their own, weights in the
/// mapped file. Arena and states have a page before and behind them that nobody may touch.
final class PlanMemory {
  private let file: PlanFile
  private let arena: UnsafeMutableRawBufferPointer
  private let states: UnsafeMutableRawBufferPointer
  /// Where views without elements point.
  let empty: UnsafeMutableRawPointer

  init(_ file: PlanFile) throws {
    self.file = file
    try AvailableMemory.check(file.plan)
    arena = try Self.map(file.plan.arenaBytes)
    do { states = try Self.map(file.plan.stateBytes) } catch {
      Self.unmap(arena)
      throw error
    }
    empty = UnsafeMutableRawPointer.allocate(byteCount: Plan.alignment, alignment: Plan.alignment)
  }

  deinit {
    Self.unmap(arena)
    Self.unmap(states)
    empty.deallocate()
  }

  private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))

  /// The pages that hold so many bytes.
  private static func pageBytes(_ bytes: Int) -> Int { max(bytes, 1).rounded(upTo: page) }

  private static func map(_ bytes: Int) throws -> UnsafeMutableRawBufferPointer {
    let count = max(bytes, Plan.alignment)
    let size = pageBytes(count)
    guard
      let base = mmap(nil, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      base != MAP_FAILED
    else { throw PlanError("\(count) bytes of memory are not to be had") }
    guard mprotect(base + page, size, PROT_READ | PROT_WRITE) == 0 else {
      munmap(base, size + 2 * page)
      throw PlanError("\(count) bytes of memory are not to be had")
    }
    return UnsafeMutableRawBufferPointer(start: base + page, count: count)
  }

  private static func unmap(_ memory: UnsafeMutableRawBufferPointer) {
    guard let base = memory.baseAddress else { return }
    munmap(base - page, pageBytes(memory.count) + 2 * page)
  }

  /// The bytes that a view may touch, from the base that its start counts from. Weights are mapped
  /// read-only: the plan's verifier has made sure that no step writes to them.
  func region(of view: PlanView) -> UnsafeMutableRawBufferPointer {
    switch view.region {
    case .arena(let offset): UnsafeMutableRawBufferPointer(rebasing: arena[offset...])
    case .tensor(let index):
      file.withUnsafeBytes(ofTensor: index) { UnsafeMutableRawBufferPointer(mutating: $0) }
    case .state(let index):
      UnsafeMutableRawBufferPointer(
        rebasing: states[
          file.plan.states[index].offset..<file.plan.states[index].offset
            + file.plan.states[index].byteCount])
    }
  }

  /// Fills the arena with a byte.
  func overwriteArena(with byte: UInt8) {
    arena.initializeMemory(as: UInt8.self, repeating: byte)
  }

  /// Sets all states back to zero.
  func clearStates() { states.initializeMemory(as: UInt8.self, repeating: 0) }
}
