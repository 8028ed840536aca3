import FuzzTargets
import Testing

/// The committed corpus of `Tools/fuzz`, read without libFuzzer.
@Suite struct CorpusTests {
  @Test(arguments: FuzzEntry.all.map(\.name))
  func theCommittedCorpusIsRead(name: String) throws {
    let entry = try #require(FuzzEntry.named(name))
    let session = try FuzzSession(entry)
    let files = try SeedFile.all(of: entry)
    #expect(!files.isEmpty)
    for file in files {
      let outcome = session.run(file.bytes, named: file.name)
      // Files that a fuzzer found are named after what was wrong; all others are valid.
      if !file.name.hasPrefix("found-") { #expect(outcome == .taken, "\(name)/\(file.name)") }
    }
  }
}
