import Compiler
import IR
import Inputs
import Interchange
import Plans
import Tensors

extension ImportedModel {
  /// Runs the passes for a storage type. Throws `ModelError` when the graph cannot be compiled.
  public func compile(
    dtype: PassContext.DType = .auto, manager: PassManager = PassManager()
  ) throws -> Compilation {
    try naming {
      try Compilation(module, context: context(dtype), manager: manager, sections: sections)
    }
  }

  /// The graph after some passes, by default those that work on it alone: stage `optimized`. Throws
  /// `ModelError`.
  public func optimized(
    dtype: PassContext.DType = .auto,
    manager: PassManager = PassManager(passes: PassManager.optimizing)
  ) throws -> Module {
    try optimizedWithContext(dtype: dtype, manager: manager).module
  }

  /// The same, and what passes know of the tensors that they made.
  func optimizedWithContext(
    dtype: PassContext.DType, manager: PassManager = PassManager(passes: PassManager.optimizing)
  ) throws -> (module: Module, context: PassContext) {
    var module = module
    var context = context(dtype)
    try naming { try manager.run(&module, context: &context) }
    return (module, context)
  }

  /// What passes need to know beside the graph.
  public func context(_ dtype: PassContext.DType) -> PassContext {
    var context = PassContext()
    context.dtype = dtype
    let source = source
    context.bufferSource = { tensor in
      try source(tensor.name).map {
        let value = HostTensor($0)
        return HostTensor(tensor.type.element, value.shape, value.values)
      }
    }
    return context
  }

  /// Writes the plan of a compilation of this model.
  ///
  /// - Returns: of each weight that has numbers that are not finite, how many. int8 and int4 have no such
  ///   numbers: for a plan with these, it is a `ModelError`.
  @discardableResult
  public func write(
    _ compilation: Compilation, to path: String,
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws -> [NotFiniteWeight] {
    var found: [NotFiniteWeight] = []
    let rounds = compilation.module.tensors.contains { $0.packing?.rounds == true }
    try naming {
      try compilation.write(
        to: path, extras: extras,
        source: { name in
          let value = try source(name)
          if let count = value?.notFiniteCount, count > 0 {
            guard !rounds else {
              throw ModelError(
                self.path,
                "weight \(name.printable) has NaN or infinite numbers (\(count)), which int8 and "
                  + "int4 cannot hold; give --dtype bf16 or f32")
            }
            found.append(NotFiniteWeight(name: name, count: count))
          }
          return value
        }, progress: progress)
    }
    return found
  }

  /// Puts this model's path to errors about its graph and its values. Errors about files name their
  /// own.
  @discardableResult
  private func naming<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch {
      switch error {
      case is PassError, is OpError, is PlanError, is SafetensorsLayoutError:
        throw ModelError(path, "\(error)")
      default: throw error
      }
    }
  }
}

/// Compiles a model to a plan file: what `paligraph compile` does.
///
/// - Parameters:
///   - model: a Hugging Face directory, an `.onnx` model or a `.pg` graph.
///   - maxTokens: the longest sequence; nil for image tokens + 512.
///   - sizes: what is said about sizes that an ONNX model leaves open.
/// - Throws: an error whose description is one line that names the file.
@discardableResult
public func compile(
  _ model: String, to plan: String, dtype: PassContext.DType = .auto, maxTokens: Int? = nil,
  sizes: InputSizes = InputSizes()
) throws -> Plan {
  let imported = try ModelSource(path: model).load(maxTokens: maxTokens, sizes: sizes)
  let compilation = try imported.compile(dtype: dtype)
  try imported.write(compilation, to: plan)
  return compilation.plan
}
