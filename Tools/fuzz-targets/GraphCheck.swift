import Compiler
import IR
import Tensors
import Validation

/// What the plan of a module computes, held against the interpreter, where both take little.
struct GraphCheck {
  let module: Module
  let context: PassContext
  let source: SeededValues.Source

  private static let operationLimit = 64
  private static let elementLimit = 1 << 12
  private static let workLimit = 1e6

  init(
    _ module: Module, context: PassContext = PassContext(),
    source: @escaping SeededValues.Source = { _ in nil }
  ) {
    self.module = module
    self.context = context
    self.source = source
  }

  /// Throws why the module cannot be compiled or executed.
  func run() throws {
    guard isSmall else { return }
    // Without symbols all sizes are the same.
    let sizes: [[String: Int]]? = module.symbols.isEmpty ? [[:]] : nil
    let reference = try? ReferenceCalls(module, at: sizes, source: source)
    let calls =
      try reference ?? ReferenceCalls(module, at: sizes, source: source, evaluates: false)
    let isComparable = try reference?.isWellConditioned() ?? false
    for var setup in [PlanSetup.unoptimised, .optimised] {
      setup.threads = 1
      setup.context = context
      // Weights of f16 would be rounded to bf16.
      if module.tensors.contains(where: { $0.type.element == .f16 }) { setup.context.dtype = .f32 }
      let check = PlanDifferential(reference: calls, setup: setup)
      let difference = isComparable ? try check.firstDifference(tolerance: 1e-4) : nil
      if !isComparable { _ = try check.results() }
      require(
        difference == nil, "plan and interpreter agree: \(difference ?? "") in\n\(module)")
    }
  }

  private var isSmall: Bool {
    func count(_ type: TensorType) -> Int {
      (try? type.shape.elementCount().evaluate(module.bounds)) ?? Int.max
    }
    let values = module.functions.flatMap { function in
      function.operations.flatMap { $0.results.map { function[$0].type } }
        + function.parameters.map { function[$0].type }
    }
    return module.functions.allSatisfy {
      $0.operations.count <= Self.operationLimit
        && $0.multiplyAdds(in: module, at: module.bounds) <= Self.workLimit
    } && (values + module.tensors.map(\.type)).allSatisfy { count($0) <= Self.elementLimit }
  }
}
