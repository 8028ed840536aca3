import Compiler
import IR
import Interchange
import JSON
import Tensors

extension ImportedModel {
  /// A function of this model as an ONNX model, checked and ready to be written. Reads no weights.
  ///
  /// - Parameters:
  ///   - isOptimized: after the passes that change the graph, or as it was imported.
  ///   - dtype: how weights are stored: `auto` as the stage has them, `f32` widened; the others round
  ///     and are for the optimised stage only.
  /// - Throws: `ModelError` when the function is not there or cannot be expressed.
  public func export(
    function name: String, opset: Int = ONNXExport.defaultOpset, isOptimized: Bool = false,
    dtype: PassContext.DType = .auto
  ) throws -> ONNXExport {
    precondition(isOptimized || dtype == .auto || dtype == .f32, "nothing rounds imported weights")
    var module = module
    var constants: [String: HostTensor] = [:]
    if isOptimized { (module, constants) = try optimizedWithConstants(dtype: dtype) }
    guard let function = module[function: name] else {
      throw ModelError(path, "it has no function '\(name.printable)'")
    }
    let stage = isOptimized ? "optimized" : "imported"
    var options = ONNXExport.Options()
    options.opset = opset
    options.widensHalfPrecision = dtype == .f32
    options.doc = "@\(name) of \(module.name), stage \(stage)"
    options.producerVersion = version
    options.metadata = [("stage", stage)]
    let (source, folded) = (source, constants)
    do {
      return try ONNXExport(function, in: module, options: options) { tensor in
        try folded[tensor.name]?.stored ?? source(tensor.name)
      }
    } catch let error as ONNXError {
      throw ModelError(path, "\(error)")
    }
  }
}
