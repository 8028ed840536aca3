import Foundation
import Glibc
import Inputs

extension PlanCache {
  /// A plan in the cache.
  public struct Entry: Sendable {
    public let path: String
    public let byteCount: Int
    /// Seconds since 1970 when it was made or last run.
    public let lastUse: Int
  }

  /// A plan that some process runs. It stays in the cache as long as this object lives.
  public final class Hold: Sendable {
    private let descriptor: Int32

    fileprivate init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
  }

  /// Bytes that the cached plans take together before the oldest leave.
  package static let limitVariable = LimitVariable("PALIGRAPH_CACHE_LIMIT", unit: "bytes")
  public static let defaultLimit = 50_000_000_000

  /// `$XDG_CACHE_HOME/paligraph` or `~/.cache/paligraph`, whether it is there or not.
  public static func location(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> String {
    if let base = environment["XDG_CACHE_HOME"], !base.isEmpty {
      guard base.hasPrefix("/") else {
        throw ModelError("XDG_CACHE_HOME", "is \"\(base.printable)\", which is no absolute path")
      }
      return base + "/paligraph"
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else {
      throw ModelError(
        "HOME", "is not set, so there is no cache directory; compile to a plan first")
    }
    return home + "/.cache/paligraph"
  }

  /// The plans in the cache, the one that was not used for the longest time first.
  public static func entries(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> [Entry] {
    let directory = try location(environment: environment)
    var status = stat()
    guard stat(directory.systemPath, &status) == 0 else { return [] }
    let entries = ModelSource.files(of: directory).compactMap { path -> Entry? in
      guard path.hasSuffix(".plan"), lstat(path.systemPath, &status) == 0,
        status.st_mode & S_IFMT == S_IFREG
      else { return nil }
      return Entry(
        path: path, byteCount: Int(status.st_size), lastUse: Int(status.st_mtim.tv_sec))
    }
    return entries.sorted { ($0.lastUse, $0.path) < ($1.lastUse, $1.path) }
  }

  /// Keeps a plan from leaving the cache and makes it the one that was used last. Nil when it is not
  /// there.
  public static func hold(_ path: String) -> Hold? {
    let descriptor = Glibc.open(path.systemPath, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let hold = Hold(descriptor: descriptor)
    var status = stat()
    // Another process may have removed it before the lock was there.
    guard flock(descriptor, LOCK_SH) == 0, fstat(descriptor, &status) == 0, status.st_nlink > 0
    else { return nil }
    // Where this is not allowed, the plan leaves the cache earlier.
    futimens(descriptor, nil)
    return hold
  }

  /// Removes a plan from the cache unless a process runs it. Returns whether it did.
  public static func remove(_ entry: Entry) -> Bool {
    let descriptor = Glibc.open(entry.path.systemPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0 && unlink(entry.path.systemPath) == 0
  }

  /// Bytes that the cached plans may take: `PALIGRAPH_CACHE_LIMIT`, or 50 GB.
  public static func limit() throws -> Int {
    do { return try limitVariable.value() ?? defaultLimit } catch {
      throw ModelError(limitVariable.name, "\(error)")
    }
  }

  /// Removes the plans that were not used for the longest time until the others take no more bytes than
  /// `limit`. Those that a process runs stay. Returns what was removed.
  @discardableResult
  public static func evict(
    above limit: Int, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> [Entry] {
    let entries = try entries(environment: environment)
    var total = entries.reduce(0) { $0 + $1.byteCount }
    return entries.filter { entry in
      guard total > limit, remove(entry) else { return false }
      total -= entry.byteCount
      return true
    }
  }
}
