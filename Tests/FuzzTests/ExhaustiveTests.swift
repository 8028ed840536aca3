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
        _ = session.run(Array(file.bytes.prefix(count)), named: "\(file.name), first \(count) bytes")
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
      var outcomes = (taken: 0, refused: 0)
      for position in file.bytes.indices {
        var bytes = file.bytes
        for change in UInt8(1)...255 {
          bytes[position] = file.bytes[position] ^ change
          switch session.run(
            bytes, named: "\(file.name), byte \(position) as \(bytes[position])")
          {
          case .taken: outcomes.taken += 1
          case .refused, .foreign: outcomes.refused += 1
          }
        }
      }
      // A harness that refuses everything, or takes everything, reads nothing.
      #expect(outcomes.taken > 0 && outcomes.refused > 0, "\(name)/\(file.name): \(outcomes)")
    }
  }
}
