import IR
import Models

extension PaliGemmaConfig: ReducibleConfig {
  /// Two layers of each kind, a picture of four patches and few words.
  var reduced: PaliGemmaConfig {
    var small = self
    small.vision = vision.reduced
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

  var sizes: [(name: String, size: Int)] {
    vision.sizes + [
      ("text layers", text.layerCount), ("text width", text.hiddenSize),
      ("text MLP", text.intermediateSize), ("head size", text.headSize),
      ("vocabulary", text.vocabularySize),
    ]
  }

  func reducedModule(_ resolution: CheckpointResolution) throws -> Module {
    try PaliGemmaBuilder.module(self, resolution, maxTokens: imageTokenCount + 24)
  }
}

extension SiglipConfig: ReducibleConfig {
  /// Two layers in each tower, a picture of four patches, few words and short texts.
  var reduced: SiglipConfig {
    var small = self
    small.vision = vision.reduced
    small.text.layerCount = min(2, text.layerCount)
    small.text.hiddenSize = min(8, text.headSize) * text.headCount
    small.text.intermediateSize = min(160, text.intermediateSize)
    small.text.positionCount = min(12, text.positionCount)
    small.text.vocabularySize = min(500, text.vocabularySize)
    small.text.projectionSize = small.vision.hiddenSize
    return small
  }

  var sizes: [(name: String, size: Int)] {
    vision.sizes + [
      ("text layers", text.layerCount), ("text width", text.hiddenSize),
      ("text MLP", text.intermediateSize), ("positions", text.positionCount),
      ("vocabulary", text.vocabularySize),
    ]
  }

  func reducedModule(_ resolution: CheckpointResolution) throws -> Module {
    try SiglipBuilder.module(self, resolution)
  }
}

extension VisionConfig {
  fileprivate var reduced: VisionConfig {
    var small = self
    small.layerCount = min(2, layerCount)
    small.hiddenSize = min(8, headSize) * headCount
    small.intermediateSize = min(160, intermediateSize)
    // Pixels that no patch covers stay: they make another graph.
    small.imageSize = min(2, gridSize) * patchSize + imageSize % patchSize
    return small
  }

  fileprivate var sizes: [(name: String, size: Int)] {
    [
      ("vision layers", layerCount), ("vision width", hiddenSize),
      ("vision MLP", intermediateSize), ("patches", patchCount),
    ]
  }
}
