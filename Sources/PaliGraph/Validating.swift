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
  /// All weights, whole: their names and where they come from.
  let weights: (names: [String], source: @Sendable (String) throws -> TensorData?)

  /// Of each weight that has numbers that are not finite, how many, also of what was left out.
  public func notFiniteWeights() throws -> [NotFiniteWeight] {
    try weights.names.compactMap { name in
      guard let count = try weights.source(name)?.notFiniteCount, count > 0 else { return nil }
      return NotFiniteWeight(name: name, count: count)
    }
  }
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
    let reduced: ReducedModel? =
      if case .directory(let path) = self {
        switch try Self.kind(ofDirectory: path) {
        case .paligemma: try ModelDirectory<PaliGemmaConfig>.reduced(path)
        case .siglip: try ModelDirectory<SiglipConfig>.reduced(path)
        }
      } else {
        nil
      }
    if let reduced { return reduced }
    let imported = try load(maxTokens: maxTokens, sizes: sizes)
    let stored = imported.module.tensors.filter { $0.kind != .state && $0.initializer == nil }
    return ReducedModel(
      imported: imported, reduction: nil, weights: (stored.map(\.name), imported.source))
  }
}

/// A configuration whose models can be cut down.
protocol ReducibleConfig: ModelConfig {
  /// The same architecture with few layers and narrow ones.
  var reduced: Self { get }
  /// The sizes that `reduced` may change, in words.
  var sizes: [(name: String, size: Int)] { get }
  /// The module of a cut-down model.
  func reducedModule(_ resolution: CheckpointResolution) throws -> Module
}

extension ModelDirectory where Config: ReducibleConfig {
  /// The cut-down model; nil when all of it is small enough.
  fileprivate static func reduced(_ path: String) throws -> ReducedModel? {
    let config = try Config(folder: ModelFolder(path: path))
    let elements = config.expectedTensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
    // Weights that can be interpreted as they are.
    guard elements > 8_000_000 else { return nil }
    let directory = try ModelDirectory(path)
    let small = config.reduced
    let shapes = Dictionary(
      small.expectedTensors.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    let source = directory.source
    let imported = ImportedModel(
      path: path, module: try small.reducedModule(directory.resolution), sections: [], extras: [],
      source: { name in
        guard let shape = shapes[name] else { return nil }
        return try source(name)?.firstElements(shape)
      }, warnings: [])
    let cuts = zip(small.sizes, config.sizes).filter { $0.0.size != $0.1.size }
      .map { "\($0.0.name) \($0.0.size) of \($0.1.size)" }
    return ReducedModel(
      imported: imported, reduction: "reduced to its first \(cuts.joined(separator: ", "))",
      weights: (directory.resolution.sources.keys.sorted(), source))
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
