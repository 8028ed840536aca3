import IR
import Models
import Tensors
import Testing

/// A committed model directory with what transformers makes of it; see
/// `Tests/Fixtures/parity/README.md`.
struct ParityCase {
  var config: PaliGemmaConfig
  let resolution: CheckpointResolution
  private let checkpoint: Checkpoint
  private let references: SafetensorsFile

  init(_ name: String) throws {
    let directory = ParityFixtures.path(name)
    config = try PaliGemmaConfig(directory: directory)
    let checkpoint = try Checkpoint(directory: directory)
    resolution = try config.resolve(
      checkpoint.names.compactMap { name in
        checkpoint.entry(named: name).map {
          CheckpointResolution.Source(name: name, elementType: $0.elementType, shape: $0.shape)
        }
      })
    self.checkpoint = checkpoint
    references = try SafetensorsFile(path: "\(directory)/expected.safetensors")
  }

  /// The module, by default sized for the prompt and all expected tokens.
  func module(maxTokens: Int? = nil) throws -> Module {
    try PaliGemmaBuilder.module(
      config, resolution, maxTokens: try maxTokens ?? prompt.count + stepCount)
  }

  /// The value of a weight of the module.
  func weight(_ tensor: ModuleTensor) throws -> HostTensor {
    let source = try #require(resolution.sources[tensor.name])
    return HostTensor(try #require(try checkpoint.tensor(named: source.name)))
  }

  /// `input_ids`, `pixel_values`, `image_features`, `tokens` or `logits`.
  func expected(_ name: String) throws -> HostTensor {
    HostTensor(try references.tensor(named: name))
  }

  /// i64[1×T]
  var prompt: HostTensor {
    get throws {
      let ids = try expected("input_ids")
      return HostTensor(.i64, [1, ids.count], ids.values)
    }
  }

  var stepCount: Int { get throws { try expected("tokens").count } }
}
