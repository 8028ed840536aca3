/// Turns text into token ids and back, exactly as Hugging Face `tokenizers` does with the same files.
public struct Tokenizer: Sendable {
  public let tables: TokenizerTables

  public init(_ tables: TokenizerTables) {
    self.tables = tables
  }

  /// What a text like `<eos>` in the input means.
  public enum SpecialTokens: Sendable {
    /// The token of that name, as Hugging Face reads it.
    case recognized
    /// Plain characters. Added tokens that are not special, such as `<loc0000>`, keep their meaning.
    case plainText
  }

  /// The ids of a text. O(n log n).
  ///
  /// - Parameter template: adds what the tokenizer's own template puts around a text (`<bos>`, for
  ///   Gemma). PaliGemma's prompts do without.
  public func encode(
    _ text: String, specialTokens: SpecialTokens = .recognized, template: Bool = false
  ) -> [Int32] {
    let bytes = Array(text.utf8)
    let settings = tables.settings
    let ids = tables.withView { view in
      var encoder = TextEncoder(view, specialTokens: specialTokens)
      encoder.encode(bytes)
      return encoder.ids
    }
    return template ? settings.prefix + ids + settings.suffix : ids
  }

  /// The text of tokens. Ids without a piece are left out; bytes that are no UTF-8 become U+FFFD.
  public func decode(_ ids: some Sequence<Int32>, skippingSpecialTokens: Bool = true) -> String {
    var decoder = StreamDecoder(self, skippingSpecialTokens: skippingSpecialTokens)
    return decoder.append(contentsOf: ids) + decoder.finish()
  }

  /// Ids lie below this.
  public var vocabularySize: Int { tables.withView(\.vocabularySize) }

  /// The text of a piece as the vocabulary has it (`▁` for spaces); nil when the id has none.
  public func piece(_ id: Int32) -> String? {
    tables.withView { view in
      guard view.flags(of: id).contains(.present) else { return nil }
      return String(decoding: view.text(of: id), as: UTF8.self)
    }
  }

  /// The id of a piece with exactly this text. Looks at one piece after the other.
  public func id(ofPiece text: String) -> Int32? {
    tables.withView { view in
      (0..<Int32(view.vocabularySize)).first { id in
        view.flags(of: id).contains(.present) && view.text(of: id).elementsEqual(text.utf8)
      }
    }
  }

  /// Whether decoding leaves the token out by default.
  public func isSpecial(_ id: Int32) -> Bool {
    tables.withView { $0.flags(of: id).contains(.special) }
  }
}
