import Glibc
import Inputs

/// What a command is used for and on, as far as its options depend on it.
enum Use: String, CaseIterable {
  /// Answering a prompt about a picture, scoring texts against a picture, running a function on tensors.
  case answering, scoring, tensors
  /// What file is given.
  case plan, directory, graph, onnx

  enum Axis { case task, source }

  /// Uses of one axis exclude each other.
  var axis: Axis {
    switch self {
    case .answering, .scoring, .tensors: .task
    case .plan, .directory, .graph, .onnx: .source
    }
  }

  /// What the path of a model or plan is meant as; nil when that cannot be told.
  init?(source path: String) {
    var status = stat()
    let exists = stat(path.systemPath, &status) == 0
    if exists, status.st_mode & S_IFMT == S_IFDIR {
      self = .directory
    } else if path.hasSuffix(".pg") {
      self = .graph
    } else if path.hasSuffix(".onnx") {
      self = .onnx
    } else if exists || path.hasSuffix(".plan") {
      self = .plan
    } else {
      return nil
    }
  }

  static let models: Set<Use> = [.directory, .graph, .onnx]

  /// Those that have it, in the plural.
  var plural: String {
    switch self {
    case .answering: "models that answer"
    case .scoring: "models that score texts"
    case .tensors: "functions on tensors"
    case .plan: "plans"
    case .directory: "Hugging Face directories"
    case .graph: "textual graphs"
    case .onnx: "ONNX models"
    }
  }

  /// What a file with this use is.
  var singular: String {
    switch self {
    case .answering: "a model that answers"
    case .scoring: "a SigLIP model, which scores texts"
    case .tensors: "a graph on tensors"
    case .plan: "a plan"
    case .directory: "a Hugging Face directory"
    case .graph: "a textual graph"
    case .onnx: "an ONNX model"
    }
  }
}

extension Set<Use> {
  /// What all of them are, in the plural.
  var plural: String {
    if self == Use.models { return "models" }
    return Use.allCases.filter(contains).map(\.plural).joined(separator: " and ")
  }
}
