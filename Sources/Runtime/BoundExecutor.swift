import Plans
import Tensors

/// An executor whose plan matches an interface, used through the interface's handles.
///
/// One call: set its symbols, write its inputs, run it, read its outputs.
package struct BoundExecutor {
  package let executor: Executor
  private let match: PlanInterface.Match

  /// - Throws: `PlanError` when the plan is another than the interface says.
  package init(_ executor: Executor, _ interface: PlanInterface) throws {
    match = try interface.match(executor.file.plan)
    self.executor = executor
  }

  /// The constant that the plan has for a size.
  package subscript(size: PlanInterface.Size) -> Int { match[size] }

  /// The largest value that the plan allows for a symbol.
  package func bound(of symbol: PlanInterface.Symbol) -> Int {
    executor.file.plan.symbols[match[symbol]].bound
  }

  /// Sets a symbol for the calls that follow, before their inputs are written.
  package func set(_ symbol: PlanInterface.Symbol, to value: Int) throws {
    try executor.setSymbol(match[symbol], to: value)
  }

  /// Writes all elements of an input, in row-major order.
  ///
  /// - Throws: `ExecutionError` when the input has another number of elements.
  package func write<Element>(
    _ values: [Element], to port: PlanInterface.InputPort<Element>
  ) throws {
    try executor.write(values, to: match[port], of: match[port.function])
  }

  /// - Throws: `ExecutionError` for an input such as an id beyond its table.
  package func run(_ function: PlanInterface.Function) throws {
    try executor.run(match[function])
  }

  /// Lends the elements of an output, in row-major order, as the last call left them.
  package func withElements<Element, Result>(
    of port: PlanInterface.OutputPort<Element>, _ body: (Span<Element>) throws -> Result
  ) throws -> Result {
    try executor.withElements(
      of: match[port], of: match[port.function], as: Element.self, body)
  }

  /// A copy of an output's elements, in row-major order.
  package func elements<Element>(of port: PlanInterface.OutputPort<Element>) throws -> [Element] {
    try withElements(of: port) { span in
      Array(unsafeUninitializedCapacity: span.count) { buffer, count in
        for index in span.indices { buffer.initializeElement(at: index, to: span[index]) }
        count = span.count
      }
    }
  }
}
