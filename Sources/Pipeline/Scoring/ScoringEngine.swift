import Glibc
import Plans
import Runtime
import Tensors

/// What a scoring session does: picture → embedding, each text → embedding, both → logits.
struct ScoringEngine {
  let executor: Executor
  private let settings: ScoringSettings
  private let tokenizer: Tokenizer
  private let processor: ImageProcessor
  private let functions: Functions
  private let symbols: (tokens: Int, texts: Int)

  private struct Functions {
    let image: Int
    let text: Int
    let score: Int
  }

  init(_ executor: Executor, settings: ScoringSettings, tokenizer: Tokenizer) throws {
    self.executor = executor
    self.settings = settings
    self.tokenizer = tokenizer
    processor = ImageProcessor(settings.processor)
    guard let image = executor.function(named: "image"),
      let text = executor.function(named: "text"),
      let score = executor.function(named: "score"),
      let tokens = executor.symbol(named: "N"), let texts = executor.symbol(named: "T")
    else { throw PlanError("a function or symbol is missing") }
    functions = Functions(image: image, text: text, score: score)
    symbols = (tokens, texts)
    try Self.check(executor.file.plan, functions, processor)
    guard settings.text.length <= executor.file.plan.symbols[tokens].bound else {
      throw PlanError("texts are longer than @text reads")
    }
  }

  /// That the functions have the ports that are written and read here.
  private static func check(
    _ plan: Plan, _ functions: Functions, _ processor: ImageProcessor
  ) throws {
    let (tokens, texts) = (Dim(symbol: "N"), Dim(symbol: "T"))
    let image = plan.functions[functions.image]
    guard let size = image.outputs.first?.view.shape.last, size.constant != nil else {
      throw PlanError("@image has no output of a fixed size")
    }
    let expected: [(Int, inputs: [(ElementType, Shape)], output: Shape)] = [
      (functions.image, [(.f32, ([1] + processor.shape).map { Dim($0) })], [1, size]),
      (functions.text, [(.i64, [1, tokens])], [1, size]),
      (functions.score, [(.f32, [1, size]), (.f32, [texts, size])], [1, texts]),
    ]
    for (index, inputs, output) in expected {
      let function = plan.functions[index]
      let views = function.inputs.map(\.view)
      guard views.map(\.element) == inputs.map(\.0), views.map(\.shape) == inputs.map(\.1),
        function.outputs.map(\.view.shape) == [output],
        function.outputs.map(\.view.element) == [.f32]
      else { throw PlanError("@\(function.name) has other inputs or outputs than SigLIP's") }
    }
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
    let most = executor.file.plan.symbols[symbols.texts].bound
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
    write(pixels, to: 0, of: functions.image)
    return try output(of: functions.image)
  }

  private func embedding(ofIDs ids: [Int]) throws -> [Float] {
    try executor.setSymbol(symbols.tokens, to: ids.count)
    if let input = executor.input(0, of: functions.text) {
      for (index, id) in ids.enumerated() { input.integerBuffer[index] = Int64(id) }
    }
    return try output(of: functions.text)
  }

  private func logits(_ image: [Float], _ texts: ArraySlice<[Float]>) throws -> [Float] {
    try executor.setSymbol(symbols.texts, to: texts.count)
    write(image, to: 0, of: functions.score)
    write(texts.flatMap { $0 }, to: 1, of: functions.score)
    return try output(of: functions.score)
  }

  private func write(_ values: [Float], to port: Int, of function: Int) {
    guard let input = executor.input(port, of: function) else { return }
    _ = input.floatBuffer.update(fromContentsOf: values)
  }

  /// Runs a function on inputs that were written.
  private func output(of function: Int) throws -> [Float] {
    try executor.run(function)
    return executor.output(0, of: function).map { Array($0.floatBuffer) } ?? []
  }

  private func finish(_ result: inout Scoring) {
    result.statistics.arenaBytes = executor.file.plan.arenaBytes
    result.statistics.weightBytes = executor.file.plan.weightBytes
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    result.statistics.peakResidentBytes = usage.ru_maxrss * 1024
  }
}
