import COnnx
import IR
import Inputs
import Tensors

/// A function of a module as an ONNX model in the standard operators.
///
/// Sizes that are symbols in the module are named dimensions. States are inputs `past.NAME` and outputs
/// `present.NAME`. Weights keep the type that the module has them in, unless the options say otherwise.
public struct ONNXExport: Sendable {
  public struct Options: Sendable {
    public var opset = ONNXExport.defaultOpset
    /// Floating-point types of weights that are stored otherwise than in the module, by name. Values go
    /// through the type that the module has.
    public var storedElements: [String: ElementType] = [:]
    /// Said of the model as a whole, for readers.
    public var doc = ""
    public var producerVersion = ""
    /// Further properties by name.
    public var metadata: [(key: String, value: String)] = []
    /// Most bytes of one file; protobuf's own limit. Above it, weights go to a file of their own.
    package var fileLimit = Int(Int32.max)

    public init() {}
  }

  public static let defaultOpset = 17
  public static let opsets = ExportOperator.versions

  /// Values of tensors that the module does not say itself.
  public typealias Source = @Sendable (ModuleTensor) throws -> TensorData?

  let model: ExportedModel
  let source: Source
  let options: Options

  /// Throws `ONNXError`, which does not name a file, when the function cannot be expressed.
  public init(
    _ function: Function, in module: Module, options: Options = Options(),
    source: @escaping Source = { _ in nil }
  ) throws {
    guard Self.opsets.contains(options.opset) else {
      throw ONNXError(
        "version \(options.opset) of the standard operators cannot be written; versions "
          + "\(Self.opsets.lowerBound) to \(Self.opsets.upperBound) can")
    }
    self.options = options
    self.source = { try source(module.original(of: $0)) }
    model = try Self.model(function, module, options, opset: options.opset)
    // libonnx knows the operators up to a version. The same graph in that version stands for a later
    // one, if it can be written.
    let known = Int(CONNX_CHECKED_OPSET)
    if options.opset <= known {
      try Self.check(model)
    } else if let older = try? Self.model(function, module, options, opset: known) {
      try Self.check(older)
    }
  }

  public var nodeCount: Int { model.nodes.count }

  /// Bytes of the values that come from the module's tensors.
  public var weightBytes: Int {
    model.initializers.reduce(0) {
      if case .tensor = $1.content { $0 + $1.byteCount } else { $0 }
    }
  }

  private static func model(
    _ function: Function, _ module: Module, _ options: Options, opset: Int
  ) throws -> ExportedModel {
    let (builder, outputs) = try FunctionExport.builder(
      for: function, in: module, opset: opset,
      storedElements: options.storedElements)
    let symbols = module.symbols.map { "\($0.name)<=\($0.bound)" }.joined(separator: " ")
    let metadata =
      options.metadata + [("function", function.name)]
      + (symbols.isEmpty ? [] : [("symbols", symbols)])
    return builder.model(
      outputs: outputs, name: "\(module.name).\(function.name)", doc: options.doc,
      producerVersion: options.producerVersion, metadata: metadata)
  }

  /// What libonnx objects to is a mistake of this exporter, and better told than written.
  private static func check(_ model: ExportedModel) throws {
    let encoding = model.encoding(.nowhere)
    let graphBytes = encoding.graphByteCount(withValues: false)
    let bytes =
      encoding.start(graphByteCount: graphBytes) + encoding.graph
      + encoding.headers.flatMap(\.bytes)
    var problem = [CChar](repeating: 0, count: 400)
    let isSound = connx_check(bytes, bytes.count, &problem, problem.count)
    guard !isSound else { return }
    let text = problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    throw ONNXError(
      "libonnx refuses the exported graph: \(String(decoding: text, as: UTF8.self).printable)")
  }
}

extension ExportBuilder {
  fileprivate func model(
    outputs: [ExportedValue], name: String, doc: String, producerVersion: String,
    metadata: [(key: String, value: String)]
  ) -> ExportedModel {
    let names = names()
    func info(_ value: ExportedValue) -> ExportedModel.ValueInfo {
      ExportedModel.ValueInfo(
        name: names[value.id], type: value.type, doc: entries[value.id].doc)
    }
    let initializers = entries.enumerated().compactMap { id, entry in
      entry.initializer(named: names[id])
    }
    return ExportedModel(
      name: name, doc: doc, opset: opset, producerVersion: producerVersion, metadata: metadata,
      nodes: nodes.map { node in
        ExportedModel.Node(
          op: node.op, inputs: node.inputs.map { $0.map { names[$0.id] } ?? "" },
          outputs: node.outputs.map { names[$0.id] }, attributes: node.attributes, doc: node.doc)
      },
      inputs: inputs.map(info), outputs: outputs.map(info),
      values: nodes.flatMap(\.outputs).filter { naming(of: $0) != .interface }.map(info),
      initializers: initializers)
  }
}

extension ExportBuilder.Entry {
  fileprivate func initializer(named name: String) -> ExportedModel.Initializer? {
    guard case .initializer(let content) = origin else { return nil }
    // Only states have symbolic extents.
    return ExportedModel.Initializer(
      name: name, element: type.element, shape: type.shape.constants ?? [], content: content)
  }
}
