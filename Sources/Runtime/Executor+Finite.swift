import Inputs
import Plans
import Tensors

extension Executor {
  /// Throws `ExecutionError.notFinite` when an input has NaN or +∞. -∞ is what masks consist of.
  func checkInput(_ name: String, _ value: TensorData) throws {
    let count = value.notFiniteCount
    guard count > 0 else { return }
    throw ExecutionError.notFinite(
      "input \(name.printable) has numbers that are not finite: \(count) of \(value.elementCount)")
  }

  /// Throws `ExecutionError.notFinite` when the step that ran last has NaN or +∞ in its result.
  func checkResult(ofStep index: Int, _ view: BufferView, of function: Int) throws {
    guard view.element.isFloatingPoint else { return }
    let values = view.tensorData.floats()
    let (nan, infinite) = (values.count(where: \.isNaN), values.count { $0 == .infinity })
    guard nan + infinite > 0 else { return }
    let planned = file.plan.functions[function]
    let step = planned.steps[index]
    let found = [(nan, "NaN"), (infinite, "infinite")].filter { $0.0 > 0 }
      .map { "\($0.0) \($0.1)" }.joined(separator: " and ")
    throw ExecutionError.notFinite(
      "@\(planned.name.printable): the first result with numbers that are not finite is "
        + "%\(step.name.printable), computed by \(step.kernel): \(found) of \(values.count)"
        + (try weights(of: step)))
  }

  /// Which weights of a step have such numbers themselves. Panels of int8 and int4 are refused when they
  /// are made.
  private func weights(of step: PlanStep) throws -> String {
    var guilty: [String] = []
    for case .tensor(let index)? in step.operands.map({ $0?.region }) {
      let name = file.plan.tensors[index].name
      guard let count = try file.tensor(named: name)?.notFiniteCount, count > 0 else { continue }
      guilty.append("%\(name.printable) (\(count))")
    }
    return guilty.isEmpty ? "" : "; so have its weights \(guilty.joined(separator: ", "))"
  }
}
