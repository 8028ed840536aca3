import JSON
import Tensors

/// The files beside a tokenizer, as transformers reads them: `tokenizer_config.json`, and where that has no
/// `added_tokens_decoder` also the older `special_tokens_map.json` and `added_tokens.json`.
public struct TokenizerConfig: Sendable {
  /// In file order. A setting of `special_tokens_map.json` takes the place of the one with the same key.
  private(set) var settings: [Setting]
  /// The path of `tokenizer_config.json`, for messages.
  let path: String
  /// There is such a file.
  public let isPresent: Bool
  /// `tokenizer.json` says what stands around a text.
  let hasTemplate: Bool
  /// The class is transformers' Gemma tokenizer, which is built anew from vocabulary and merges and pads on the
  /// left unless a file says otherwise.
  let isGemma: Bool
  /// What `added_tokens_decoder` lists, in the order of the ids; nil without it.
  let decoderTokens: [NumberedToken]?
  /// What `added_tokens.json` lists, likewise. Empty where there is an `added_tokens_decoder`.
  let legacyTokens: [NumberedToken]

  /// A value by its key.
  struct Setting: Sendable {
    let key: String
    let field: JSONField
    let file: File
  }

  /// The file that something is read from.
  struct File: Sendable {
    let name: String
    let path: String
  }

  /// An added token under the id that a file gives it.
  struct NumberedToken: Sendable {
    let token: AddedToken
    let field: String
    let file: File
  }

  static let name = "tokenizer_config.json"
  static let mapName = "special_tokens_map.json"
  static let legacyName = "added_tokens.json"

  /// Reads the files, or takes every default when a directory has none.
  ///
  /// - Parameter idLimit: every id must lie below.
  /// - Throws: `ModelFolderError`, `TokenizerError`, also for a tokenizer class that changes a text further
  ///   than the tokenizer's own file says.
  public init(directory: String, idLimit: Int = TokenizerModel.largestVocabulary) throws {
    try self.init(folder: try ModelFolder(path: directory), idLimit: idLimit)
  }

  init(folder: ModelFolder, idLimit: Int) throws {
    let idLimit = TokenizerModel.clamped(idLimit)
    let main = try Self.settings(Self.name, in: folder)
    let decoder = main?.first { $0.key == "added_tokens_decoder" }
    path = "\(folder.path)/\(Self.name)"
    isPresent = main != nil
    hasTemplate = folder.contains("tokenizer.json")
    decoderTokens = try decoder.map { try Self.decoderTokens($0, idLimit) }
    settings = main ?? []
    if decoder == nil { try Self.apply(Self.settings(Self.mapName, in: folder), to: &settings) }
    legacyTokens = decoder == nil ? try Self.legacyTokens(folder, idLimit) : []
    isGemma = try Self.isGemma(settings)
    try refuseSplitting()
  }

  /// A setting that is there and not `null`.
  func setting(_ key: String) -> Setting? {
    settings.first { $0.key == key && $0.field.present != nil }
  }

  /// The text of a special token such as `bos_token`, given by itself or by an object with its `content`;
  /// nil when no file names it.
  public func specialToken(_ key: String) throws -> String? {
    guard let setting = setting(key) else { return nil }
    return try setting.naming { try Self.content(of: $0).string() }
  }

  /// Where the text of a token stands.
  static func content(of field: JSONField) throws -> JSONField {
    guard case .object? = field.value else { return field }
    return try field.member("content")
  }

  /// The members of a file; nil without it.
  private static func settings(_ name: String, in folder: ModelFolder) throws -> [Setting]? {
    guard let bytes = try TokenizerModel.contents(of: name, in: folder) else { return nil }
    let file = File(name: name, path: "\(folder.path)/\(name)")
    return try TokenizerModel.naming(file.path) {
      try TokenizerModel.parse(bytes, dialect: .python).members().map {
        Setting(key: $0.key, field: $0.field, file: file)
      }
    }
  }

  private static func apply(_ newer: [Setting]?, to settings: inout [Setting]) throws {
    for setting in newer ?? [] {
      guard let index = settings.firstIndex(where: { $0.key == setting.key }) else {
        settings.append(setting)
        continue
      }
      // The two spellings of further tokens: what `tokenizer_config.json` lists stays.
      if !Self.extraKeys.contains(setting.key) { settings[index] = setting }
    }
  }

  /// A tokenizer that spells special tokens out cannot mark a picture's places.
  private func refuseSplitting() throws {
    try setting("split_special_tokens")?.naming { field in
      guard try field.bool() else { return }
      throw TokenizerError.unsupported(field: field.path, found: "true", supported: "false")
    }
  }
}

extension TokenizerConfig.Setting {
  /// Reads the value; errors name the file.
  func naming<Result>(_ read: (JSONField) throws -> Result) throws -> Result {
    try TokenizerModel.naming(file.path) { try read(field) }
  }
}
