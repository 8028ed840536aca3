import Inputs
import JSON
import Tensors

extension TokenizerModel {
  /// Reads the tokenizer of a Hugging Face directory: `tokenizer.json` if there is one, else
  /// `tokenizer.model`, with the tokens that the files beside it add.
  ///
  /// - Parameter idLimit: every id must lie below; the number of embedding rows.
  /// - Throws: `TokenizerError`, `ModelFolderError`.
  public static func read(
    directory: String, idLimit: Int = largestVocabulary
  ) throws -> TokenizerModel {
    let config = try TokenizerConfig(directory: directory, idLimit: idLimit)
    return try read(directory: directory, config, idLimit: idLimit)
  }

  /// As above, where the files beside the tokenizer have been read.
  public static func read(
    directory: String, _ config: TokenizerConfig, idLimit: Int = largestVocabulary
  ) throws -> TokenizerModel {
    let folder = try ModelFolder(path: directory)
    var model: TokenizerModel
    if let bytes = try contents(of: "tokenizer.json", in: folder) {
      // Gemma's class takes the vocabulary and the merges; its other parts are always the same.
      let listsTokens = !config.isGemma || config.decoderTokens == nil
      model = try naming("\(directory)/tokenizer.json") {
        try TokenizerModel(json: bytes, idLimit: idLimit, readsAddedTokens: listsTokens)
      }
      if config.isGemma { model.takeGemmaComponents() }
    } else if let bytes = try contents(of: "tokenizer.model", in: folder) {
      model = try naming("\(directory)/tokenizer.model") {
        try TokenizerModel(
          sentencePiece: bytes, idLimit: idLimit, matchesUserDefined: !config.replacesPieces)
      }
    } else {
      throw TokenizerError.noTokenizer(directory: directory)
    }
    try model.addTokens(of: config, idLimit: idLimit)
    return model
  }

  /// What transformers' Gemma class puts around vocabulary and merges.
  private mutating func takeGemmaComponents() {
    normalizer = SpaceNormalizer()
    normalizer.replacesSpaces = true
    splitsAfterSpaces = true
    fusesUnknown = true
    fallsBackToBytes = true
    unknownID = unknownID ?? idByPiece[Array("<unk>".utf8)]
  }

  static func parse(
    _ bytes: [UInt8], dialect: JSON.Dialect = .standard
  ) throws(JSONError) -> JSONField {
    JSONField(
      try JSON.parse(bytes, limits: JSON.Limits(bytes: largestFile), dialect: dialect))
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
