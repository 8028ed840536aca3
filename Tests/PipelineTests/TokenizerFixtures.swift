import Inputs
import JSON
import Testing

@testable import Pipeline

/// The reference files that `Tools/references/tokenization.py` writes, and tokenizers to read them with.
enum TokenizerFixtures {
  static let tests = String(#filePath.dropLast("/TokenizerFixtures.swift".utf8.count))
  static let directory = tests + "/../Fixtures/tokenizers"
  static let multilingual = directory + "/multilingual"
  static let miniPaliGemma = tests + "/../../Examples/mini-paligemma"

  static func json(_ name: String) throws -> JSONField {
    JSONField(try JSON.parse(path: "\(directory)/\(name)", limits: JSON.Limits(bytes: 1 << 24)))
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    try InputFile(path: path).readAll()
  }

  /// The tokenizer of a directory's `tokenizer.json`.
  static func fromJSON(_ directory: String) throws -> Tokenizer {
    try Tokenizer(TokenizerTables(TokenizerModel.read(directory: directory)))
  }

  /// The tokenizer of a directory's `tokenizer.model`.
  static func fromSentencePiece(_ directory: String) throws -> Tokenizer {
    let model = try TokenizerModel(
      sentencePiece: bytes(directory + "/tokenizer.model"), idLimit: 1 << 20)
    return try Tokenizer(TokenizerTables(model))
  }

  static func ids(_ field: JSONField) throws -> [Int32] {
    try field.elements().map { Int32(try $0.int(in: 0...(1 << 30))) }
  }
}
