import Foundation
import PaliGraph
import Tensors
import Testing

/// A tiny checkpoint with what transformers makes of it; see `Tests/Fixtures/parity/README.md`.
struct TransformersReference {
  let model: String
  let prompt: String
  let text: String
  let finishReason: String
  let maxNewTokens: Int
  /// `f32`, `f16` or `bf16`
  let checkpointDType: String
  private let tensors: SafetensorsFile

  init(_ name: String) throws {
    model = "Tests/Fixtures/parity/\(name)"
    let folder = CompiledModels.root.appending(path: model)
    let object = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.appending(path: "expected.json")))
    let fields = try #require(object as? [String: Any])
    prompt = try #require(fields["prompt"] as? String)
    text = try #require(fields["text"] as? String)
    finishReason = try #require(fields["finish_reason"] as? String)
    maxNewTokens = try #require(fields["max_new_tokens"] as? Int)
    checkpointDType = try #require(fields["checkpoint_dtype"] as? String)
    tensors = try SafetensorsFile(path: folder.appending(path: "expected.safetensors").path)
  }

  var picture: RGBImage { get throws { try CompiledModels.picture("\(model)/picture.png") } }

  func floats(_ name: String) throws -> [Float] { try tensors.tensor(named: name).floats() }
  func integers(_ name: String) throws -> [Int] {
    try #require(tensors.tensor(named: name).integers()).map { Int($0) }
  }

  var request: GenerationRequest {
    get throws {
      GenerationRequest(
        picture: try picture, prompt: prompt, maxNewTokens: maxNewTokens, keepsLogits: true)
    }
  }
}

/// The largest absolute difference; infinite when counts differ or something is not a number.
func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).reduce(0) { largest, pair in
    let difference = abs(pair.0 - pair.1)
    return difference.isNaN ? .infinity : max(largest, difference)
  }
}
