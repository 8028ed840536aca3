import Foundation
import Tensors
import Testing

@Suite struct AtomicFileTests {
  static func content(_ path: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(filePath: path)))
  }

  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test(arguments: [false, true])
  func `a committed file appears complete`(isHidden: Bool) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/out"
      var file = try AtomicFile(path: path, isHidden: isHidden)
      let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }
      try file.write([1, 2, 3])
      try file.write(large)
      try file.write([])
      try file.write([4])
      try file.overwrite(at: 1, [9, 9])
      try file.overwrite(at: 3_000_003, [5])
      try file.write([6])
      #expect(file.byteCount == 3_000_005)
      let before = try Self.names(in: folder)
      #expect(!before.contains("out"))
      try file.commit()
      #expect(try Self.names(in: folder) == ["out"])
      #expect(try Self.content(path) == [1, 9, 9] + large + [5, 6])
    }
  }

  @Test(arguments: [false, true])
  func `a dropped file leaves everything as it was`(isHidden: Bool) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/out"
      try Data([7]).write(to: URL(filePath: path))
      do {
        var file = try AtomicFile(path: path, isHidden: isHidden)
        try file.write([1, 2, 3])
      }
      #expect(try Self.names(in: folder) == ["out"])
      #expect(try Self.content(path) == [7])
    }
  }

  @Test(arguments: [false, true])
  func `readers of a replaced file keep what they have`(isHidden: Bool) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/out"
      try Data([7, 8]).write(to: URL(filePath: path))
      let mapped = try MappedFile(path: path)
      var file = try AtomicFile(path: path, isHidden: isHidden)
      try file.write([1])
      try file.commit()
      #expect(mapped.withUnsafeBytes(in: 0..<2) { Array($0) } == [7, 8])
      #expect(try Self.content(path) == [1])
      #expect(try Self.names(in: folder) == ["out"])
    }
  }

  @Test func `two writers of one name do not mix`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/out"
      var first = try AtomicFile(path: path)
      var second = try AtomicFile(path: path)
      try first.write([1, 1])
      try second.write([2, 2])
      try first.commit()
      try second.commit()
      #expect(try Self.content(path) == [2, 2])
      #expect(try Self.names(in: folder) == ["out"])
    }
  }

  @Test func `a link is followed`() throws {
    try withTemporaryFolder { folder in
      try Data([7]).write(to: URL(filePath: "\(folder)/real"))
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/link", withDestinationPath: "real")
      var file = try AtomicFile(path: "\(folder)/link")
      try file.write([1])
      try file.commit()
      #expect(try Self.content("\(folder)/real") == [1])
      #expect(try Self.names(in: folder) == ["link", "real"])
    }
  }

  @Test(arguments: [
    ("/dev/null", "not a regular file"), ("/", "not a regular file"), ("", "No such file"),
    ("/nonexistent/out", "/nonexistent/out: cannot be written: No such file"),
    ("/dev/null/out", "Not a directory"), ("a\0b", "a\\u{0}b: cannot be written"),
    ("/proc/out", "/proc/out: cannot be written"),
  ])
  func `what cannot be written is refused at once`(path: String, reason: String) {
    do {
      _ = try AtomicFile(path: path)
      Issue.record("\(path) was opened")
    } catch {
      #expect(error.description.contains(reason), "\(error)")
    }
  }
}
