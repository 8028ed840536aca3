/// A fixed piece of memory whose start is aligned for any vector load. Freed with the last
/// reference.
///
/// Sharing between threads is safe: nothing changes after initialization.
final class AlignedBytes: @unchecked Sendable {
  static let alignment = 64

  let bytes: UnsafeRawBufferPointer

  /// Memory that `fill` initializes completely.
  init<Failure: Error>(
    count: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: count, alignment: Self.alignment)
    do throws(Failure) {
      try fill(memory)
    } catch {
      memory.deallocate()
      throw error
    }
    bytes = UnsafeRawBufferPointer(memory)
  }

  /// A copy of the bytes.
  convenience init(copying source: UnsafeRawBufferPointer) {
    self.init(count: source.count) { $0.copyMemory(from: source) }
  }

  deinit { bytes.deallocate() }
}
