import Glibc
import Inputs
import Plans

/// What memory there is, so that a plan or a picture that cannot fit says so before it starts instead of
/// being killed on the way.
package enum AvailableMemory {
  /// Bytes that this process can still get from the machine, its container and its own address space; nil
  /// where the system does not say.
  package static func bytes() -> Int? {
    let machine = bytes("/proc/meminfo", after: "MemAvailable:").map { $0 * 1024 }
    return [machine, container(), addressSpace()].compactMap { $0 }.min()
  }

  /// Bytes that arena and states may take, whatever the machine says.
  static let variable = LimitVariable("PALIGRAPH_MEMORY_LIMIT", unit: "bytes")

  /// Throws `PlanError` when arena and states are larger than what can be had.
  static func check(_ plan: Plan) throws {
    // The plan's verifier has bounded the sum.
    let needed = plan.arenaBytes + plan.stateBytes
    let (limit, source) = try limit()
    guard let limit, needed > limit else { return }
    throw PlanError(
      "it needs \(needed) bytes of memory (arena \(plan.arenaBytes), states \(plan.stateBytes)), but "
        + "\(source) \(limit); compile it for smaller sizes or set \(variable.name) to the bytes it may take"
    )
  }

  private static func limit() throws -> (Int?, source: String) {
    do {
      if let bytes = try variable.value() { return (bytes, "\(variable.name) allows") }
    } catch {
      throw PlanError("\(error)")
    }
    return (bytes(), "the bytes available are")
  }

  /// What is left of `ulimit -v`, if it is set.
  private static func addressSpace() -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
      let most = Int(exactly: limit.rlim_cur), let pages = bytes("/proc/self/statm")
    else { return nil }
    return max(0, most - pages * sysconf(Int32(_SC_PAGESIZE)))
  }

  /// What is left of the limit of the container, if there is one.
  private static func container() -> Int? {
    for (folder, most, used) in [
      ("/sys/fs/cgroup", "max", "current"),
      ("/sys/fs/cgroup/memory", "limit_in_bytes", "usage_in_bytes"),
    ] {
      guard let most = bytes("\(folder)/memory.\(most)"),
        let used = bytes("\(folder)/memory.\(used)")
      else { continue }
      // Files that were read count as used, though they give way.
      let files = bytes("\(folder)/memory.stat", after: "inactive_file ") ?? 0
      return max(0, most - max(0, used - files))
    }
    return nil
  }

  /// The number that a small file of the kernel holds, or that follows a word in it.
  private static func bytes(_ path: String, after word: String = "") -> Int? {
    // Such files have no size, so that they cannot be read as inputs are.
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 8192)
    let count = fread(&buffer, 1, buffer.count, file)
    let text = String(decoding: buffer[..<count], as: UTF8.self)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(word) }) else {
      return nil
    }
    return line.dropFirst(word.count).split(separator: " ").first.flatMap { Int($0) }
  }
}
