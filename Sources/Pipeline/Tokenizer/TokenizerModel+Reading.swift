import JSON
import Tensors

extension TokenizerModel {
  /// Reads the tokenizer of a Hugging Face directory: `tokenizer.json` if there is one, else
  /// `tokenizer.model` with the tokens of `tokenizer_config.json` and `added_tokens.json`.
  ///
  /// - Parameter idLimit: every id must lie below; the number of embedding rows.
  /// - Throws: `TokenizerError`, `ModelFolderError`.
  public static func read(
    directory: String, idLimit: Int = largestVocabulary
  ) throws -> TokenizerModel {
    let folder = try ModelFolder(path: directory)
    let json = "\(directory)/tokenizer.json"
    if let bytes = try contents(of: "tokenizer.json", in: folder) {
      return try naming(json) { try TokenizerModel(json: bytes, idLimit: idLimit) }
    }
    let binary = "\(directory)/tokenizer.model"
    guard let bytes = try contents(of: "tokenizer.model", in: folder) else {
      throw TokenizerError.noTokenizer(directory: directory)
    }
    var model = try naming(binary) { try TokenizerModel(sentencePiece: bytes, idLimit: idLimit) }
    let config = "\(directory)/tokenizer_config.json"
    if let bytes = try contents(of: "tokenizer_config.json", in: folder) {
      try naming(config) { try model.addTokens(config: bytes, idLimit: idLimit) }
    }
    let added = "\(directory)/added_tokens.json"
    if let bytes = try contents(of: "added_tokens.json", in: folder) {
      try naming(added) { try model.addTokens(idsByContent: bytes, idLimit: idLimit) }
    }
    return model
  }

  static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONField {
    JSONField(try JSON.parse(bytes, limits: JSON.Limits(bytes: largestFile)))
  }

  /// The bytes of a file, nil when there is none.
  static func contents(of name: String, in folder: ModelFolder) throws -> [UInt8]? {
    guard folder.contains(name) else { return nil }
    let path = "\(folder.path)/\(name)"
    do {
      let file = try folder.open(name)
      guard file.byteCount <= largestFile else {
        let error = TokenizerError.tooLarge(byteCount: file.byteCount, limit: largestFile)
        throw TokenizerError.file(path: path, error)
      }
      return try file.readAll()
    } catch let error as InputFileError {
      throw TokenizerError.file(path: path, .unreadable(error))
    }
  }

  /// Runs `body`; its errors name the file.
  static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as JSONError {
      throw TokenizerError.file(path: path, .json(error))
    } catch let error as TokenizerError {
      throw TokenizerError.file(path: path, error)
    }
  }
}
