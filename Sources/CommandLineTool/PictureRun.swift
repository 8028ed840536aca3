import Inputs
import JSON
import PaliGraph
import Pipeline
import Plans
import Runtime
import Tensors

/// A prompt about a picture, as the command line asks it.
struct PictureRun {
  private let arguments: Arguments
  private let threads: Int?
  private let source: PictureSource
  private let drawing: DrawingFormat?
  private let sampling: SamplerSettings
  private let maxNewTokens: Int

  init(_ arguments: Arguments, threads: Int?) throws {
    self.arguments = arguments
    self.threads = threads
    source = try PictureSource(arguments.required("--image"))
    drawing = try arguments.string("--draw").map(DrawingFormat.init(path:))
    maxNewTokens = try arguments.integer("--max-new-tokens", in: 1...1 << 20) ?? 256
    sampling = try Self.sampling(arguments)
    try OutputPaths.check(
      ["--logits", "--draw", "--profile"].compactMap { arguments.string($0) },
      inputs: source.files + OutputPaths.inputs(of: arguments.positional[0]))
  }

  /// Top-k and top-p say nothing at temperature 0, so a limit by one of them alone asks for 1.
  private static func sampling(_ arguments: Arguments) throws -> SamplerSettings {
    let topK = try arguments.integer("--top-k", in: 0...Int(Int32.max)) ?? 0
    let topP = try arguments.number("--top-p", in: 0...1) ?? 1
    let temperature = try arguments.number("--temperature", in: 0...1e6)
    let seed = try arguments.integer("--seed", in: 0...UInt64.max) ?? 0
    if temperature == 0, topK != 0 || topP != 1 {
      let name = topK == 0 ? "--top-p" : "--top-k"
      throw arguments.error(
        "\(name) has no effect at --temperature 0, which takes the most probable token")
    }
    return try SamplerSettings(
      temperature: temperature ?? (topK == 0 && topP == 1 ? 0 : 1), topK: topK, topP: topP,
      seed: seed)
  }

  func execute(_ plan: PlanFile) throws {
    guard arguments.all("--prompt").count <= 1 else {
      throw arguments.error(
        "--prompt is given \(arguments.all("--prompt").count) times; a model that answers takes one, "
          + "a SigLIP model several")
    }
    let picture = try source.decode()
    if drawing != nil { try ImageLimits.checkCopy(of: picture) }
    let session = try Session(plan, threads: threads)
    if arguments.has("--profile") || arguments.has("--stats") { session.startProfile() }
    if arguments.has("--check-finite") { session.checkFinite() }
    let request = GenerationRequest(
      picture: picture, prompt: arguments.string("--prompt") ?? "caption en",
      maxNewTokens: maxNewTokens, sampling: sampling, keepsLogits: arguments.has("--logits"))
    let streams = !arguments.has("--json")
    let answer: Generation
    do {
      answer = try session.answer(request) { piece in
        if streams { Console.write(piece) }
        return true
      }
    } catch let error as GenerationError {
      throw FileError(plan.path, "\(error)")
    } catch let error as ExecutionError {
      throw FileError(plan.path, "\(error)")
    } catch let error as SamplerError {
      throw FileError(plan.path, "\(error)")
    }
    Console.write(streams ? "\n" : answer.json(of: picture).encoded() + "\n")
    sayIfCut(answer, plan)
    if arguments.has("--stats") { Console.writeError(lines: answer.statistics.lines) }
    try writeFiles(answer, picture)
    try ProfileOutput(arguments).write(session.profile, threads: threads) { function, count in
      // The prompt's call yields the first token.
      switch function {
      case "vision": "picture"
      case "prefill": "prompt"
      case "decode": "token \(count + 1)"
      default: "@\(function)"
      }
    }
  }

  /// Says that an answer was not ended by the model, and what would let it go on.
  private func sayIfCut(_ answer: Generation, _ plan: PlanFile) {
    guard answer.finishReason == .length else { return }
    let count = answer.tokens.count.counting("token")
    let cure =
      answer.tokens.count < maxNewTokens
      ? "the longest sequence of \(plan.path.printable); compile it with a larger --max-tokens"
      : "give a larger --max-new-tokens"
    Console.writeError("paligraph: the answer was cut after \(count): \(cure)")
  }

  private func writeFiles(_ answer: Generation, _ picture: RGBImage) throws {
    if let path = arguments.string("--logits") {
      let shape = [answer.tokens.count, answer.logits.count / max(answer.tokens.count, 1)]
      try NPYFile.write(TensorData(answer.logits, shape: shape), path: path)
    }
    if let path = arguments.string("--draw"), let drawing {
      try OutputPaths.write(drawing.encode(picture.drawing(answer.detections)), to: path)
    }
  }
}

extension PictureSource {
  /// The file that is read, if it is one with a name.
  fileprivate var files: [String] {
    if case .file(let path) = self { [path] } else { [] }
  }
}

extension Generation {
  /// The object that `--json` prints; boxes in the pixels of `picture`.
  func json(of picture: RGBImage) -> JSON {
    [
      "text": .string(text),
      "tokens": .array(tokens.map { .integer(Int64($0)) }),
      "prompt_tokens": .array(promptTokens.map { .integer(Int64($0)) }),
      "finish_reason": .string(finishReason.rawValue),
      "detections": .array(
        detections.map { detection in
          [
            "label": .string(detection.label),
            "box": detection.box.scaled(width: picture.width, height: picture.height).json,
            "box_normalized": detection.box.json,
            "mask_codes": detection.segmentation.map { codes in
              .array(codes.map { .integer(Int64($0)) })
            } ?? .null,
          ]
        }),
      "stats": statistics.json,
    ]
  }
}

extension Detection.Box {
  fileprivate var json: JSON { .array([x1, y1, x2, y2].map { .number($0) }) }
}

extension GenerationStatistics {
  fileprivate var json: JSON {
    [
      "load_s": .number(load), "vision_s": .number(vision), "prefill_s": .number(prefill),
      "decode_s": .number(decode), "prompt_tokens": .integer(promptTokens),
      "new_tokens": .integer(newTokens), "tokens_per_s": .number(tokensPerSecond),
      "peak_rss_bytes": .integer(peakResidentBytes), "arena_bytes": .integer(arenaBytes),
      "weight_bytes": .integer(weightBytes),
    ]
  }

  /// The same for people.
  fileprivate var lines: [String] {
    StatisticsTable.lines([
      ("load", StatisticsTable.milliseconds(load)),
      ("picture", StatisticsTable.milliseconds(vision)),
      ("prompt", "\(StatisticsTable.milliseconds(prefill)) for \(promptTokens) tokens"),
      (
        "answer",
        "\(StatisticsTable.milliseconds(decode)) for \(newTokens) tokens, "
          + "\(tokensPerSecond.formatted(decimals: 1)) tokens/s"
      ),
      ("memory", StatisticsTable.memory(peakResidentBytes, weightBytes, arenaBytes)),
    ])
  }
}
