import Inputs
import Plans
import Tensors

/// Inputs and outputs of single calls. A port is reached through its extents and strides, so that no
/// plan can make these methods touch other memory.
extension Executor {
  /// Writes an input at the present values of the symbols. Running the function overwrites it.
  ///
  /// - Parameter values: all elements in row-major order.
  /// - Throws: `ExecutionError` when their type or number is another.
  public func write<Element: TensorElement>(
    _ values: [Element], to port: Int, of function: Int
  ) throws {
    let view = input(port, of: function)
    guard let view, view.write(values) else {
      throw ExecutionError.wrongPort(
        name(file.plan.functions[function].inputs[port], "input", function),
        found: Self.text(view), expected: "\(values.count) of \(Element.elementType)")
    }
  }

  /// Lends the elements of an output, in row-major order, as the last call left them: where they lie if
  /// they are dense, else a copy.
  ///
  /// - Throws: `ExecutionError` when they are of another type, or the copy is larger than memory; what
  ///   `body` throws.
  public func withElements<Element: TensorElement, Result>(
    of port: Int, of function: Int, as type: Element.Type,
    _ body: (Span<Element>) throws -> Result
  ) throws -> Result {
    let view = output(port, of: function)
    let planned = file.plan.functions[function].outputs[port]
    guard let view, view.element == Element.elementType else {
      throw ExecutionError.wrongPort(
        name(planned, "output", function), found: Self.text(view),
        expected: "\(Element.elementType)")
    }
    // Views do not keep the memory that they show.
    return try withExtendedLifetime(self) {
      if let elements = view.denseElements(of: type) {
        return try body(Span(_unsafeElements: elements))
      }
      return try copy(view, planned.name).withUnsafeBytes { bytes in
        try body(Span(_unsafeElements: bytes.bindMemory(to: Element.self)))
      }
    }
  }

  private func name(_ port: PlanPort, _ what: String, _ function: Int) -> String {
    "@\(file.plan.functions[function].name.printable), \(what) \(port.name.printable)"
  }

  private static func text(_ view: BufferView?) -> String {
    view.map { "\($0.count) of \($0.element)" } ?? "nothing"
  }
}
