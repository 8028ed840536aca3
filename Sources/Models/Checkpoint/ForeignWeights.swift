import Inputs
import Tensors

/// What a checkpoint is that does not fit its configuration: weights in a form that some other program
/// writes, recognised by names, shapes and element types.
public struct ForeignWeights: Sendable, Equatable, CustomStringConvertible {
  /// One printable sentence that says what it is and what to do.
  public let description: String

  /// Nil for a checkpoint in which nothing is known.
  public init?(_ checkpoint: Checkpoint) {
    let tensors = checkpoint.names.compactMap { name in
      checkpoint.entry(named: name).map {
        CheckpointResolution.Source(name: name, elementType: $0.elementType, shape: $0.shape)
      }
    }
    let isMLX = checkpoint.shards.contains { $0.metadata("format") == "mlx" }
    self.init(tensors, isMLX: isMLX)
  }

  /// - Parameter isMLX: the files say that MLX wrote them.
  init?(_ tensors: [CheckpointResolution.Source], isMLX: Bool = false) {
    guard
      let found = Self.quantized(tensors, isMLX) ?? Self.mlx(tensors, isMLX)
        ?? Self.placeholders(tensors) ?? Self.wrapped(tensors)
    else { return nil }
    description = found
  }

  /// How methods of quantisation name what belongs to a weight. The first that fits counts.
  private static let methods: [(ending: String, method: String)] = [
    (".qweight", "GPTQ or AWQ"), (".g_idx", "GPTQ"), (".weight.absmax", "bitsandbytes"),
    (".weight.quant_map", "bitsandbytes"), (".SCB", "bitsandbytes"),
    (".weight_packed", "compressed-tensors"), (".weight_scale_inv", "FP8"),
    (".weight_scale", "compressed-tensors or FP8"), ("._data", "quanto"),
  ]

  private static func quantized(
    _ tensors: [CheckpointResolution.Source], _ isMLX: Bool
  ) -> String? {
    let unit = "take the model that it was made from and compile it with --weights int8 or int4"
    if let scales = tensors.first(where: { $0.name.hasSuffix(".scales") }),
      isMLX || tensors.contains(where: { $0.elementType == .u32 })
    {
      return "its weights are quantised by MLX (\(scales.name.printable)); \(unit)"
    }
    for (ending, method) in methods {
      if let tensor = tensors.first(where: { $0.name.hasSuffix(ending) }) {
        return "its weights are quantised by \(method) (\(tensor.name.printable)); \(unit)"
      }
    }
    return nil
  }

  /// MLX keeps the channels of a convolution's weight last.
  private static func mlx(_ tensors: [CheckpointResolution.Source], _ isMLX: Bool) -> String? {
    let patches = tensors.first {
      $0.name.hasSuffix("patch_embedding.weight") && $0.shape.count == 4
    }
    let isChannelsLast = patches.map { $0.shape[3] == 3 && $0.shape[1] == $0.shape[2] } ?? false
    guard isMLX || isChannelsLast else { return nil }
    return
      "its weights are in MLX's layout\(isChannelsLast ? ", channels last" : ""); take the model that it was "
      + "made from"
  }

  /// DeepSpeed's ZeRO-3 leaves an empty tensor for every parameter that is spread over processes.
  private static func placeholders(_ tensors: [CheckpointResolution.Source]) -> String? {
    let empty = tensors.filter { $0.shape.contains(0) }
    guard let first = empty.first else { return nil }
    return
      "\(empty.count) of its \(tensors.count) tensors are empty (\(first.name.printable)), as DeepSpeed's ZeRO-3 "
      + "leaves them; gather the weights with zero_to_fp32.py"
  }

  /// What wrappers of modules put into names, and how the module itself is saved. Those inside a name come
  /// first: PEFT and DDP wrap the whole model.
  private static let wrappers: [(part: String, isBeginning: Bool, wrapper: String, cure: String)] =
    [
      (".lora_A.", false, "PEFT", "merge the adapter with merge_and_unload before save_pretrained"),
      (
        ".base_layer.", false, "PEFT",
        "merge the adapter with merge_and_unload before save_pretrained"
      ),
      (
        "base_model.model.", true, "PEFT",
        "merge the adapter with merge_and_unload before save_pretrained"
      ),
      ("_orig_mod.", false, "torch.compile", "save model._orig_mod instead"),
      ("_fsdp_wrapped_module.", false, "FSDP", "save the full state dict of the unwrapped model"),
      (
        "_checkpoint_wrapped_module.", false, "activation checkpointing",
        "save the state dict of the unwrapped model"
      ),
      ("module.", true, "DistributedDataParallel", "save model.module instead"),
    ]

  private static func wrapped(_ tensors: [CheckpointResolution.Source]) -> String? {
    for (part, isBeginning, wrapper, cure) in wrappers {
      let name = tensors.lazy.map(\.name).first {
        isBeginning ? $0.hasPrefix(part) : $0.contains(part)
      }
      guard let name else { continue }
      return
        "its names hold \"\(part)\" of a wrapper, \(wrapper) (\(name.printable)); \(cure), or take the part out of "
        + "the names"
    }
    return nil
  }
}
