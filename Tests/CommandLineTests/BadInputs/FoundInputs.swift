import Foundation
import Testing

@testable import BadFiles

/// What is found on the hub and on people's disks and is no checkpoint to be read, or not one alone: one line
/// says what it is and what to do.
enum FoundInputs {
  static let all = folders + files + pointers + wrapped + stored + besides

  /// A folder of these files.
  private static func folder(
    _ what: String, _ problem: String, _ files: [String: String]
  ) -> BadInput {
    BadInput("2.5.+", what, .refused(problem)) { folder in
      for (name, text) in files {
        let url = URL(fileURLWithPath: folder.file(name))
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try folder.write(text, to: name)
      }
      return ["compile", folder.path, "-o", folder.output("x.plan")]
    }
  }

  private static let adapter =
    #"{"peft_type": "LORA", "base_model_name_or_path": "google/paligemma"}"#

  static let folders: [BadInput] = [
    folder(
      "an adapter alone",
      "a PEFT adapter, not a whole model; merge it into its base model, google/paligemma,",
      ["adapter_config.json": adapter, "adapter_model.safetensors": "", "tokenizer.json": "{}"]),
    folder("a pipeline of diffusers", "a diffusers pipeline", ["model_index.json": "{}"]),
    folder("GGUF in a folder", "x.gguf, GGUF weights", ["x.gguf": "GGUF", "README.md": ""]),
    folder("PyTorch's weights", "pytorch_model.bin, PyTorch weights", ["pytorch_model.bin": "PK"]),
    folder("Flax's weights", "Flax weights", ["flax_model.msgpack": ""]),
    folder("TensorFlow's weights", "TensorFlow weights", ["tf_model.h5": ""]),
    folder("big_vision's weights", "weights of big_vision", ["pt_224.npz": "PK"]),
    folder("ONNX in a folder", "give the path of the .onnx file", ["model.onnx": ""]),
    folder(
      "shards without an index", "download the whole folder",
      ["model-00001-of-00002.safetensors": ""]),
    folder(
      "weights of another name", "rename it to model.safetensors", ["model.bf16.safetensors": ""]),
    folder(
      "a tokenizer alone", "a tokenizer or processor without a model", ["tokenizer.json": "{}"]),
    folder(
      "a trainer's folder", "one in folders; give one of them, such as",
      ["checkpoint-500/config.json": "{}", "trainer_state.json": "{}"]),
    folder(
      "a repository of the cache", "give the folder below its snapshots",
      ["refs/main": "1", "blobs/1": "", "snapshots/1/config.json": "{}"]),
    folder(
      "weights without a configuration", "it holds weights without their configuration",
      ["model.safetensors": "", "tokenizer.json": "{}"]),
    folder(
      "what a trainer leaves beside a tokenizer", "a tokenizer or processor without a model",
      ["optimizer.pt": "PK", "training_args.bin": "PK", "tokenizer.json": "{}"]),
    folder("an empty folder", "it has no config.json; give", [:]),
    BadInput(
      "2.5.+", "PyTorch's weights beside a config",
      .refused("there is no model.safetensors; it holds model.pt"),
      model: {
        try $0.remove("model.safetensors")
        try $0.write("PK", to: "model.pt")
      }),
    BadInput(
      "2.5.+", "the name of a repository", .refused("hf download google/paligemma-3b-mix-224")
    ) {
      _ in ["compile", "google/paligemma-3b-mix-224", "-o", "x.plan"]
    },
    BadInput("2.5.+", "the name of a repository to run", .refused("hf download google/paligemma2"))
    {
      try $0.copyModel()
      return ["run", "google/paligemma2", "--image", $0.file("picture.png")]
    },
  ]

  /// A file in place of a model, and in place of the weights.
  private static func file(
    _ name: String, _ problem: String, _ bytes: [UInt8]
  ) -> [BadInput] {
    let bytes = bytes + [UInt8](repeating: 7, count: 64)
    return [
      BadInput("2.1.+", "\(name) as a model", .refused(problem)) { folder in
        ["compile", try folder.write(bytes, to: name), "-o", folder.output("x.plan")]
      },
      BadInput("2.1.+", "\(name) to run", .refused(problem)) { folder in
        try folder.copyModel()
        return [
          "run", try folder.write(bytes, to: name), "--image", folder.file("picture.png"),
        ]
      },
    ]
  }

