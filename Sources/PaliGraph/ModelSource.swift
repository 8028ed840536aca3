import Glibc
import IR
import Interchange
import Inputs
import JSON
import Models
import Plans
import Tensors

/// Something that can be compiled, told apart by what the path leads to.
public enum ModelSource: Sendable {
  /// A Hugging Face directory with a `config.json`.
  case directory(String)
  /// A textual graph, `.pg`.
  case graph(String)
  /// An ONNX model, `.onnx`.
  case onnx(String)

  /// Throws `ModelError` when the path leads to nothing that can be compiled.
  public init(path: String) throws {
    var status = stat()
    guard stat(path.systemPath, &status) == 0 else {
      let problem = String(cString: strerror(errno))
      if Self.isRepositoryName(path) {
        throw ModelError(
          path,
          "no folder of this name, and nothing is downloaded here; if it is a repository of the Hugging Face hub, "
            + "download it with hf download \(path.printable) --local-dir FOLDER and give FOLDER")
      }
      throw ModelError(path, "\(problem); give the path of a model")
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      self = .directory(path)
    } else if path.hasSuffix(".pg") {
      self = .graph(path)
    } else if path.hasSuffix(".onnx") {
      self = .onnx(path)
    } else if (try? PlanFile(path: path)) != nil {
      throw ModelError(path, "this is a plan already; run it with paligraph run")
    } else {
      throw ModelError(path, Self.description(ofFile: path))
    }
  }

  /// What a file is that is no model by itself.
  private static func description(ofFile path: String) -> String {
    if let format = ForeignFormat(path: path) { return "\(format)" }
    if (try? SafetensorsFile(path: path)) != nil {
      return "weights without their configuration; give the folder that they belong to"
    }
    do { _ = try InputFile(path: path) } catch { return "\(error)" }
    return "not a model; give a Hugging Face directory, an .onnx model or a .pg graph"
  }

  /// Whether nothing stands at a path that is spelled like a repository of the hub, `owner/name`.
  private static func isRepositoryName(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let owner = parts.first, let name = parts.last,
      parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") }),
      path.unicodeScalars.allSatisfy({ "-_./".unicodeScalars.contains($0) || $0.isLetterOrDigit })
    else { return false }
    let isFile = [".plan", ".safetensors", ".onnx", ".pg", ".json", ".gguf"].contains {
      name.hasSuffix($0)
    }
    return !isFile && access(path, F_OK) != 0 && access(String(owner), F_OK) != 0
  }

  /// Whether a path is meant as a model, be it a good one or not, rather than as a plan.
  public static func isModel(_ path: String) -> Bool {
    var status = stat()
    let isDirectory = stat(path.systemPath, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    return isDirectory || path.hasSuffix(".pg") || path.hasSuffix(".onnx")
      || isRepositoryName(path)
  }

  /// The paths of what stands in a directory, sorted, or the path itself when it leads to none.
  public static func files(of path: String) -> [String] {
    folderEntries(path)?.map { "\(path)/\($0)" } ?? [path]
  }

  public var path: String {
    switch self {
    case .directory(let path), .graph(let path), .onnx(let path): path
    }
  }
}

extension Unicode.Scalar {
  /// One of ASCII's.
  fileprivate var isLetterOrDigit: Bool {
    "a"..."z" ~= self || "A"..."Z" ~= self || "0"..."9" ~= self
  }
}

/// Why a model cannot be used: one line that begins with its path.
public struct ModelError: Error, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ path: String, _ problem: String) {
    description = "\(path.printable): \(problem)"
  }
}

/// A model as it was imported: its textbook graph, and where the bytes of its weights are.
public struct ImportedModel: Sendable {
  /// Where it was imported from, for messages.
  public let path: String
  public let module: Module
  /// Settings that go into the plan beside the graph.
  public let sections: [JSON.Member]
  /// Tensors that go into the plan beside the weights, such as the tokenizer's tables.
  public let extras: [(name: String, data: TensorData)]
  /// The value of a weight or persistent buffer by name, from the mapped checkpoint.
  public let source: @Sendable (String) throws -> TensorData?
  /// Things worth one line each that do not stand in the way.
  public let warnings: [String]
}

extension ModelSource {
  /// Builds the graph. Reads no weight bytes.
  ///
  /// - Parameters:
  ///   - maxTokens: the longest sequence, for models that generate text; nil for image tokens + 512.
  ///   - sizes: what is said about sizes that an ONNX model leaves open.
  public func load(
    maxTokens: Int? = nil, sizes: InputSizes = InputSizes()
  ) throws -> ImportedModel {
    switch self {
    case .onnx(let path): return try Self.onnx(path, sizes)
    case _ where !sizes.isEmpty:
      throw ModelError(
        path, "only ONNX models have sizes to give; leave --shape, --dim and --value out")
    case .directory(let path):
      switch try Self.kind(ofDirectory: path) {
      case .paligemma:
        return try PaliGemmaModel(ModelDirectory(path), maxTokens: maxTokens).imported
      case .siglip:
        guard maxTokens == nil else {
          throw ModelError(
            path, "a SigLIP model generates no text; leave --max-tokens out")
        }
        return try SiglipModel(ModelDirectory(path)).imported
      }
    case .graph(let path): return try Self.graph(path)
    }
  }

  /// What kind of model a directory holds. Throws an error that names the directory or its file.
  static func kind(ofDirectory path: String) throws -> ModelKind {
    let folder = try ModelFolder(path: path)
    guard folder.contains("config.json") else {
      throw ModelError(
        path,
        folder.contents.map { "it has no config.json; it holds \($0)" }
          ?? "it has no config.json; give a Hugging Face model directory")
    }
    let kind = try ModelKind(folder: folder)
    guard !folder.hasAdapterBesideWeights else {
      throw ModelError(
        path,
        "adapter_config.json: a PEFT adapter beside the weights, which transformers applies and this program does "
          + "not; merge it with PEFT's merge_and_unload, or move it out of the folder")
    }
    return kind
  }

  private static func onnx(_ path: String, _ sizes: InputSizes) throws -> ImportedModel {
    do {
      let model = try ImportedONNX(path: path, sizes: sizes)
      return ImportedModel(
        path: path, module: model.module, sections: [], extras: [],
        source: { model.source($0) },
        warnings: model.warnings.map { "\(path.printable): \($0)" })
    } catch let error as ONNXError {
      throw ModelError(path, "\(error)")
    }
  }

  private static func graph(_ path: String) throws -> ImportedModel {
    do {
      let file = try InputFile(path: path)
      guard file.byteCount <= Module.textLimit else {
        throw ModelError(path, "the graph is larger than \(Module.textLimit) bytes")
      }
      return ImportedModel(
        path: path, module: try Module.parse(bytes: try file.readAll()), sections: [], extras: [],
        source: { _ in nil }, warnings: [])
    } catch let error as TextError {
      // A compiler's way to point at a place: FILE:line:column.
      throw TextFileError(path: path, error: error)
    } catch let error as InputFileError {
      throw ModelError(path, "\(error)")
    }
  }
}

/// A textual graph that cannot be read: `FILE:line:column: what is wrong`.
public struct TextFileError: Error, Sendable, CustomStringConvertible {
  public let path: String
  public let error: TextError
  public var description: String { "\(path.printable):\(error)" }
}
