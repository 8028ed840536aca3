import Foundation
import Testing

@testable import Pipeline

/// Which files of a directory make its tokenizer, and the tokens that PaliGemma adds.
struct TokenizerFilesTests {
  /// The mini model's files as they are, from `tokenizer.json` and from `tokenizer.model` alone.
  @Test(arguments: [
    "caption en\n", "answer en how many circles are there?\n", "detect triangle ; ring\n",
    "<loc0012><loc0400><loc0700><loc1023> circle ; <seg127>", "  two  spaces\n\n\nand lines",
    "é 日本 🙂",
  ])
  func `both files of the mini model give the same ids`(text: String) throws {
    let json = try TokenizerFixtures.fromJSON(TokenizerFixtures.miniPaliGemma)
    try withDirectory { directory in
      try copy("tokenizer.model", from: TokenizerFixtures.miniPaliGemma, to: directory)
      // As every one that transformers writes, it has a model_max_length of more than 64 bits.
      try copy("tokenizer_config.json", from: TokenizerFixtures.miniPaliGemma, to: directory)
      var model = try TokenizerModel.read(directory: directory.path, idLimit: 1792)
      try model.addPaliGemmaTokens(idLimit: 1792)
      let binary = Tokenizer(try TokenizerTables(model))
      #expect(binary.id(ofPiece: "<image>") == json.id(ofPiece: "<image>"))
      let prompt = "<image><image><bos>" + text
      #expect(binary.encode(prompt) == json.encode(prompt))
      #expect(sameBytes(binary.decode(json.encode(text)), json.decode(json.encode(text))))
    }
  }

  @Test(arguments: [
    ("\"tokenizer_class\"", "\"GemmaTokenizerFast\"", "\"LlamaTokenizerFast\"", "LlamaTokenizer"),
    ("\"tokenizer_class\"", "\"GemmaTokenizerFast\"", "\"BertTokenizer\"", "BertTokenizer"),
    ("\"split_special_tokens\"", "false", "true", "split_special_tokens"),
  ])
  func `a setting that cuts text in another way is refused`(
    key: String, accepted: String, refused: String, part: String
  ) throws {
    try withDirectory { directory in
      try copy("tokenizer.model", from: TokenizerFixtures.multilingual, to: directory)
      let config = directory.appending(path: "tokenizer_config.json")
      try write("{\(key): \(accepted)}", to: config)
      _ = try TokenizerModel.read(directory: directory.path)
      try write("{\(key): \(refused)}", to: config)
      try expectRefusal(naming: part) { try TokenizerModel.read(directory: directory.path) }
    }
  }

  @Test func `a file of more than 256 MiB is refused by its size`() throws {
    try withDirectory { directory in
      let file = directory.appending(path: "tokenizer.model")
      try Data().write(to: file)
      let handle = try FileHandle(forWritingTo: file)
      defer { try? handle.close() }
      try handle.truncate(atOffset: 256 << 20 + 1)
      try expectRefusal(naming: "\(256 << 20 + 1) bytes") {
        try TokenizerModel.read(directory: directory.path)
      }
    }
  }

  @Test func `side files add tokens to a tokenizer.model, with their flags`() throws {
    try withDirectory { directory in
      try copy("tokenizer.model", from: TokenizerFixtures.multilingual, to: directory)
      try write(
        """
        {"added_tokens_decoder": {"2": {"content": "<bos>", "lstrip": false, "normalized": false,
         "rstrip": true, "single_word": false, "special": true},
         "2100": {"content": "<image>", "lstrip": false, "normalized": false, "rstrip": false,
         "single_word": false, "special": true}}}
        """, to: directory.appending(path: "tokenizer_config.json"))
      try write(
        #"{"<image>": 2100, "<loc0000>": 2101}"#, to: directory.appending(path: "added_tokens.json")
      )
      let tokenizer = Tokenizer(
        try TokenizerTables(TokenizerModel.read(directory: directory.path, idLimit: 3000)))
      // As in transformers, an `added_tokens_decoder` makes an `added_tokens.json` count for nothing, and its
      // ids only say the order.
      #expect(tokenizer.encode("<bos>  <image>") == [2, 2000])
      #expect(tokenizer.isSpecial(2000) && tokenizer.piece(2001) == nil)
      #expect(tokenizer.encode("<loc0000>").count > 1)
    }
  }

  @Test(arguments: [
    ("tokenizer_config.json", #"{"added_tokens_decoder": {"x": {}}}"#, "added_tokens_decoder.x"),
    ("added_tokens.json", #"{"<image>": 5000}"#, "<image>"),
    ("added_tokens.json", #"{"<image>": 40}"#, "belongs to another piece"),
    ("added_tokens.json", #"{"<bos>": 3}"#, "listed twice"),
    ("added_tokens.json", #"{"": 2500}"#, "bytes"),
    ("added_tokens.json", "[]", "object"),
  ])
  func `a faulty side file is refused by name`(name: String, text: String, message: String) throws {
    try withDirectory { directory in
      try copy("tokenizer.model", from: TokenizerFixtures.multilingual, to: directory)
      try write(text, to: directory.appending(path: name))
      for part in [name, message] {
        try expectRefusal(naming: part) {
          try TokenizerModel.read(directory: directory.path, idLimit: 3000)
        }
      }
    }
  }

  @Test func `a directory in place of a file is refused`() throws {
    try withDirectory { directory in
      let file = directory.appending(path: "tokenizer.json")
      try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
      try expectRefusal(naming: "not a regular file") {
        try TokenizerModel.read(directory: directory.path)
      }
    }
  }

  @Test func `an embedding without a row for the image token is refused`() throws {
    var model = try TokenizerModel(
      sentencePiece: TokenizerFixtures.bytes(TokenizerFixtures.multilingual + "/tokenizer.model"),
      idLimit: 2000)
    try expectRefusal(naming: "<image>") { try model.addPaliGemmaTokens(idLimit: 2000) }
    try model.addPaliGemmaTokens(idLimit: 2003)
    let tokenizer = Tokenizer(try TokenizerTables(model))
    #expect(tokenizer.encode("<image><loc0000><loc0001>") == [2000, 2001, 2002])
    #expect(tokenizer.vocabularySize == 2003)
    #expect(tokenizer.encode("<loc0002>").count > 1)
  }

  private func withDirectory(_ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory)
  }

  private func copy(_ name: String, from source: String, to directory: URL) throws {
    try FileManager.default.copyItem(
      atPath: "\(source)/\(name)", toPath: directory.appending(path: name).path)
  }

  private func write(_ text: String, to file: URL) throws {
    try Data(text.utf8).write(to: file)
  }
}
