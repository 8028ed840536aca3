import Inputs
import Plans
import Tensors

/// Finds the kernels of a function's steps and checks what the plan's verifier, which knows no kernels,
/// leaves open.
struct StepBinder {
  private let function: PlanFunction
  /// Positions of the plan's symbols by name, and the largest value of each.
  private let symbols: [String: Int]
  private let bounds: [String: Int]
  private let packings: [WeightPacking?]

  init(_ function: PlanFunction, of plan: Plan, _ symbols: [String: Int]) {
    self.function = function
    self.symbols = symbols
    bounds = Dictionary(
      plan.symbols.map { ($0.name, $0.bound) }, uniquingKeysWith: { first, _ in first })
    packings = plan.tensors.map(\.packing)
  }

  /// Throws `PlanError` naming the step whose kernel is unknown, does not take its operands, or would
  /// write over one that it still reads.
  func bind(_ step: PlanStep) throws -> BoundKernel {
    let site = StepSite(step: step, symbols: symbols, bounds: bounds, packings: packings)
    do {
      let kernel = try KernelRegistry.bind(site)
      for index in step.operands.indices { try checkSharing(step, index) }
      return kernel
    } catch {
      throw failure(step, "\(error)")
    }
  }

  private func checkSharing(_ step: PlanStep, _ index: Int) throws {
    let isAllowed =
      switch try step.sharing(ofOperand: index, bounds) {
      case .apart: true
      case .inPlace:
        KernelSharing.inPlace[step.kernel]?.contains(index) == true
          || KernelSharing.sameState[step.kernel]?.contains(index) == true
      case .sameState: KernelSharing.sameState[step.kernel]?.contains(index) == true
      }
    guard isAllowed else { throw PlanError("the result lies on operand \(index)") }
  }

  /// Throws where a symbol that a step measures has been a size before: what was written then would be
  /// read at another size. `measured` is the symbol of each step.
  func checkMeasuredSymbols(_ measured: [Int?]) throws {
    guard measured.contains(where: { $0 != nil }) else { return }
    var used = positions(of: function.inputs.map(\.view))
    for (step, symbol) in zip(function.steps, measured) {
      used.formUnion(positions(of: step.operands.compactMap { $0 }))
      if let symbol, used.contains(symbol) {
        throw failure(step, "the size that it measures is one of earlier values")
      }
      used.formUnion(positions(of: [step.result]))
    }
  }

  private func positions(of views: [PlanView]) -> Set<Int> {
    views.reduce(into: []) { positions, view in
      for dim in view.shape + view.strides + [view.start] {
        positions.formUnion(dim.symbols.compactMap { symbols[$0] })
      }
    }
  }

  private func failure(_ step: PlanStep, _ problem: String) -> PlanError {
    PlanError(
      "@\(function.name.printable), step \(step.name.printable) (\(step.kernel.printable)): \(problem)"
    )
  }
}
