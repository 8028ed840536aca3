import Glibc
import Plans
import Runtime
import Tensors

/// What a scoring session does: picture → embedding, each text → embedding, both → logits.
struct ScoringEngine {
  private let plan: BoundExecutor
  private let interface: ScoringInterface
  private let settings: ScoringSettings
  private let tokenizer: Tokenizer
  private let processor: ImageProcessor

  var executor: Executor { plan.executor }

  init(_ executor: Executor, settings: ScoringSettings, tokenizer: Tokenizer) throws {
    self.settings = settings
    self.tokenizer = tokenizer
    processor = ImageProcessor(settings.processor)
    interface = ScoringInterface(settings)
    plan = try BoundExecutor(executor, interface.plan)
  }

  func score(_ picture: RGBImage, _ texts: [String]) throws -> Scoring {
    guard !texts.isEmpty else { throw ScoringError.noText }
    let rows = try texts.map { try settings.text.ids(of: $0, tokenizer) }
    var result = Scoring()
    var timer = Timer()
    result.imageEmbedding = try embedding(ofPixels: processor.pixelValues(of: picture))
    result.statistics.vision = timer.seconds
    timer = Timer()
    result.textEmbeddings = try rows.map(embedding(ofIDs:))
    let most = plan.bound(of: interface.textCount)
    for start in stride(from: 0, to: texts.count, by: most) {
      let range = start..<min(start + most, texts.count)
      let logits = try logits(result.imageEmbedding, result.textEmbeddings[range])
      result.scores += zip(texts[range], logits).map { TextScore(text: $0, logit: $1) }
    }
    if let score = result.scores.first(where: { !$0.logit.isFinite }) {
      throw ScoringError.noScore(text: score.text)
    }
    result.statistics.text = timer.seconds
    finish(&result)
    return result
  }

  private func embedding(ofPixels pixels: [Float]) throws -> [Float] {
    try plan.write(pixels, to: interface.pixels)
    try plan.run(interface.image)
    return try plan.elements(of: interface.imageEmbedding)
  }

  private func embedding(ofIDs ids: [Int]) throws -> [Float] {
    try plan.set(interface.tokenCount, to: ids.count)
    try plan.write(ids.map { Int64($0) }, to: interface.ids)
    try plan.run(interface.text)
    return try plan.elements(of: interface.textEmbedding)
  }

  private func logits(_ image: [Float], _ texts: ArraySlice<[Float]>) throws -> [Float] {
    try plan.set(interface.textCount, to: texts.count)
    try plan.write(image, to: interface.scoredImage)
    try plan.write(texts.flatMap { $0 }, to: interface.scoredTexts)
    try plan.run(interface.score)
    return try plan.elements(of: interface.logits)
  }

  private func finish(_ result: inout Scoring) {
    result.statistics.arenaBytes = executor.file.plan.arenaBytes
    result.statistics.weightBytes = executor.file.plan.weightBytes
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    result.statistics.peakResidentBytes = usage.ru_maxrss * 1024
  }
}
