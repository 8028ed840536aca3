import Tensors

extension PaliGemmaConfig {
  typealias Source = CheckpointResolution.Source

  /// Finds every tensor of the model in a checkpoint, by name, shape and element type. Reads no
  /// tensor's bytes. Throws one error that holds all problems.
  public func resolve(_ checkpoint: Checkpoint) throws(CheckpointMismatch) -> CheckpointResolution {
    try resolve(
      checkpoint.names.compactMap { name in
        checkpoint.entry(named: name).map {
          Source(name: name, elementType: $0.elementType, shape: $0.shape)
        }
      })
  }

  /// Finds every tensor of the model among those of a checkpoint.
  ///
  /// Which table is the head is for the checkpoint to say, as in transformers: the tensor
  /// `lm_head.weight` where there is one, else the embedding. When the embedding is missing and
  /// `tie_word_embeddings` is set, it is the head's table.
  public func resolve(
    _ tensors: [CheckpointResolution.Source]
  ) throws(CheckpointMismatch) -> CheckpointResolution {
    let names = CheckpointNames(tensors.lazy.map(\.name))
    var (found, surplus, problems) = classify(tensors)
    let headIsTied = tieHead(&found)
    let headIsSeparate = found[CheckpointNames.head] != nil && !headIsTied
    for tensor in expectedTensors where headIsSeparate || tensor.name != CheckpointNames.head {
      guard let source = found[tensor.name] else {
        problems.append(.missing(name: names.spelling(of: tensor.name)))
        continue
      }
      if let problem = Self.problem(source, tensor) { problems.append(problem) }
    }
    guard problems.isEmpty else { throw CheckpointMismatch(problems: problems) }
    return CheckpointResolution(sources: found, headIsTied: headIsTied, surplus: surplus)
  }

  /// Sorts a checkpoint's tensors into those that are expected, by canonical name, and the rest.
  private func classify(
    _ tensors: [Source]
  ) -> (found: [String: Source], surplus: [String], problems: [CheckpointMismatch.Problem]) {
    let expected = Set(expectedTensors.map(\.name))
    var found: [String: Source] = [:]
    var surplus: [String] = []
    var problems: [CheckpointMismatch.Problem] = []
    for tensor in tensors {
      let canonical = CheckpointNames.canonical(tensor.name)
      guard let canonical, expected.contains(canonical) else {
        surplus.append(tensor.name)
        if let canonical, let problem = layerProblem(canonical, tensor.name) {
          problems.append(problem)
        }
        continue
      }
      if let other = found.updateValue(tensor, forKey: canonical) {
        problems.append(.twice(name: other.name, other: tensor.name))
      }
    }
    return (found, surplus, problems)
  }

  /// A tensor of a layer that the configuration does not have means that the two do not belong
  /// together.
  private func layerProblem(_ canonical: String, _ name: String) -> CheckpointMismatch.Problem? {
    let stacks = [
      ("\(CheckpointNames.vision)encoder.layers.", "vision_config", vision.layerCount),
      ("\(CheckpointNames.language)layers.", "text_config", text.layerCount),
    ]
    for (stack, section, count) in stacks {
      if let layer = CheckpointNames.layer(of: canonical, under: stack), layer >= count {
        return .layerBeyondCount(name: name, field: "\(section).num_hidden_layers", count: count)
      }
    }
    return nil
  }

  /// Lets the one table that is there stand for both. Returns whether it does.
  private func tieHead(_ found: inout [String: Source]) -> Bool {
    let embedding = "\(CheckpointNames.language)embed_tokens.weight"
    switch (found[embedding], found[CheckpointNames.head]) {
    case (let table?, nil):
      found[CheckpointNames.head] = table
      return true
    case (nil, let table?) where tiesWordEmbeddings:
      found[embedding] = table
      return true
    default:
      return false
    }
  }

  private static func problem(
    _ source: Source, _ expected: ExpectedTensor
  ) -> CheckpointMismatch.Problem? {
    guard source.shape == expected.shape else {
      return .shape(name: source.name, found: source.shape, expected: expected.shape)
    }
    switch source.elementType {
    case .f32, .f16, .bf16: return nil
    default: return .elementType(name: source.name, found: source.elementType)
    }
  }
}
