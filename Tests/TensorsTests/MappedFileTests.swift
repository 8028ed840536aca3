import Foundation
import Inputs
import Tensors
import Testing

/// Maps a file that then becomes empty, and touches its pages from many threads at a time.
private func touchLostPages(threads: Int) async throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  let path = folder.appendingPathComponent("lost\u{1B}[31m.bin").path
  try Data(count: threads * 4096).write(to: URL(fileURLWithPath: path))
  let file = try MappedFile(path: path)
  MappedFile.reportLostPages(exitStatus: 7)
  truncate(path, 0)
  try FileManager.default.removeItem(at: folder)
  let isReady = DispatchSemaphore(value: 0)
  for index in 0..<threads {
    Thread {
      isReady.wait()
      isReady.signal()
      _ = file.withUnsafeBytes(in: index * 4096..<index * 4096 + 1) { $0[0] }
    }.start()
  }
  isReady.signal()
  try await Task.sleep(for: .seconds(60))
}

@Suite struct MappedFileTests {
  @Test func `lends the file's bytes`() throws {
    try withTemporaryFile(bytes: Array(0..<200)) { path in
      let file = try MappedFile(path: path)
      #expect(file.byteCount == 200)
      #expect(file.withUnsafeBytes(in: 10..<13) { Array($0) } == [10, 11, 12])
      file.advise(.willNeed, in: 0..<200)
      file.advise(.dontNeed, in: 50..<1_000_000)
      #expect(file.withUnsafeBytes(in: 199..<200) { Array($0) } == [199])
    }
  }

  /// Bytes of a file's mapping that are in memory, as the system counts them.
  private func residentBytes(_ file: MappedFile) throws -> Int {
    let start = String(UInt(bitPattern: file.unsafeBytes.baseAddress), radix: 16)
    let map = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
    let data = try #require(try map.readToEnd())
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    let size = lines.drop { !$0.hasPrefix("\(start)-") }.first { $0.hasPrefix("Rss:") }
    return try #require(size?.split(separator: " ").dropFirst().first.flatMap { Int($0) }) * 1024
  }

  @Test func `pages that are not needed leave memory, begun ones too`() throws {
    let page = sysconf(Int32(_SC_PAGESIZE))
    try withTemporaryFile(bytes: Array(repeating: 1, count: 64 * page)) { path in
      let file = try MappedFile(path: path)
      let sum = file.withUnsafeBytes(in: 0..<file.byteCount) { bytes in
        (0..<64).reduce(0) { $0 + Int(bytes[$1 * page]) }
      }
      #expect(sum == 64)
      #expect(try residentBytes(file) == 64 * page)
      file.advise(.dontNeed, in: page + 905..<48 * page + 100)
      #expect(try residentBytes(file) == 16 * page)
    }
  }

  @Test func `an empty file has no bytes`() throws {
    try withTemporaryFile(bytes: []) { path in
      let file = try MappedFile(path: path)
      #expect(file.withUnsafeBytes(in: 0..<0) { $0.count } == 0)
    }
  }

  @Test(arguments: ["/dev/zero", "/", "/nonexistent"])
  func `only regular files are mapped`(path: String) {
    #expect(throws: InputFileError.self) { try MappedFile(path: path) }
  }

  @Test func `pages lost under many threads are one line`() async throws {
    for _ in 0..<5 {
      let result = await #expect(
        processExitsWith: .exitCode(7), observing: [\.standardErrorContent]
      ) {
        try await touchLostPages(threads: 64)
      }
      let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count == 2 && lines.last == "", "\(text)")
      #expect(text.hasPrefix("paligraph: ") && text.hasSuffix("restore it and try again\n"))
      #expect(text.contains("lost\\u{1b}[31m.bin: a part of it is gone"), "\(text)")
    }
  }
}
