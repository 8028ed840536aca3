import Compiler
import IR
import Interchange
import Inputs
import Tensors

extension ImportedModel {
  /// A function of this model as an ONNX model, checked and ready to be written. Reads no weights.
  ///
  /// - Parameters:
  ///   - isOptimized: after the passes that change the graph, or as it was imported.
  ///   - dtype: how weights are stored: `auto` as they are in the model, `f32` widened, `bf16` rounded,
  ///     which the optimised stage alone does. int8 and int4 are refused.
  /// - Throws: `ModelError` when the function is not there or cannot be expressed so.
  public func export(
    function name: String, opset: Int = ONNXExport.defaultOpset, isOptimized: Bool = false,
    dtype: PassContext.DType = .auto
  ) throws -> ONNXExport {
    guard isOptimized || dtype == .auto || dtype == .f32 else {
      throw ModelError(
        path, "\(dtype.rawValue) rounds weights, which only the optimised stage does")
    }
    var module = module
    var context = PassContext()
    if isOptimized {
      // A plan would round f16 to bf16.
      (module, context) = try optimizedWithContext(dtype: dtype == .auto ? .f32 : dtype)
    }
    guard let function = module[function: name] else {
      throw ModelError(path, "it has no function '\(name.printable)'")
    }
    let stage = isOptimized ? "optimized" : "imported"
    var options = ONNXExport.Options()
    options.opset = opset
    options.storedElements = storedElements(dtype)
    options.doc = "@\(name) of \(module.name), stage \(stage)"
    options.producerVersion = version
    options.metadata = [("stage", stage)]
    let (source, made) = (source, context)
    do {
      return try ONNXExport(function, in: module, options: options) { tensor in
        try made.madeValue(of: tensor) { name in
          guard let data = try source(name) else { throw OpError("%\(name) has no value") }
          return data
        } ?? source(tensor.name)
      }
    } catch let error as ONNXError {
      throw ModelError(path, "\(error)")
    }
  }

  /// The weights of half precision, as they are or widened.
  private func storedElements(_ dtype: PassContext.DType) -> [String: ElementType] {
    guard dtype == .auto || dtype == .f32 else { return [:] }
    let weights = module.tensors.filter {
      $0.kind == .weight && $0.type.element.computed != $0.type.element
    }
    return Dictionary(
      weights.map { ($0.name, dtype == .f32 ? $0.type.element.computed : $0.type.element) },
      uniquingKeysWith: { first, _ in first })
  }
}
