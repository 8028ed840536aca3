import Compiler
import Interchange
import IR
import Models
import Tensors
import Validation

/// A model that is small enough to be interpreted.
public struct ReducedModel: Sendable {
  public let imported: ImportedModel
  /// What was left out of it, in words; nil for nothing.
  public let reduction: String?
}

extension ImportedModel {
  /// Holds passes and plan of this model against its graph, with its own weights.
  ///
  /// - Parameter settings: `settings.context` is `context(_:)` of this model.
  /// - Throws: `ValidationError` when the model is too large to be interpreted.
  public func validator(_ settings: Validator.Settings) throws -> Validator {
    let source = source
    return try Validator(module, settings: settings) { tensor in
      try source(tensor.name).map(HostTensor.init)
    }
  }
}

extension ModelSource {
  /// The model, or one like it that the interpreter can run: a large checkpoint is cut down to few
  /// layers, and of each weight to its first rows and columns.
  ///
  /// - Parameters: as those of `load`.
  public func loadReduced(
    maxTokens: Int? = nil, sizes: InputSizes = InputSizes()
  ) throws -> ReducedModel {
    guard case .directory(let path) = self,
      let reduced = try PaliGemmaModel.reduced(directory: path)
    else {
      let imported = try load(maxTokens: maxTokens, sizes: sizes)
      return ReducedModel(imported: imported, reduction: nil)
    }
    return reduced
  }
}

extension PaliGemmaModel {
  /// Weights that can be interpreted as they are.
  private static let elementLimit = 8_000_000

  /// The cut-down model; nil when all of it is small enough.
  static func reduced(directory: String) throws -> ReducedModel? {
    let folder = try ModelFolder(path: directory)
    let config = try PaliGemmaConfig(folder: folder)
    let elements = config.expectedTensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
    guard elements > elementLimit else { return nil }
    let checkpoint = try Checkpoint(folder: folder)
    let resolution = try resolve(config, checkpoint, directory)
    let small = config.reduced
    let shapes = Dictionary(
      small.expectedTensors.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    let module = try PaliGemmaBuilder.module(
      small, resolution, maxTokens: small.imageTokenCount + 24)
    let imported = ImportedModel(
      path: directory, module: module, sections: [], extras: [],
      source: { name in
        guard let shape = shapes[name] else { return nil }
        return try resolution.tensor(named: name, in: checkpoint)?.firstElements(shape)
      }, warnings: [])
    return ReducedModel(imported: imported, reduction: small.differences(from: config))
  }
}

extension PaliGemmaConfig {
  /// The same architecture with two layers of each kind and narrow ones, a picture of four patches and
  /// few words.
  fileprivate var reduced: PaliGemmaConfig {
    var small = self
    small.vision.layerCount = min(2, vision.layerCount)
    small.vision.hiddenSize = min(8, vision.headSize) * vision.headCount
    small.vision.intermediateSize = min(160, vision.intermediateSize)
    small.vision.imageSize = min(2, vision.gridSize) * vision.patchSize
    small.text.layers = Array(text.layers.prefix(2))
    small.text.hiddenSize = min(96, text.hiddenSize)
    small.text.intermediateSize = min(160, text.intermediateSize)
    small.text.headSize = min(16, text.headSize)
    small.text.vocabularySize = min(500, text.vocabularySize)
    small.text.slidingWindow = text.slidingWindow.map { min(6, $0) }
    // An image token within the vocabulary, or beyond it, makes another graph.
    small.imageToken =
      imageToken < text.vocabularySize
      ? min(imageToken, small.text.vocabularySize - 1) : small.text.vocabularySize
    return small
  }

  fileprivate func differences(from full: PaliGemmaConfig) -> String {
    let changes: [(name: String, small: Int, full: Int)] = [
      ("vision layers", vision.layerCount, full.vision.layerCount),
      ("vision width", vision.hiddenSize, full.vision.hiddenSize),
      ("vision MLP", vision.intermediateSize, full.vision.intermediateSize),
      ("patches", vision.patchCount, full.vision.patchCount),
      ("text layers", text.layerCount, full.text.layerCount),
      ("text width", text.hiddenSize, full.text.hiddenSize),
      ("text MLP", text.intermediateSize, full.text.intermediateSize),
      ("head size", text.headSize, full.text.headSize),
      ("vocabulary", text.vocabularySize, full.text.vocabularySize),
    ]
    let cuts = changes.filter { $0.small != $0.full }
      .map { "\($0.name) \($0.small) of \($0.full)" }
    return "reduced to its first \(cuts.joined(separator: ", "))"
  }
}

extension TensorData {
  /// The leading block of this shape, which must fit in this tensor's. Reads nothing else.
  func firstElements(_ block: [Int]) -> TensorData {
    guard block != shape else { return self }
    var starts = [0]
    for axis in block.indices.dropLast() {
      let step = shape[(axis + 1)...].reduce(1, *)
      starts = starts.flatMap { start in (0..<block[axis]).map { start + $0 * step } }
    }
    let run = block.last ?? 1
    let values = starts.flatMap { floats(in: $0..<$0 + run) }
    return TensorData(values, shape: block)
  }
}
