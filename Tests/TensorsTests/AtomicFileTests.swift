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

  /// Beside it there is no room for a hidden name, which would be longer than a path may be.
  @Test func `a new file gets its name at once`() throws {
    try withTemporaryFolder { folder in
      var probe = try AtomicFile(path: "\(folder)/probe")
      let isHidden = try !Self.names(in: folder).isEmpty
      try probe.write([1])
      // Some file systems have no files without a name.
      guard !isHidden else { return }
      var folders = [folder]
      while let last = folders.last, last.utf8.count < 4090 {
        let left = 4090 - last.utf8.count
        folders.append("\(last)/\(String(repeating: "d", count: left > 200 ? 100 : left - 1))")
        mkdir(folders[folders.count - 1], 0o700)
      }
      let path = "\(folders[folders.count - 1])/a"
      defer {
        unlink(path)
        for folder in folders.dropFirst().reversed() { rmdir(folder) }
      }
      var file = try AtomicFile(path: path)
      try file.write([7])
      try file.commit()
      #expect(try MappedFile(path: path).withUnsafeBytes(in: 0..<1) { $0[0] } == 7)
    }
  }

  @Test func `several files are written before the first gets its name`() throws {
    try withTemporaryFolder { folder in
      let paths = ["a", "b"].map { "\(folder)/\($0)" }
      try AtomicFiles.write(paths) { index, file in
        let names = try Self.names(in: folder)
        #expect(names.allSatisfy { $0.hasPrefix(".") })
        try file.write([UInt8(index + 1)])
      }
      #expect(try Self.names(in: folder) == ["a", "b"])
      #expect(try paths.map(Self.content) == [[1], [2]])
    }
  }

  @Test func `without the last name, the new files before it are gone and replaced ones stay`()
    throws
  {
    try withTemporaryFolder { folder in
      let paths = ["old", "new", "taken"].map { "\(folder)/\($0)" }
      try Data([7]).write(to: URL(filePath: paths[0]))
      #expect(throws: OutputFileError.self) {
        try AtomicFiles.write(paths) { index, file in
          try file.write([UInt8(index + 1)])
          if index == 2 { mkdir(paths[2], 0o700) }
        }
      }
      #expect(try Self.names(in: folder) == ["old", "taken"])
      #expect(try Self.content(paths[0]) == [1])
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
