import Foundation
import PaliGraph
import Testing

/// The bundled model on the bundled pictures, which it was not trained on.
@Suite struct MiniModelTests {
  /// A row of the tables in `Examples/pictures/README.md`.
  struct Row {
    let picture: String
    let prompt: String
    let answer: String

    static func all() throws -> [Row] {
      let page = CompiledModels.root.appending(path: "Examples/pictures/README.md")
      var picture = ""
      let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
      return lines.compactMap { line in
        if line.hasPrefix("## ") { picture = String(line.dropFirst(3)) }
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        guard cells.count == 2, cells.allSatisfy({ $0.hasPrefix("`") && $0.hasSuffix("`") }) else {
          return nil
        }
        let (prompt, answer) = (cells[0].dropFirst().dropLast(), cells[1].dropFirst().dropLast())
        return Row(picture: picture, prompt: String(prompt), answer: String(answer))
      }
    }
  }

  static let session = Result { try Session(CompiledModels.plan("Examples/mini-paligemma")) }

  static func answer(_ picture: String, _ prompt: String) throws -> Generation {
    let picture = try CompiledModels.picture("Examples/pictures/\(picture)")
    return try session.get().answer(
      GenerationRequest(picture: picture, prompt: prompt, maxNewTokens: 64))
  }

  /// `Tools/references/mini_paligemma.py` wrote the answers of transformers.
  @Test func `every text is that of transformers`() throws {
    let url = CompiledModels.root.appending(path: "Tests/Fixtures/mini-paligemma.json")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
    let rows = try #require(object as? [[String: String]])
    #expect(rows.count == (try Row.all().count))
    for row in rows {
      let (picture, prompt) = (try #require(row["picture"]), try #require(row["prompt"]))
      #expect(try Self.answer(picture, prompt).text == row["text"], "\(picture): \(prompt)")
    }
  }

  /// The bounds are what the model must reach; what it does reach on 500 scenes, its README says.
  @Test func `captions and answers are right, and boxes where the objects are`() throws {
    let rows = try Row.all()
    #expect(rows.count >= 40)
    var (texts, rightTexts) = (0, 0)
    var overlaps: [Double] = []
    for row in rows {
      let answer = try Self.answer(row.picture, row.prompt)
      let truth = DetectionParser.parse(row.answer).detections
      if truth.isEmpty {
        texts += 1
        rightTexts += answer.text == row.answer ? 1 : 0
      } else {
        // Records stand from left to right in both.
        #expect(answer.detections.map(\.label) == truth.map(\.label), "\(row)")
        overlaps += zip(truth, answer.detections).map { Self.overlap($0.box, $1.box) }
      }
    }
    #expect(Double(rightTexts) >= 0.95 * Double(texts), "\(rightTexts) of \(texts)")
    let mean = overlaps.reduce(0, +) / Double(max(overlaps.count, 1))
    #expect(mean >= 0.75, "\(mean)")
  }

  /// Intersection over union.
  private static func overlap(_ a: Detection.Box, _ b: Detection.Box) -> Double {
    let width = min(a.x2, b.x2) - max(a.x1, b.x1), height = min(a.y2, b.y2) - max(a.y1, b.y1)
    guard width > 0, height > 0 else { return 0 }
    func area(_ box: Detection.Box) -> Double { (box.x2 - box.x1) * (box.y2 - box.y1) }
    return width * height / (area(a) + area(b) - width * height)
  }
}
