import Inputs
import JSON
import Testing

@testable import Pipeline

/// Equality with Hugging Face tokenizers and SentencePiece on some hundred texts.
struct TokenizerReferenceTests {
  /// A field left out of a case equals `ids`, or the text for the decodings.
  struct Case: CustomTestStringConvertible {
    let text: String
    let ids: [Int32]
    let plain: [Int32]
    let sentencePiece: [Int32]
    let decoded: String
    let verbatim: String

    init(_ field: JSONField) throws {
      text = try field.member("text").string()
      ids = try TokenizerFixtures.ids(field.member("ids"))
      plain = try field.member("plain").present.map(TokenizerFixtures.ids) ?? ids
      sentencePiece = try field.member("sentencepiece").present.map(TokenizerFixtures.ids) ?? ids
      decoded = try field.member("decoded").present?.string() ?? text
      verbatim = try field.member("verbatim").present?.string() ?? text
    }

    var testDescription: String { text.printable }
  }

  static func cases() throws -> [Case] {
    try TokenizerFixtures.json("encoding.json").elements().map(Case.init)
  }

  @Test func `encodes and decodes as Hugging Face tokenizers with the same tokenizer.json`() throws
  {
    let tokenizer = try TokenizerFixtures.fromJSON(TokenizerFixtures.multilingual)
    let cases = try Self.cases()
    #expect(cases.count > 250)
    for reference in cases {
      #expect(tokenizer.encode(reference.text) == reference.ids, "\(reference)")
      #expect(
        tokenizer.encode(reference.text, specialTokens: .plainText) == reference.plain,
        "\(reference)")
      #expect(sameBytes(tokenizer.decode(reference.ids), reference.decoded), "\(reference)")
      let verbatim = tokenizer.decode(reference.ids, skippingSpecialTokens: false)
      #expect(sameBytes(verbatim, reference.verbatim), "\(reference)")
    }
  }

  @Test func `encodes plain text as SentencePiece with the same tokenizer.model`() throws {
    let tokenizer = try TokenizerFixtures.fromSentencePiece(TokenizerFixtures.multilingual)
    for reference in try Self.cases() {
      let ids = tokenizer.encode(reference.text, specialTokens: .plainText)
      #expect(ids == reference.sentencePiece, "\(reference)")
    }
  }

  @Test func `decodes any ids as Hugging Face tokenizers, at once and token by token`() throws {
    let tokenizer = try TokenizerFixtures.fromJSON(TokenizerFixtures.multilingual)
    for field in try TokenizerFixtures.json("decoding.json").elements() {
      let ids = try TokenizerFixtures.ids(field.member("ids"))
      for (name, skipping) in [("decoded", true), ("verbatim", false)] {
        let expected = try field.member(name).string()
        #expect(sameBytes(tokenizer.decode(ids, skippingSpecialTokens: skipping), expected))
        var stream = StreamDecoder(tokenizer, skippingSpecialTokens: skipping)
        let pieces = ids.map { stream.append($0) } + [stream.finish()]
        #expect(sameBytes(pieces.joined(), expected))
      }
    }
  }

  @Test func `flags, normalizers, templates and unknown tokens behave as in the reference`() throws
  {
    for variant in try TokenizerFixtures.json("variants.json").elements() {
      let json = try variant.member("tokenizer").string()
      let model = try TokenizerModel(json: Array(json.utf8), idLimit: 1000)
      let tokenizer = Tokenizer(try TokenizerTables(model))
      for field in try variant.member("cases").elements() {
        let text = try field.member("text").string()
        let (ids, template) = try (
          TokenizerFixtures.ids(field.member("ids")),
          TokenizerFixtures.ids(field.member("template"))
        )
        #expect(tokenizer.encode(text) == ids, "\(text.printable) with \(json.prefix(800))")
        #expect(tokenizer.encode(text, template: true) == template, "\(text.printable)")
      }
    }
  }
}

/// Equality of UTF-8: `String` equality would let composed and decomposed letters pass.
func sameBytes(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
