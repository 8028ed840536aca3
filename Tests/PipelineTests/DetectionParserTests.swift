import Testing

@testable import Pipeline

struct DetectionParserTests {
  static let cat = Detection(
    label: "cat",
    box: .init(x1: 204 / 1023.0, y1: 102 / 1023.0, x2: 818 / 1023.0, y2: 511 / 1023.0))
  static let dog = Detection(label: "dog", box: .init(x1: 0, y1: 0, x2: 1, y2: 1))
  static let catText = "<loc0102><loc0204><loc0511><loc0818> cat"
  static let dogText = "<loc0000><loc0000><loc1023><loc1023> dog"
  static let codes = (0..<16).map { "<seg0\($0 < 10 ? "0" : "")\($0)>" }.joined()

  @Test(arguments: [
    (catText, [cat], ""),
    ("\(catText) ; \(dogText)", [cat, dog], ""),
    ("\(catText);\(dogText);", [cat, dog], ""),
    (" \n\(catText)\n", [cat], ""),
    ("<loc0102><loc0204><loc0511><loc0818>cat", [cat], ""),
    ("\(catText) ; <loc0001><loc0002>", [cat], "<loc0001><loc0002>"),
    ("a cat ; \(dogText)", [dog], "a cat"),
  ])
  func `records become detections, the rest stays text`(
    text: String, detections: [Detection], remainder: String
  ) {
    let answer = DetectionParser.parse(text)
    #expect(answer == .init(detections: detections, remainder: remainder))
  }

  @Test(arguments: [
    "", " ", ";", "a cat; a dog", "<loc0102><loc0204><loc0511> three edges",
    "<loc0102><loc0204><loc0511><loc0818><loc0001> five edges",
    "\(catText) and \(dogText)", "<loc0102> <loc0204><loc0511><loc0818> cat",
    "<loc0511><loc0204><loc0102><loc0818> upside down", "<loc0102><loc0204><loc0102><loc0818> flat",
    "<loc0102><loc0204><loc0511><loc1024> too far", "<loc102><loc204><loc511><loc818> short",
    "<loc00102><loc00204><loc00511><loc00818> long", "<loc+102><loc0204><loc0511><loc0818> sign",
    "<loc0102><loc0204><loc0511><loc0818", "<loc0102><loc0204><loc0511><loc0818><seg001> one code",
    "<loc0102><loc0204><loc0511><loc0818>\(codes)<seg001> seventeen codes",
    "<loc0102><loc0204><loc0511><loc0818><seg128> no such code", "<loc٠١٢٣><loc0204>",
  ])
  func `anything else is left as it was`(text: String) {
    #expect(DetectionParser.parse(text) == .init(detections: [], remainder: text))
  }

  @Test func `sixteen codes describe a mask`() {
    let answer = DetectionParser.parse("<loc0102><loc0204><loc0511><loc0818>\(Self.codes) cat ; x")
    var expected = Self.cat
    expected.segmentation = Array(0..<16)
    #expect(answer == .init(detections: [expected], remainder: "x"))
  }

  @Test func `boxes scale to the picture`() {
    #expect(Self.dog.box.scaled(width: 640, height: 480) == .init(x1: 0, y1: 0, x2: 640, y2: 480))
    let box = Self.cat.box.scaled(width: 1023, height: 2046)
    #expect(abs(box.x1 - 204) < 1e-9 && abs(box.y1 - 204) < 1e-9)
    #expect(abs(box.x2 - 818) < 1e-9 && abs(box.y2 - 1022) < 1e-9)
  }
}
