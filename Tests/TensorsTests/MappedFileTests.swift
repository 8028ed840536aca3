import JSON
import Tensors
import Testing

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
}
