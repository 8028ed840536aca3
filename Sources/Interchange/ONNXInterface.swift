import Inputs
import Tensors

/// What a model says about its inputs and outputs, and the constants in it, without a look at its
/// nodes.
public struct ONNXInterface: Sendable {
  public struct Port: Sendable {
    public let name: String
    /// nil for what is no tensor of numbers.
    public let element: ElementType?
  }

  /// Without those that are constants as well.
  public let inputs: [Port]
  public let outputs: [Port]
  /// The operators of its nodes and functions, in order, each once; one of another domain with that.
  public let operators: [String]
  private let tensors: [ONNXTensor]
  private let files: ONNXFiles

  /// Throws `ONNXError` for a file that is no model.
  public init(path: String) throws {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw ONNXError("\(error)") }
    let model = try ONNXModel(file)
    files = ONNXFiles(model: file, external: ExternalFiles(beside: path))
    tensors = model.graph.initializers
    let constants = Set(tensors.map { UTF8Key($0.name) })
    inputs = model.graph.inputs.filter { !constants.contains(UTF8Key($0.name)) }.map(Port.init)
    outputs = model.graph.outputs.map(Port.init)
    let nodes = model.graph.nodes + model.functions.flatMap(\.nodes)
    operators = nodes.reduce(into: []) { operators, node in
      let domain = node.domain.standardDomain
      let name = domain.isEmpty ? node.op : "\(domain).\(node.op)"
      if !operators.contains(name) { operators.append(name) }
    }
  }

  /// The constants of the graph, in order. Throws `ONNXError` for one that cannot be read.
  public func constants() throws -> [(name: String, value: TensorData)] {
    try tensors.map { ($0.name, try $0.data(in: files)) }
  }
}

extension ONNXInterface.Port {
  fileprivate init(_ info: ONNXValueInfo) {
    name = info.name
    element = info.type?.element
  }
}