  static let files: [BadInput] =
    file("x.gguf", "GGUF weights of llama.cpp", Array("GGUF".utf8) + [3, 0, 0, 0])
    + file("pytorch_model.bin", "PyTorch weights", [0x50, 0x4B, 3, 4, 0, 0, 8, 8])
    + file("old.pt", "PyTorch weights", [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46])
    + file("pt_224.npz", "weights of big_vision", [0x50, 0x4B, 3, 4, 0x2D, 0, 0, 0])
    + file("tf_model.h5", "TensorFlow weights", [0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A])
    + file("page", "a web page in place of the file", Array("<!DOCTYPE html>".utf8)) + [
      BadInput("2.1.+", "weights alone", .refused("weights without their configuration")) {
        folder in
        try folder.copyModel()
        return ["compile", folder.file("model.safetensors"), "-o", folder.output("x.plan")]
      },
      BadInput(
        "2.1.+", "GGUF named model.safetensors", .refused("model.safetensors: GGUF weights"),
        model: {
          try $0.write(Array("GGUF".utf8) + [3, 0, 0, 0, 1, 0, 0, 0], to: "model.safetensors")
        }),
      BadInput(
        "2.1.+", "a pickle named model.safetensors", .refused("model.safetensors: PyTorch weights"),
        model: {
          try $0.write(
            [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20], to: "model.safetensors")
        }),
    ]

  /// What Git leaves in place of a large file.
  static let pointer = """
    version https://git-lfs.github.com/spec/v1
    oid sha256:5586010257b8536dddefab65e7755077f21d5672d5674dacf911f73ae95a4447
    size 8479556

    """

