import CKernels
import Glibc
import Testing

@testable import Runtime

/// Memory of one kernel operand, some elements past an aligned address and with guard elements
/// around it that must keep their value.
final class TestBuffer<Element: BitwiseCopyable & Equatable>: @unchecked Sendable {
  static var guardCount: Int { 32 }

  let count: Int
  private let storage: UnsafeMutablePointer<Element>
  private let capacity: Int
  private let offset: Int
  private let filler: Element

  init(count: Int, misalignment: Int = 0, filler: Element) {
    self.count = count
    self.filler = filler
    offset = Self.guardCount + misalignment
    capacity = count + offset + Self.guardCount
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: capacity * MemoryLayout<Element>.stride, alignment: 64)
    storage = memory.bindMemory(to: Element.self, capacity: capacity)
    storage.initialize(repeating: filler, count: capacity)
  }

  convenience init(_ values: [Element], misalignment: Int = 0, filler: Element) {
    self.init(count: values.count, misalignment: misalignment, filler: filler)
    for (index, value) in values.enumerated() { pointer[index] = value }
  }

  deinit { UnsafeMutableRawPointer(storage).deallocate() }

  var pointer: UnsafeMutablePointer<Element> { storage + offset }
  var constant: UnsafePointer<Element> { UnsafePointer(pointer) }
  var values: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// Whether nothing was written outside the buffer.
  var guardsAreIntact: Bool {
    (0..<offset).allSatisfy { storage[$0] == filler }
      && (offset + count..<capacity).allSatisfy { storage[$0] == filler }
  }
}

extension TestBuffer where Element == Float {
  convenience init(_ values: [Float], misalignment: Int = 0) {
    self.init(values, misalignment: misalignment, filler: -12345)
  }
  convenience init(count: Int, misalignment: Int = 0) {
    self.init(count: count, misalignment: misalignment, filler: -12345)
  }
  var bits: [UInt32] { values.map(\.bitPattern) }
}

/// A small generator with an explicit seed (SplitMix64), so that every case can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  /// Random bf16 numbers as bits.
  mutating func halves(_ count: Int) -> [UInt16] {
    floats(count).map { UInt16($0.bitPattern >> 16) }
  }
}

func widened(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

/// The instruction sets that this CPU can run; with `PALIGRAPH_ISA` the one that it chooses, since the run
/// of all tests without it goes through the others.
let testedInstructionSets: [InstructionSet] =
  getenv("PALIGRAPH_ISA") == nil
  ? [.scalar, .avx2, .avx512, .avx512BF16].filter { pg_isa_is_supported($0) } : [pg_best_isa()]

/// The C kernels of one instruction set.
func functions(_ isa: InstructionSet) -> pg_kernels { pg_kernels_for(isa).pointee }

extension InstructionSet: @retroactive CustomTestStringConvertible {
  public var testDescription: String { String(cString: functions(self).name) }
}

/// The largest of |actual - expected| / bound; NaN must meet NaN and infinities must be equal.
func worstRatio(_ actual: [Float], _ expected: [Double], bound: (Int) -> Double) -> Double {
  guard actual.count == expected.count else { return .infinity }
  var worst = 0.0
  for index in actual.indices {
    let value = Double(actual[index]), target = expected[index]
    if value.isNaN && target.isNaN || value == target { continue }
    guard value.isFinite, target.isFinite else { return .infinity }
    worst = max(worst, abs(value - target) / bound(index))
  }
  return worst
}

/// 2^-24, half the distance between 1 and the next f32.
let unitRoundoff = 0x1p-24

/// Kernels on a pool of their own, whose scratch memory is full of NaN.
func makeKernels(
  threads: Int, scratch: ScratchRequirement = .none, isa: InstructionSet = pg_best_isa()
) throws -> Kernels {
  let pool = try ThreadPool(threadCount: threads, scratch: scratch)
  pool.scratch.overwrite(with: 0xFF)
  return Kernels(pool: pool, isa: isa)
}

/// Thread counts over which results must agree to the bit.
let testedThreadCounts = [1, 2, 3, 8]
