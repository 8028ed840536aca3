import Inputs
import JSON
import Tensors

extension Plan {
  /// A listing for people: memory, tensors and every step with the places it reads and writes.
  ///
  /// - Parameter name: lists only this function.
  public func text(function name: String? = nil) -> String {
    var lines = ["plan @\(self.name.printable)"]
    lines.append("  arena \(arenaBytes) bytes, lower bound \(arenaLowerBound)")
    lines += symbols.map { "  symbol \($0.name.printable) <= \($0.bound)" }
    lines += tensors.map {
      "  tensor %\($0.name.printable) : \($0.element.rawValue)\($0.shape)"
        + ($0.packing.map { " in \($0.rawValue)" } ?? "")
    }
    lines += states.map {
      "  state %\($0.name.printable) : \($0.element.rawValue)\($0.shape) at \($0.offset)"
    }
    for function in functions where name == nil || function.name == name {
      lines.append("")
      lines += text(of: function)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func text(of function: PlanFunction) -> [String] {
    var lines = ["  func @\(function.name.printable)"]
    lines += function.inputs.map { "    input %\($0.name.printable) = \(text(of: $0.view))" }
    let width = String(function.steps.count).count
    for (index, step) in function.steps.enumerated() {
      let number = String(index)
      let operands = step.operands.map { $0.map(text) ?? "none" }.joined(separator: ", ")
      let attributes = step.attributes.map { "\($0.key) = \($0.value.encoded())".printable }
      let suffix = attributes.isEmpty ? "" : " {\(attributes.joined(separator: ", "))}"
      lines.append(
        "    \(String(repeating: " ", count: width - number.count))\(number)  "
          + "%\(step.name.printable) = \(step.kernel.printable)(\(operands))\(suffix) -> \(text(of: step.result))"
      )
    }
    return lines + function.outputs.map { "    output \($0.name.printable) = \(text(of: $0.view))" }
  }

  /// `arena+1024:f32[1xTx64]`; strides follow where the view is not row-major.
  private func text(of view: PlanView) -> String {
    let place =
      switch view.region {
      case .arena(let offset): "arena+\(offset)"
      case .tensor(let index): "%\(tensors[index].name.printable)"
      case .state(let index): "%\(states[index].name.printable)"
      }
    let start = view.start == 0 ? "" : "[\(view.start)...]".printable
    let shape = view.shape.map { "\($0)".printable }.joined(separator: "x")
    let isRowMajor = (try? view.shape.rowMajorStrides()) == view.strides
    let strides = isRowMajor ? "" : " strides \(view.strides)".printable
    return "\(place)\(start):\(view.element.rawValue)[\(shape)]\(strides)"
  }
}
