import Glibc
import Plans
import Runtime
import Tensors

/// The loop of a session: picture → features → prompt → token after token.
struct Engine {
  private let plan: BoundExecutor
  private let interface: SessionInterface
  private let settings: SessionSettings
  private let prompts: PromptBuilder
  private let processor: ImageProcessor
  /// The features of the last picture: they do not depend on the prompt.
  private var features: [Float] = []
  private var featuredPicture: RGBImage?

  var executor: Executor { plan.executor }

  init(_ executor: Executor, settings: SessionSettings, tokenizer: Tokenizer) throws {
    self.settings = settings
    processor = ImageProcessor(settings.processor)
    prompts = try PromptBuilder(
      tokenizer: tokenizer, imageTokenID: Int32(settings.imageToken),
      beginTokenID: Int32(settings.beginToken), tokensPerPicture: settings.imageTokenCount)
    interface = SessionInterface(
      settings, leastVocabulary: settings.leastVocabulary(tokenizer))
    plan = try BoundExecutor(executor, interface.plan)
  }

  mutating func generate(
    _ request: GenerationRequest, onText: (String) -> Bool
  ) throws -> Generation {
    var result = Generation()
    result.promptTokens = try promptTokens(request)
    let count = result.promptTokens.count
    var timer = Timer()
    try prepareFeatures(of: request.picture)
    result.statistics.vision = timer.seconds
    timer = Timer()
    try prefill(result.promptTokens, features: features)
    result.statistics.prefill = timer.seconds
    timer = Timer()
    var sampler = Sampler(request.sampling)
    var decoder = StreamDecoder(prompts.tokenizer, skippingSpecialTokens: true)
    let limit = min(request.maxNewTokens, settings.maxTokens - count)
    result.tokens.reserveCapacity(limit)
    while result.tokens.count < limit {
      let logits = result.tokens.isEmpty ? interface.prefillLogits : interface.decodeLogits
      let token = try choose(from: logits, &sampler, request, &result)
      result.tokens.append(token)
      // An end token is left out of the text only where it is a special one, as in transformers.
      let piece = decoder.append(token)
      result.text += piece
      if settings.endTokens.contains(Int(token)) { result.finishReason = .eos }
      if !piece.isEmpty, !onText(piece) { break }
      if result.finishReason == .eos { break }
      if result.tokens.count < limit { try decode(token, after: count + result.tokens.count - 1) }
    }
    let rest = decoder.finish()
    if !rest.isEmpty { _ = onText(rest) }
    result.text += rest
    result.statistics.decode = timer.seconds
    finish(&result, request)
    return result
  }

  private func promptTokens(_ request: GenerationRequest) throws -> [Int32] {
    let ids = try prompts.ids(prompt: request.prompt)
    guard ids.count < settings.maxTokens else {
      throw GenerationError.promptTooLong(tokens: ids.count, limit: settings.maxTokens)
    }
    guard request.maxNewTokens > 0 else { throw GenerationError.noNewTokens }
    return ids
  }

  private mutating func prepareFeatures(of picture: RGBImage) throws {
    guard featuredPicture != picture else { return }
    try runVision(processor.pixelValues(of: picture))
    features = try plan.elements(of: interface.visionFeatures)
    featuredPicture = picture
  }

  private func runVision(_ pixels: [Float]) throws {
    try plan.write(pixels, to: interface.pixels)
    try plan.run(interface.vision)
  }

  private func prefill(_ ids: [Int32], features: [Float]) throws {
    try plan.set(interface.promptLength, to: ids.count)
    try plan.write(features, to: interface.promptFeatures)
    try plan.write(ids.map { Int64($0) }, to: interface.promptIDs)
    try plan.run(interface.prefill)
  }

  /// One step with `cached` positions in the cache before it.
  private func decode(_ token: Int32, after cached: Int) throws {
    try plan.set(interface.cachedLength, to: cached)
    try plan.write([Int64(token)], to: interface.tokenID)
    try plan.run(interface.decode)
  }

  private func choose(
    from logits: PlanInterface.OutputPort<Float>, _ sampler: inout Sampler,
    _ request: GenerationRequest, _ result: inout Generation
  ) throws -> Int32 {
    if request.keepsLogits { result.logits += try plan.elements(of: logits) }
    return try plan.withElements(of: logits) { try sampler.next($0) }
  }

  // MARK: Without pictures and tokens, for benchmarks

  /// The features of a grey picture.
  func visionForTiming() throws -> [Float] {
    try runVision([Float](repeating: 0, count: processor.shape.reduce(1, *)))
    return try plan.elements(of: interface.visionFeatures)
  }

  /// Prefills a picture and `count` tokens in all; returns the most probable next one.
  func prefillForTiming(_ count: Int, features: [Float]) throws -> Int32 {
    let text = Array(repeating: Int32(settings.beginToken), count: count - settings.imageTokenCount)
    let ids = Array(repeating: Int32(settings.imageToken), count: settings.imageTokenCount) + text
    try prefill(ids, features: features)
    return try mostProbable(interface.prefillLogits)
  }

  func decodeForTiming(_ token: Int32, after cached: Int) throws -> Int32 {
    try decode(token, after: cached)
    return try mostProbable(interface.decodeLogits)
  }

  private func mostProbable(_ logits: PlanInterface.OutputPort<Float>) throws -> Int32 {
    try plan.withElements(of: logits) { Int32(executor.argmax($0) ?? 0) }
  }

  private func finish(_ result: inout Generation, _ request: GenerationRequest) {
    result.detections =
      DetectionParser.parse(
        result.tokens, tokenizer: prompts.tokenizer
      ).detections
    result.statistics.promptTokens = result.promptTokens.count
    result.statistics.newTokens = result.tokens.count
    result.statistics.arenaBytes = executor.file.plan.arenaBytes
    result.statistics.weightBytes = executor.file.plan.weightBytes
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    result.statistics.peakResidentBytes = usage.ru_maxrss * 1024
  }
}

/// Why a request cannot be answered.
public enum GenerationError: Error, Sendable, Equatable, CustomStringConvertible {
  case promptTooLong(tokens: Int, limit: Int)
  case noNewTokens

  public var description: String {
    switch self {
    case .promptTooLong(let tokens, let limit):
      "picture and prompt take \(tokens) tokens, which leaves no room for an answer in the plan's "
        + "\(limit); shorten the prompt or compile with a larger --max-tokens"
    case .noNewTokens: "at least one new token must be allowed"
    }
  }
}
