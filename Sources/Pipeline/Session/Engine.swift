import Glibc
import Plans
import Runtime
import Tensors

/// The loop of a session: picture → features → prompt → token after token.
struct Engine {
  let executor: Executor
  private let settings: SessionSettings
  private let prompts: PromptBuilder
  private let processor: ImageProcessor
  private let functions: (vision: Int, prefill: Int, decode: Int)
  private let symbols: (prompt: Int, cached: Int)
  /// The features of the last picture: they do not depend on the prompt.
  private var features: [Float] = []
  private var featuredPicture: RGBImage?

  init(_ executor: Executor, settings: SessionSettings, tokenizer: Tokenizer) throws {
    self.executor = executor
    self.settings = settings
    processor = ImageProcessor(settings.processor)
    prompts = try PromptBuilder(
      tokenizer: tokenizer, imageTokenID: Int32(settings.imageToken),
      beginTokenID: Int32(settings.beginToken), tokensPerPicture: settings.imageTokenCount)
    guard let vision = executor.function(named: "vision"),
      let prefill = executor.function(named: "prefill"),
      let decode = executor.function(named: "decode"),
      let prompt = executor.symbol(named: "T"), let cached = executor.symbol(named: "P")
    else { throw PlanError("a function or symbol is missing") }
    functions = (vision, prefill, decode)
    symbols = (prompt, cached)
    try Self.check(executor, functions, processor)
  }

  /// That the functions have the ports this loop writes and reads.
  private static func check(
    _ executor: Executor, _ functions: (vision: Int, prefill: Int, decode: Int),
    _ processor: ImageProcessor
  ) throws {
    let plan = executor.file.plan
    let expected: [(Int, inputs: [ElementType], outputs: Int)] = [
      (functions.vision, [.f32], 1), (functions.prefill, [.f32, .i64], 1),
      (functions.decode, [.i64], 1),
    ]
    for (index, inputs, outputs) in expected {
      let function = plan.functions[index]
      guard function.inputs.map(\.view.element) == inputs, function.outputs.count == outputs,
        function.outputs.allSatisfy({ $0.view.element == .f32 })
      else { throw PlanError("@\(function.name) has other inputs or outputs than PaliGemma's") }
    }
    guard plan.functions[functions.vision].inputs[0].view.shape.constants == [1] + processor.shape
    else { throw PlanError("@vision takes pictures of another size than the processor makes") }
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
    var decoder = StreamDecoder(prompts.tokenizer)
    let limit = min(request.maxNewTokens, settings.maxTokens - count)
    result.tokens.reserveCapacity(limit)
    while result.tokens.count < limit {
      let function = result.tokens.isEmpty ? functions.prefill : functions.decode
      let token = try choose(from: function, &sampler, request, &result)
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
    let pixels = try processor.pixelValues(of: picture)
    write(pixels, to: 0, of: functions.vision)
    try executor.run(functions.vision)
    guard let output = executor.output(0, of: functions.vision) else { return }
    features = Array(output.floatBuffer)
    featuredPicture = picture
  }

  /// - Parameter features: nil where they have been written already.
  private func prefill(_ ids: [Int32], features: [Float]?) throws {
    try executor.setSymbol(symbols.prompt, to: ids.count)
    if let features { write(features, to: 0, of: functions.prefill) }
    if let input = executor.input(1, of: functions.prefill) {
      for (index, id) in ids.enumerated() { input.integerBuffer[index] = Int64(id) }
    }
    try executor.run(functions.prefill)
  }

  /// One step with `cached` positions in the cache before it.
  private func decode(_ token: Int32, after cached: Int) throws {
    try executor.setSymbol(symbols.cached, to: cached)
    executor.input(0, of: functions.decode)?.integerBuffer[0] = Int64(token)
    try executor.run(functions.decode)
  }

  // MARK: Without pictures and tokens, for benchmarks

  /// The features of a grey picture, which become the next prefill's.
  func runVision() throws {
    executor.input(0, of: functions.vision)?.floatBuffer.update(repeating: 0)
    try executor.run(functions.vision)
    if let features = executor.output(0, of: functions.vision),
      let input = executor.input(0, of: functions.prefill)
    {
      _ = input.floatBuffer.update(fromContentsOf: Array(features.floatBuffer))
    }
  }

  /// Prefills a picture and `count` tokens in all; returns the most probable next one.
  func prefillForTiming(_ count: Int) throws -> Int32 {
    let text = Array(repeating: Int32(settings.beginToken), count: count - settings.imageTokenCount)
    let ids = Array(repeating: Int32(settings.imageToken), count: settings.imageTokenCount) + text
    try prefill(ids, features: nil)
    return mostProbable(after: functions.prefill)
  }

  func decodeForTiming(_ token: Int32, after cached: Int) throws -> Int32 {
    try decode(token, after: cached)
    return mostProbable(after: functions.decode)
  }

  private func mostProbable(after function: Int) -> Int32 {
    guard let logits = executor.output(0, of: function)?.floatBuffer, let base = logits.baseAddress
    else { return 0 }
    return Int32(executor.argmax(base, count: logits.count))
  }

  private func write(_ values: [Float], to port: Int, of function: Int) {
    guard let input = executor.input(port, of: function) else { return }
    _ = input.floatBuffer.update(fromContentsOf: values)
  }

  private func choose(
    from function: Int, _ sampler: inout Sampler, _ request: GenerationRequest,
    _ result: inout Generation
  ) throws -> Int32 {
    guard let logits = executor.output(0, of: function) else { throw SamplerError.noLogit }
    let buffer = logits.floatBuffer
    if request.keepsLogits { result.logits.append(contentsOf: buffer) }
    return try sampler.next(Span(_unsafeElements: UnsafeBufferPointer(buffer)))
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
