import IR
import Inputs
import Tensors

/// An ONNX model as a module with the function `@main`.
///
/// The graph computes in f32, i64 and bool: half precision and f64 are converted where they come in
/// and go out, as are smaller integers. Weights stay where they are in the model's files.
public struct ImportedONNX: Sendable {
  public let module: Module
  /// The value of a weight or persistent buffer by name.
  public let source: @Sendable (String) -> TensorData?
  public let warnings: [String]

  /// Throws `ONNXError`, which does not name the model's file, for a model that cannot be imported.
  ///
  /// - Parameter sizes: what is said about sizes that the model leaves open.
  public init(path: String, sizes: InputSizes = InputSizes()) throws {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw ONNXError("\(error)") }
    let model = try ONNXModel(file)
    let files = ONNXFiles(model: file, external: ExternalFiles(beside: path))
    do {
      self = try Self.imported(model, files, sizes)
    } catch let error as OpError {
      throw ONNXError("\(error)")
    } catch let error as VerificationError {
      throw ONNXError("\(error)")
    }
  }

  /// The files beside a model that hold its large tensors, as it names them; none for a model that
  /// cannot be read.
  public static func externalFiles(of path: String) -> [String] {
    guard let file = try? MappedFile(path: path), let model = try? ONNXModel(file) else {
      return []
    }
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = end.map { path[...$0] } ?? ""
    let tensors = model.graph.tensors + model.functions.flatMap(\.nodes).flatMap(\.tensors)
    return Set(tensors.compactMap(\.location)).sorted().map { "\(folder)\($0)" }
  }

  private init(
    _ module: Module, _ sources: [String: @Sendable () -> TensorData], _ warnings: [String]
  ) {
    self.module = module
    source = { sources[$0]?() }
    self.warnings = warnings
  }

  private static func imported(
    _ model: ONNXModel, _ files: ONNXFiles, _ sizes: InputSizes
  ) throws -> ImportedONNX {
    let versions = try versions(of: model)
    let constants = Set(model.graph.initializers.map { UTF8Key($0.name) })
    // Before version 4 of the format, every constant was an input as well.
    let inputs = model.graph.inputs.filter { !constants.contains(UTF8Key($0.name)) }
    let (types, symbols) = try InputTyping.types(of: inputs, sizes)
    let builder = ImportBuilder(Module(name: name(of: model.graph), symbols: symbols))
    let importer = try GraphImporter(model, builder, files)
    let scope = ImportScope(versions: versions)
    let parameters = zip(inputs, types).map { input, type in
      sizes.value(of: input.name).map { builder.constant(input.name, $0) }
        ?? builder.parameter(input.name, type)
    }
    for (input, parameter) in zip(inputs, parameters) {
      let isGiven = sizes.value(of: input.name) != nil
      let value = isGiven ? parameter : try builder.computed(parameter, as: input.name)
      try scope.define(input.name, .value(value))
    }
    try importer.add(model.graph, to: scope)
    guard importer.failures.isEmpty else { throw ONNXError(importer.failures.description) }
    try returnOutputs(of: model.graph, scope, builder)
    var module = builder.function.module
    module.functions = [builder.function.function]
    try Verifier.verify(module)
    return ImportedONNX(
      module, builder.sources,
      warnings(inputs) + warnings(model.graph.outputs, builder.function.function))
  }

  private static func versions(of model: ONNXModel) throws -> [UTF8Key: Int] {
    guard ONNXOperator.irVersions.contains(model.irVersion) else {
      throw ONNXError(
        model.irVersion == 0
          ? "it does not say its IR version; fetch the file again"
          : "it has IR version \(model.irVersion); versions \(ONNXOperator.irVersions.lowerBound) to "
            + "\(ONNXOperator.irVersions.upperBound) are supported")
    }
    guard !model.imports.isEmpty else {
      throw ONNXError(
        "it does not say which version of the operators it uses; fetch the file again")
    }
    return try model.imports.versions()
  }

  /// Module names are plain in the text form; any other graph name is not kept.
  private static func name(of graph: ONNXGraph) -> String {
    let plain = graph.name.unicodeScalars.map {
      $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) ? Character($0) : "_"
    }
    return plain.isEmpty ? "main" : String(plain.prefix(100))
  }

  private static func returnOutputs(
    of graph: ONNXGraph, _ scope: ImportScope, _ builder: ImportBuilder
  ) throws {
    guard !graph.outputs.isEmpty else { throw ONNXError("its graph has no outputs") }
    var names: Set<UTF8Key> = []
    for output in graph.outputs {
      guard !output.name.isEmpty, names.insert(UTF8Key(output.name)).inserted else {
        throw ONNXError("two outputs are named \"\(output.name.printable)\", or one has no name")
      }
      switch scope[output.name] {
      case .value(let value)?:
        try builder.returns(try builder.converted(value, to: output), as: output.name)
      case .unavailable(let reason)?:
        throw ONNXError("output \"\(output.name.printable)\" is \(reason)")
      default: throw ONNXError("nothing yields output \"\(output.name.printable)\"")
      }
    }
  }

  private static func warnings(_ inputs: [ONNXValueInfo]) -> [String] {
    let wide = inputs.filter { $0.type == .double }.map(\.name.printable)
    guard !wide.isEmpty else { return [] }
    return ["inputs of f64 are computed in f32: \(wide.joined(separator: ", "))"]
  }

  /// Outputs whose declared shape the nodes contradict. What the nodes say is done, as elsewhere.
  private static func warnings(_ outputs: [ONNXValueInfo], _ function: Function) -> [String] {
    zip(outputs, function.results).compactMap { output, result in
      guard let declared = output.shape, case .value(let id) = result.operand else { return nil }
      let shape = function[id].type.shape
      let fits =
        declared.count == shape.count
        && zip(declared, shape).allSatisfy { declared, extent in
          guard case .value(let value) = declared, let extent = extent.constant else { return true }
          return value == extent
        }
      return fits
        ? nil
        : "output \"\(output.name.printable)\" is \(function[id].type), not [\(declared.described)]"
    }
  }
}

extension ImportBuilder {
  /// A parameter in the type that the graph computes with.
  fileprivate func computed(_ value: ImportedValue, as name: String) throws -> ImportedValue {
    let (declared, element) = (value.type.element, value.type.element.graphType)
    guard element != declared else { return value }
    return try op(
      "cast", [value], ["to": .word(element.rawValue)], as: "\(name).\(element.rawValue)"
    ).declaring(declared)
  }

  /// An output in the type that the model says it has.
  fileprivate func converted(
    _ value: ImportedValue, to output: ONNXValueInfo
  ) throws -> ImportedValue {
    let found = value.type.element
    let element = output.type?.element ?? value.element
    guard element.graphType == found.computed else {
      throw ONNXError(
        "output \"\(output.name.printable)\" should be \(element.rawValue), but is \(found.rawValue)"
      )
    }
    guard element != found else { return value }
    // Nothing but f32, i64 and bool can be a constant.
    let operand = try operand(value, as: output.name)
    return try op(
      "cast", [ImportedValue(.operand(operand), value.type)], ["to": .word(element.rawValue)],
      as: output.name)
  }
}