  static let pointers: [BadInput] =
    [
      "config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json",
      "tokenizer_config.json", "generation_config.json", "added_tokens.json",
    ].map { name in
      BadInput(
        "2.5.+", "a pointer for \(name)", .refused("\(name): a git-LFS pointer"),
        model: { try $0.write(pointer, to: name) })
    } + [
      BadInput(
        "2.5.+", "a pointer for an index", .refused("index.json: a git-LFS pointer"),
        model: {
          try $0.remove("model.safetensors")
          try $0.write(pointer, to: "model.safetensors.index.json")
        }),
      BadInput(
        "2.5.+", "a pointer for a shard", .refused("1.safetensors: a git-LFS pointer"),
        model: {
          try $0.remove("model.safetensors")
          try $0.write(
            #"{"weight_map": {"a": "1.safetensors"}}"#, to: "model.safetensors.index.json")
          try $0.write(pointer, to: "1.safetensors")
        }),
      BadInput("2.5.+", "a pointer for a plan", .refused("x.plan: a git-LFS pointer")) { folder in
        try folder.copyModel()
        return [
          "run", try folder.write(pointer, to: "x.plan"), "--image", folder.file("picture.png"),
        ]
      },
      BadInput("2.5.+", "a pointer for a graph", .refused("x.pg: a git-LFS pointer")) { folder in
        ["compile", try folder.write(pointer, to: "x.pg"), "-o", folder.output("x.plan")]
      },
      BadInput("2.5.+", "a pointer for ONNX", .refused("x.onnx: a git-LFS pointer")) { folder in
        ["compile", try folder.write(pointer, to: "x.onnx"), "-o", folder.output("x.plan")]
      },
      BadInput("2.5.+", "a pointer for a picture", .refused("x.jpg: a git-LFS pointer")) { folder in
        ["run", try CompiledPlans.picture.get(), "--image", try folder.write(pointer, to: "x.jpg")]
      },
    ]

  /// The names of all tensors changed.
  private static func names(
    _ what: String, _ problem: String, _ change: @escaping @Sendable (String) -> String
  ) -> BadInput {
    BadInput(
      "2.1.+", what, .refused(problem),
      model: { folder in
        try SafetensorsInputs.changeWeights(folder) { text, _ in
          text = text.replacing(/"([a-z_]+\.[^"]+)":/) { "\"\(change(String($0.1)))\":" }
        }
      })
  }

  static let wrapped: [BadInput] = [
    names("PEFT's names", "\"base_model.model.\" of a wrapper, PEFT") { "base_model.model.\($0)" },
    names("names of DDP", "save model.module instead") { "module.\($0)" },
    names("names of torch.compile", "save model._orig_mod instead") { "_orig_mod.\($0)" },
    names("names of FSDP", "of a wrapper, FSDP") {
      $0.replacingOccurrences(of: "layers.0.", with: "layers.0._fsdp_wrapped_module.")
    },
    names("an adapter that is not merged", "merge the adapter with merge_and_unload") {
      $0.replacingOccurrences(of: "q_proj.", with: "q_proj.base_layer.")
    },
    names("other names", "in their place stand my_") { "my_\($0)" },
  ]

  /// The tensor `old` of the header in another form, with so many more bytes of data.
  private static func header(
    _ what: String, _ problem: String,
    _ change: @escaping @Sendable (inout String, inout [UInt8]) -> Void
  ) -> BadInput {
    BadInput(
      "2.1.+", what, .refused(problem), model: { try SafetensorsInputs.changeWeights($0, change) })
  }

  static let stored: [BadInput] = [
    header("weights of 8 bits", "that these FP8 weights were made from") { text, _ in
      text = text.replacingOccurrences(of: "\"F32\"", with: "\"F8_E4M3\"")
    },
    header("placeholders of ZeRO-3", "as DeepSpeed's ZeRO-3 leaves them") { text, data in
      text = text.replacing(/"shape":\[[0-9,]+\],"data_offsets":\[[0-9]+,[0-9]+\]/) { _ in
        "\"shape\":[0],\"data_offsets\":[0,0]"
      }
      data = []
    },
    header("MLX's layout", "in MLX's layout, channels last") { text, _ in
      text = text.replacing(/\[([0-9]+),3,14,14\]/) { "[\($0.1),14,14,3]" }
    },
    header("MLX's quantised weights", "quantised by MLX") { text, data in
      let entry = safetensorsEntry("a.scales", "U32", "[1]", "[\(data.count),\(data.count + 4)]")
      text = text.replacingOccurrences(of: "q_proj.weight", with: "q_proj.wait")
      text = "\(text.dropLast()),\(entry)}"
      data += [0, 0, 0, 0]
    },
    header("weights of GPTQ", "quantised by GPTQ or AWQ") { text, _ in
      text = text.replacingOccurrences(of: "q_proj.weight", with: "q_proj.qweight")
    },
    header("weights of bitsandbytes", "quantised by bitsandbytes") { text, data in
      SafetensorsInputs.surplus("a.weight.absmax")(&text, &data)
      text = text.replacingOccurrences(of: "q_proj.weight", with: "q_proj.wait")
    },
  ]

  static let besides: [BadInput] = [
    BadInput(
      "2.5.+", "an adapter beside the weights", .refused("a PEFT adapter beside the weights"),
      model: { try $0.write(adapter, to: "adapter_config.json") }),
    BadInput(
      "2.5.+", "another tokenizer's class", .refused("tokenizer_class: LlamaTokenizer is not"),
      model: {
        try $0.write(#"{"tokenizer_class": "LlamaTokenizer"}"#, to: "tokenizer_config.json")
      }),
    BadInput(
      "2.5.+", "special tokens spelled out", .refused("split_special_tokens: true is not"),
      model: { try $0.write(#"{"split_special_tokens": true}"#, to: "tokenizer_config.json") }),
    BadInput(
      "2.5.+", "no processor's file", .accepted("neither preprocessor_config.json nor"),
      model: { try $0.remove("preprocessor_config.json") }),
    BadInput(
      "2.5.+", "no file about SigLIP's tokenizer", .accepted("there is no tokenizer_config.json")
    ) { folder in
      let model = CommandLineProcess.root.appendingPathComponent("Examples/mini-siglip")
      for name in [
        "config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json",
      ] {
        try folder.write(
          Array(try Data(contentsOf: model.appendingPathComponent(name))), to: name)
      }
      return ["compile", folder.path, "-o", folder.output("x.plan")]
    },
    BadInput(
      "2.4.+", "an id in a file that transformers does not give",
      .accepted("transformers gives it"),
      model: { try $0.write(#"{"<a>": 490}"#, to: "added_tokens.json") }),
  ]
}
