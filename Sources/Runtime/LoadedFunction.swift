import Plans
import Tensors

/// A function of a plan with its kernels resolved and its views laid over real memory.
///
/// Symbolic views are evaluated again whenever a symbol changes; nothing else happens between calls.
final class LoadedFunction {
  struct Step {
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

    /// Positions of the symbols that occur.
    var symbols: Set<Int> {
      (shape + strides + [start]).reduce(into: []) { $0.formUnion($1.symbols) }
    }
  }

  let name: String
  let steps: [Step]
  /// Positions in `views`.
  let inputs: [Int]
  let outputs: [Int]
  let views: UnsafeMutablePointer<BufferView?>
  private let viewCount: Int
  /// The views to evaluate again when a symbol changes, by the symbol's position.
  private let symbolic: [[SymbolicView]]

  /// Binds kernels and views; every symbolic view must then be laid out by `resize`.
  ///
  /// - Throws: `PlanError` naming the step whose kernel is unknown or does not take its operands.
  init(_ function: PlanFunction, of plan: Plan, in memory: PlanMemory) throws {
    name = function.name
    var table = ViewTable(plan: plan)
    var steps: [Step] = []
    let binder = StepBinder(function, of: plan, table.symbols)
    for step in function.steps {
      let kernel = try binder.bind(step)
      let first = table.planned.count
      for operand in step.operands { table.append(operand) }
      table.append(step.result)
      steps.append(Step(kernel: kernel, firstView: first, operandCount: step.operands.count))
    }
    self.steps = steps
    try binder.checkMeasuredSymbols(steps.map(\.kernel.measuredSymbol))
    inputs = function.inputs.map { table.append($0.view) }
    outputs = function.outputs.map { table.append($0.view) }
    viewCount = table.planned.count
    views = UnsafeMutablePointer<BufferView?>.allocate(capacity: max(viewCount, 1))
    views.initialize(repeating: nil, count: viewCount)
    var symbolic = [[SymbolicView]](repeating: [], count: plan.symbols.count)
    for (index, view) in table.planned.enumerated() {
      guard let view else { continue }
      let region = memory.region(of: view)
      var resolved = BufferView(
        base: region.baseAddress ?? memory.empty, element: view.element,
        shape: InlineShape(view.shape.map { $0.constant ?? 0 }),
        strides: InlineShape(view.strides.map { $0.constant ?? 0 }))
      if let start = view.start.constant, !view.shape.contains(0) {
        resolved.base += start * view.element.byteCount
      }
      views[index] = resolved
      let compiled = SymbolicView(
        index: index, shape: try view.shape.map(table.compile),
        strides: try view.strides.map(table.compile), start: try table.compile(view.start),
        region: region)
      for symbol in compiled.symbols { symbolic[symbol].append(compiled) }
    }
    self.symbolic = symbolic
  }

  deinit { views.deallocate() }

  /// Lays out the views whose sizes follow from a symbol, at these values of all symbols. Returns
  /// false when one would leave its region.
  func resize(_ symbol: Int, _ values: UnsafePointer<Int>) -> Bool {
    for index in symbolic[symbol].indices where !layOut(symbolic[symbol][index], values) {
      return false
    }
    return true
  }

  private func layOut(_ view: SymbolicView, _ values: UnsafePointer<Int>) -> Bool {
    guard var resolved = views[view.index] else { return true }
    let start = view.start.evaluate(values)
    var (low, high) = (start, start)
    var isEmpty = false
    for axis in view.shape.indices {
      let extent = view.shape[axis].evaluate(values)
      let step = view.strides[axis].evaluate(values)
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

  /// The memory that the kernels need at most beside their operands, whatever the symbols are.
  /// Leaves the symbolic views with their largest extents, so `resize` must follow.
  func scratch(_ bounds: UnsafePointer<Int>) -> ScratchRequirement {
    for view in symbolic.joined() {
      for axis in view.shape.indices {
        views[view.index]?.shape[axis] = max(view.shape[axis].largest(bounds), 0)
      }
    }
    return steps.reduce(.none) { total, step in
      total.union(step.kernel.scratch(stepViews(step, bounds)))
    }
  }

  func stepViews(_ step: Step, _ symbols: UnsafePointer<Int>) -> StepViews {
    StepViews(base: views + step.firstView, operandCount: step.operandCount, symbols: symbols)
  }
}

/// Collects the views of a function as it is loaded.
private struct ViewTable {
  let symbols: [String: Int]
  private(set) var planned: [PlanView?] = []

  init(plan: Plan) {
    symbols = Dictionary(
      plan.symbols.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  @discardableResult
  mutating func append(_ view: PlanView?) -> Int {
    planned.append(view)
    return planned.count - 1
  }

  func compile(_ dim: Dim) throws -> CompiledDim { try CompiledDim(dim, symbols: symbols) }
}
