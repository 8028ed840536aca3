import FuzzTargets
import Testing

/// Every truncation and every change of one byte of a minimal file of each format: read, and where it
/// can be read compiled and run. What ends the process is named in its last line.
@Suite struct ExhaustiveTests {
  @Test(arguments: FuzzEntry.all.map(\.name))
  func everyTruncationReturns(name: String) throws {
    let entry = try #require(FuzzEntry.named(name))
    let session = try FuzzSession(entry)
    for file in try SeedFile.all(of: entry) {
      for count in 0..<file.bytes.count {
        _ = session.run(
          Array(file.bytes.prefix(count)), named: "\(file.name), first \(count) bytes")
      }
    }
  }

  @Test(arguments: FuzzEntry.all.map(\.name))
  func everyChangeOfOneByteReturns(name: String) throws {
    let entry = try #require(FuzzEntry.named(name))
    let session = try FuzzSession(entry)
    let files = try SeedFile.minimal(of: entry)
    #expect(!files.isEmpty)
    for file in files {
      var refusals = 0
      for position in file.bytes.indices {
        var bytes = file.bytes
        for change in UInt8(1)...255 {
          bytes[position] = file.bytes[position] ^ change
          let outcome = session.run(
            bytes, named: "\(file.name), byte \(position) as \(bytes[position])")
          if outcome != .taken { refusals += 1 }
        }
      }
      // A harness that takes everything reads nothing; `CorpusTests` shows that it takes the file itself.
      #expect(refusals > 0, "\(name)/\(file.name)")
    }
  }
}
