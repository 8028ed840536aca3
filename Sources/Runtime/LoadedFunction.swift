import Plans
import Tensors

/// A function of a plan with its kernels resolved and its views laid over real memory.
///
/// Symbolic views are evaluated again whenever a symbol changes; nothing else happens between calls.
final class LoadedFunction {
  struct Step {
    let name: String
    let kernelName: String
    let kernel: BoundKernel
    let firstView: Int
    let operandCount: Int
  }

  /// One view whose sizes follow from symbols.
  private struct SymbolicView {
    let index: Int
    let shape: [CompiledDim]
    let strides: [CompiledDim]
    let start: CompiledDim
    let region: UnsafeMutableRawBufferPointer
  }

  let name: String
  let steps: [Step]
  let inputs: [(name: String, view: Int)]
  let outputs: [(name: String, view: Int)]
  let scratch: ScratchRequirement
  let views: UnsafeMutablePointer<BufferView?>
  private let viewCount: Int
  private let symbolic: [SymbolicView]

  init(_ function: PlanFunction, of plan: Plan, in memory: PlanMemory) throws {
    name = function.name
    var table = ViewTable(plan: plan, memory: memory)
    var steps: [Step] = []
    for step in function.steps {
      let place = "@\(function.name), step \(step.name)"
      let kernel: BoundKernel
      do {
        kernel = try KernelRegistry.bind(StepSite(step: step, symbols: table.symbols))
      } catch let error as PlanError {
        throw PlanError("\(place) (\(step.kernel)): \(error)")
      }
      let first = table.planned.count
      for operand in step.operands { table.append(operand) }
      table.append(step.result)
      steps.append(
        Step(
          name: step.name, kernelName: step.kernel, kernel: kernel, firstView: first,
          operandCount: step.operands.count))
    }
    inputs = function.inputs.map { ($0.name, table.append($0.view)) }
    outputs = function.outputs.map { ($0.name, table.append($0.view)) }
    self.steps = steps
    viewCount = table.planned.count
    views = UnsafeMutablePointer<BufferView?>.allocate(capacity: max(viewCount, 1))
    views.initialize(repeating: nil, count: viewCount)
    var symbolic: [SymbolicView] = []
    for (index, view) in table.planned.enumerated() {
      guard let view else { continue }
      let compiled = SymbolicView(
        index: index, shape: try view.shape.map(table.compile),
        strides: try view.strides.map(table.compile), start: try table.compile(view.start),
        region: memory.region(of: view))
      views[index] = BufferView(
        base: compiled.region.baseAddress ?? memory.empty, element: view.element,
        shape: InlineShape(view.shape.map { $0.constant ?? 0 }),
        strides: InlineShape(view.strides.map { $0.constant ?? 0 }))
      if table.isSymbolic(view) {
        symbolic.append(compiled)
      } else if let start = view.start.constant {
        views[index]?.base += start * view.element.byteCount
      }
    }
    self.symbolic = symbolic
    scratch = try Self.scratch(steps, views, symbolic, plan)
  }

  deinit { views.deallocate() }

  /// Lays all symbolic views out for these symbol values. Returns false when one would leave its
  /// region, which a sound plan never does within the symbols' bounds.
  func resize(_ symbols: UnsafePointer<Int>) -> Bool {
    for view in symbolic where !Self.resize(view, views, symbols) { return false }
    return true
  }

  private static func resize(
    _ view: SymbolicView, _ views: UnsafeMutablePointer<BufferView?>, _ symbols: UnsafePointer<Int>
  ) -> Bool {
    guard var resolved = views[view.index] else { return true }
    let start = view.start.evaluate(symbols)
    var (low, high) = (start, start)
    var isEmpty = false
    for axis in view.shape.indices {
      let extent = view.shape[axis].evaluate(symbols)
      let step = view.strides[axis].evaluate(symbols)
      guard extent >= 0, extent <= Dim.limit, step.magnitude <= Dim.limit else { return false }
      resolved.shape[axis] = extent
      resolved.strides[axis] = step
      if extent == 0 { isEmpty = true }
      let (reach, overflow) = (extent - 1).multipliedReportingOverflow(by: step)
      guard !overflow, reach.magnitude <= Dim.limit else { return false }
      if reach < 0 { low += reach } else { high += reach }
    }
    let size = resolved.element.byteCount
    guard isEmpty || (low >= 0 && high < view.region.count / size) else { return false }
    if let base = view.region.baseAddress, !isEmpty { resolved.base = base + start * size }
    views[view.index] = resolved
    return true
  }

  /// What the kernels need at most, over small and large sizes of the symbols.
  private static func scratch(
    _ steps: [Step], _ views: UnsafeMutablePointer<BufferView?>, _ symbolic: [SymbolicView],
    _ plan: Plan
  ) throws -> ScratchRequirement {
    var total = ScratchRequirement.none
    for limit in [1, 8, 16, 64, Int.max] {
      let sizes = plan.symbols.map { min($0.bound, limit) } + [0]
      try sizes.withUnsafeBufferPointer { buffer in
        guard let symbols = buffer.baseAddress else { return }
        for view in symbolic where !resize(view, views, symbols) {
          throw PlanError("a view of it leaves its memory")
        }
        for step in steps {
          let stepViews = StepViews(
            base: views + step.firstView, operandCount: step.operandCount, symbols: symbols)
          total = total.union(step.kernel.scratch(stepViews))
        }
      }
    }
    return total
  }
}

/// Collects the views of a function as it is loaded.
private struct ViewTable {
  let plan: Plan
  let memory: PlanMemory
  let symbols: [String: Int]
  var planned: [PlanView?] = []

  init(plan: Plan, memory: PlanMemory) {
    self.plan = plan
    self.memory = memory
    symbols = Dictionary(
      plan.symbols.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  @discardableResult
  mutating func append(_ view: PlanView?) -> Int {
    planned.append(view)
    return planned.count - 1
  }

  func compile(_ dim: Dim) throws -> CompiledDim { try CompiledDim(dim, symbols: symbols) }

  func isSymbolic(_ view: PlanView) -> Bool {
    (view.shape + view.strides + [view.start]).contains { $0.constant == nil }
  }
}
