import Inputs

/// Kinds of weights that are not read here, told apart by the first bytes of a file or by its name.
public enum ForeignFormat: Sendable, Equatable, CaseIterable {
  case gguf, hdf5, webPage, bigVision, pyTorch, flax, onnx, archive

  /// What such a file begins with, where that is enough to know it.
  private var beginnings: [[UInt8]] {
    switch self {
    case .gguf: [Array("GGUF".utf8)]
    case .hdf5: [[0x89] + Array("HDF\r\n".utf8)]
    case .webPage: ["<!DOCTYPE", "<!doctype", "<html", "<HTML"].map { Array($0.utf8) }
    case .pyTorch: [[0x80, 0x02, 0x8A, 0x0A], [0x80, 0x02, 0x7D], [0x80, 0x04, 0x95]]
    case .archive: [[0x50, 0x4B, 0x03, 0x04]]
    case .bigVision, .flax, .onnx: []
    }
  }

  /// How names of such files end.
  private var endings: [String] {
    switch self {
    case .gguf: [".gguf"]
    case .hdf5: [".h5"]
    case .bigVision: [".npz"]
    case .pyTorch: [".bin", ".pt", ".pth", ".ckpt"]
    case .flax: [".msgpack"]
    case .onnx: [".onnx"]
    case .webPage, .archive: []
    }
  }

  /// The kind of a file of this name that begins with these bytes. The bytes decide, and the name where they
  /// say little. Nil when they are none that is known.
  public init?(bytes: [UInt8], name: String) {
    guard
      let format = Self.allCases.first(where: { $0.beginnings.contains { bytes.starts(with: $0) } })
    else { return nil }
    self = format == .archive ? ForeignFormat(name: name) ?? format : format
  }

  /// Nil for a name that ends in no way that is known.
  public init?(name: String) {
    guard let format = Self.allCases.first(where: { $0.endings.contains { name.hasSuffix($0) } })
    else { return nil }
    self = format
  }

  /// The kind of the file at a path; nil as well for what cannot be read.
  public init?(path: String) {
    guard let file = try? InputFile(path: path),
      let bytes = try? file.read(count: min(16, file.byteCount))
    else { return nil }
    self.init(bytes: bytes, name: path)
  }
}

extension ForeignFormat: CustomStringConvertible {
  /// What it is and what to do.
  public var description: String {
    let convert = "convert the model with Hugging Face transformers' save_pretrained"
    return switch self {
    case .gguf: "GGUF weights of llama.cpp; take the Hugging Face folder that they were made from"
    case .hdf5: "TensorFlow weights; \(convert)"
    case .webPage: "a web page in place of the file; download the file itself with hf download"
    case .bigVision:
      "weights of big_vision; convert them with transformers' convert_paligemma_weights_to_hf.py"
    case .pyTorch: "PyTorch weights; \(convert)"
    case .flax: "Flax weights; \(convert)"
    case .onnx: "an ONNX model; give the path of the .onnx file itself"
    case .archive: "a zip archive, as PyTorch and NumPy write weights; \(convert)"
    }
  }
}
