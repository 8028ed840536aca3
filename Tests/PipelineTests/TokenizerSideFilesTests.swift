import Foundation
import JSON
import Testing

@testable import Pipeline

/// Files beside a tokenizer that add tokens or change them, against transformers 5.23.
struct TokenizerSideFilesTests {
  /// Files of one directory and the ids of some texts.
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let tokenizer: String
    let files: [(name: String, text: String)]
    let ids: [[Int32]]
    /// After PaliGemma's processor has added its tokens.
    let processed: [[Int32]]
    let decoded: [String]

    init(_ field: JSONField) throws {
      name = try field.member("name").string()
      tokenizer = try field.member("tokenizer").string()
      files = try field.member("files").members().map { ($0.key, try $0.field.string()) }
      ids = try field.member("ids").elements().map(TokenizerFixtures.ids)
      processed = try field.member("processed").elements().map(TokenizerFixtures.ids)
      decoded = try field.member("decoded").elements().map { try $0.string() }
    }

    var testDescription: String { name }
  }

  static let rows = (try? TokenizerFixtures.json("side_files.json").elements()) ?? []
  static let cases = rows.dropFirst().compactMap { try? Case($0) }

  @Test func `there are references`() { #expect(Self.cases.count > 90) }

  @Test(arguments: cases)
  func `tokens have the ids that transformers gives them`(reference: Case) throws {
    let texts = try #require(Self.rows.first).elements().map { try $0.string() }
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.copyItem(
      atPath: "\(TokenizerFixtures.multilingual)/\(reference.tokenizer)",
      toPath: folder.appending(path: reference.tokenizer).path)
    for file in reference.files {
      try Data(file.text.utf8).write(to: folder.appending(path: file.name))
    }
    var model = try TokenizerModel.read(directory: folder.path)
    let plain = Tokenizer(try TokenizerTables(model))
    #expect(texts.map { plain.encode($0) } == reference.ids)
    try model.addPaliGemmaTokens()
    let processed = Tokenizer(try TokenizerTables(model))
    #expect(texts.map { processed.encode($0) } == reference.processed)
    #expect(reference.processed.map { processed.decode($0) } == reference.decoded)
    #expect(!model.warnings.isEmpty || !reference.name.contains("gaps"))
  }
}
