import Testing

@testable import Pipeline

struct DetectionParserTests {
  static let cat = Detection(
    label: "cat",
    box: .init(x1: 204 / 1023.0, y1: 102 / 1023.0, x2: 818 / 1023.0, y2: 511 / 1023.0))
  static let dog = Detection(label: "dog", box: .init(x1: 0, y1: 0, x2: 1, y2: 1))
  static let catBox = "<loc0102><loc0204><loc0511><loc0818>"
  static let catText = "\(catBox) cat"
  static let dogText = "<loc0000><loc0000><loc1023><loc1023> dog"
  static let codes = (0..<16).map { "<seg0\($0 < 10 ? "0" : "")\($0)>" }.joined()

  @Test(arguments: [
    (catText, [cat], ""),
    ("\(catText) ; \(dogText)", [cat, dog], ""),
    ("\(catText);\(dogText);", [cat, dog], ""),
    (" \n\(catText)\n", [cat], ""),
    ("\(catBox)cat", [cat], ""),
    ("\(catBox)\ncat", [cat], ""),
    ("\(catBox)\rcat", [cat], ""),
    ("\(catText) ; <loc0001><loc0002>", [cat], "<loc0001><loc0002>"),
    ("a cat ; \(dogText)", [dog], "a cat"),
    ("and \(dogText)", [dog], ""),
    ("a cat and \(dogText)", [dog], "a cat and"),
  ])
  func `records become detections, the rest stays text`(
    text: String, detections: [Detection], remainder: String
  ) {
    let answer = DetectionParser.parse(text)
    #expect(answer == .init(detections: detections, remainder: remainder))
  }

  @Test(arguments: [
    "", " ", "\n", "\r\n", ", ", ",", " and ", " & ", ", and ", "; ", ";;", " ; and ", ". ", ".\n",
    ": ", "! ",
    ",\n and ",
  ])
  func `whatever separates records is part of no label`(separator: String) {
    let text = [Self.catText, Self.dogText, Self.catText].joined(separator: separator) + separator
    #expect(DetectionParser.parse(text).detections == [Self.cat, Self.dog, Self.cat])
  }

  @Test(arguments: [
    ("cat and dog", "cat and dog", ""), ("salt & pepper and", "salt & pepper", ""),
    ("and", "", ""), ("band", "band", ""), ("sweet-and-sour dish", "sweet-and-sour dish", ""),
    ("T-shirt, size 3.5", "T-shirt", "size 3.5"), ("v1.2 sign at 11:30", "v1.2 sign at 11:30", ""),
    ("cat (left)", "cat", "(left)"), ("cat. Nothing else.", "cat", "Nothing else."),
    ("; cat", "", "cat"), ("katt på mattan", "katt på mattan", ""), ("猫", "猫", ""),
  ])
  func `a label keeps its words`(text: String, label: String, remainder: String) {
    var detection = Self.cat
    detection.label = label
    let answer = DetectionParser.parse("\(Self.catBox) \(text)")
    #expect(answer == .init(detections: [detection], remainder: remainder))
  }

  @Test func `records stand in prose`() {
    let text = "I see \(Self.catText), and also \(Self.dogText). That is all (<loc0001>)."
    let remainder = "I see ; and also ; That is all (<loc0001>)."
    #expect(
      DetectionParser.parse(text) == .init(detections: [Self.cat, Self.dog], remainder: remainder))
  }

  @Test(arguments: [
    "", " ", ";", "a cat; a dog", "<loc0102><loc0204><loc0511> three edges",
    "\(catText.dropLast(4))<loc0001> five edges", "\(catBox)\(catBox) eight edges",
    "<loc0102> <loc0204><loc0511><loc0818> cat",
    "<loc0511><loc0204><loc0102><loc0818> upside down", "<loc0102><loc0204><loc0102><loc0818> flat",
    "<loc0102><loc0204><loc0511><loc0204> narrow",
    "<LOC0102><LOC0204><LOC0511><LOC0818> capitals",
    "<loc0102><loc0204><loc0511><loc1024> too far", "<loc102><loc204><loc511><loc818> short",
    "<loc00102><loc00204><loc00511><loc00818> long", "<loc+102><loc0204><loc0511><loc0818> sign",
    "<loc0102><loc0204><loc0511><loc0818", "\(catBox)<seg001> one code",
    "\(catBox)\(codes)<seg001> seventeen codes",
    "\(catBox) \(codes.dropLast(8))<seg128> no such code",
    "<loc٠١٢٣><loc0204>",
  ])
  func `anything else is left as it was`(text: String) {
    #expect(DetectionParser.parse(text) == .init(detections: [], remainder: text))
  }

  @Test(arguments: ["", " ", "\n"])
  func `sixteen codes describe a mask`(gap: String) {
    let text =
      "\(Self.catBox)\(gap)\(Self.codes) cat ; \(Self.catBox)\(Self.codes)\(Self.dogText) ; x"
    var cat = Self.cat
    cat.segmentation = Array(0..<16)
    var unnamed = cat
    unnamed.label = ""
    let expected = DetectionParser.Answer(detections: [cat, unnamed, Self.dog], remainder: "x")
    #expect(DetectionParser.parse(text) == expected)
  }

  /// As they are added tokens of a Gemma tokenizer, and as a tokenizer that was saved with them as special
  /// tokens has them.
  @Test(arguments: [false, true])
  func `tokens are found by their pieces`(special: Bool) throws {
    var json = try String(
      decoding: TokenizerFixtures.bytes("\(TokenizerFixtures.miniPaliGemma)/tokenizer.json"),
      as: UTF8.self)
    if special { json = json.replacing("\"special\": false", with: "\"special\": true") }
    let tokenizer = try Tokenizer(
      TokenizerTables(TokenizerModel(json: Array(json.utf8), idLimit: 1 << 20)))
    let text = "\(Self.catText), \(Self.dogText) and a \(Self.catBox)\(Self.codes)cat 🦊"
    // The vocabulary has the fox's bytes only.
    let ids = tokenizer.encode(text)
    #expect(ids.suffix(4).compactMap(tokenizer.piece) == ["<0xF0>", "<0x9F>", "<0xA6>", "<0x8A>"])
    let expected = DetectionParser.parse(text)
    #expect(expected.detections.count == 3)
    #expect(DetectionParser.parse(ids, tokenizer: tokenizer) == expected)
    let begin = try #require(tokenizer.id(ofPiece: "<bos>"))
    let end = try #require(tokenizer.id(ofPiece: "<eos>"))
    #expect(DetectionParser.parse([begin] + ids + [end], tokenizer: tokenizer) == expected)
    #expect(tokenizer.decode(ids).contains("<loc") == !special)
  }

  @Test func `boxes scale to the picture`() {
    #expect(Self.dog.box.scaled(width: 640, height: 480) == .init(x1: 0, y1: 0, x2: 640, y2: 480))
    let box = Self.cat.box.scaled(width: 1023, height: 2046)
    #expect(abs(box.x1 - 204) < 1e-9 && abs(box.y1 - 204) < 1e-9)
    #expect(abs(box.x2 - 818) < 1e-9 && abs(box.y2 - 1022) < 1e-9)
  }
}
