/// Which files a model's tensors stand in.
extension ONNXGraph {
  /// Every constant, also those of graphs within.
  var tensors: [ONNXTensor] { initializers + nodes.flatMap(\.tensors) }
}

extension ONNXNode {
  var tensors: [ONNXTensor] {
    attributes.flatMap { attribute -> [ONNXTensor] in
      switch attribute.value {
      case .tensor(let tensor): [tensor]
      case .graph(let graph): graph.tensors
      default: []
      }
    }
  }
}

extension ONNXTensor {
  /// The file of an external tensor, as the model names it.
  var location: String? {
    guard case .external(let entries) = place else { return nil }
    return entries.first { $0.key == "location" }?.value
  }
}
