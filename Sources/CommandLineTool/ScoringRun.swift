import Glibc
import Inputs
import JSON
import PaliGraph
import Pipeline
import Plans
import Runtime

/// Texts scored against a picture, as the command line asks for it.
struct ScoringRun {
  private let arguments: Arguments
  private let threads: Int?
  private let source: PictureSource
  private let texts: [String]

  init(_ arguments: Arguments, threads: Int?) throws {
    self.arguments = arguments
    self.threads = threads
    source = try PictureSource(arguments.required("--image"))
    _ = try arguments.required("--prompt")
    texts = arguments.all("--prompt")
  }

  func execute(_ plan: PlanFile) throws {
    let picture = try source.decode()
    let session = try ScoringSession(plan, threads: threads)
    if arguments.has("--profile") || arguments.has("--stats") { session.startProfile() }
    if arguments.has("--check-finite") { session.checkFinite() }
    let result: Scoring
    do {
      result = try session.score(picture, texts: texts)
    } catch let error as ScoringError {
      throw FileError(plan.path, "\(error)")
    } catch let error as ExecutionError {
      throw FileError(plan.path, "\(error)")
    }
    Console.write(
      arguments.has("--json") ? result.json.encoded() + "\n" : result.scores.map(\.line).joined())
    if arguments.has("--stats") { Console.writeError(lines: result.statistics.lines) }
    try ProfileOutput(arguments).write(session.profile, threads: threads) { function, count in
      switch function {
      case "image": "picture"
      case "text": "text \(count)"
      case "score": "scores"
      default: "@\(function)"
      }
    }
  }
}

extension TextScore {
  /// `0.912345  a red circle`: one line, whatever is in the text.
  fileprivate var line: String { "\(probability.inEightCharacters)  \(text.printable)\n" }
}

extension Double {
  /// A probability as `0.912345` or, so that small ones still differ, `2.67e-06`.
  fileprivate var inEightCharacters: String {
    guard self > 0, self < 1e-4 else { return formatted(decimals: 6) }
    var exponent = log10(self).rounded(.down)
    var mantissa = (self / pow(10, exponent) * 100).rounded()
    if mantissa >= 1000 { (mantissa, exponent) = (100, exponent + 1) }
    let power = String(Int(-exponent))
    return "\((mantissa / 100).formatted(decimals: 2))e-\(power.count < 2 ? "0" : "")\(power)"
  }
}

extension Scoring {
  /// The object that `--json` prints.
  fileprivate var json: JSON {
    [
      "scores": .array(
        scores.map {
          [
            "text": .string($0.text), "probability": .number($0.probability),
            "logit": .number(Double($0.logit)),
          ]
        }),
      "stats": statistics.json,
    ]
  }
}

extension ScoringStatistics {
  fileprivate var json: JSON {
    [
      "load_s": .number(load), "vision_s": .number(vision), "text_s": .number(text),
      "peak_rss_bytes": .integer(peakResidentBytes), "arena_bytes": .integer(arenaBytes),
      "weight_bytes": .integer(weightBytes),
    ]
  }

  /// The same for people.
  fileprivate var lines: [String] {
    StatisticsTable.lines([
      ("load", StatisticsTable.milliseconds(load)),
      ("picture", StatisticsTable.milliseconds(vision)),
      ("texts", StatisticsTable.milliseconds(text)),
      ("memory", StatisticsTable.memory(peakResidentBytes, weightBytes, arenaBytes)),
    ])
  }
}
