import Glibc
import Inputs
import Plans
import Tensors

extension Executor {
  /// Runs a function once on whole tensors. Symbols take the sizes that the inputs have; one that is no
  /// input's extent by itself keeps the value it was set to.
  ///
  /// Floating-point inputs are rounded to f32 where the function takes f32, integers widened to i64.
  ///
  /// - Throws: `ExecutionError` naming the input that is missing, unknown or does not fit, or an output
  ///   that is larger than memory.
  public func run(
    _ function: Int, inputs: [(name: String, data: TensorData)]
  ) throws -> [(name: String, data: TensorData)] {
    try setInputs(inputs, of: function)
    try run(function)
    // Views do not keep the memory that they show.
    return try withExtendedLifetime(self) {
      let ports = file.plan.functions[function].outputs
      return try ports.indices.compactMap { index in
        try output(index, of: function).map { (ports[index].name, try copy($0, ports[index].name)) }
      }
    }
  }

  /// A row-major copy of a view. One of few bytes may repeat them more often than memory has room for.
  func copy(_ view: BufferView, _ name: String) throws -> TensorData {
    let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    // The plan's verifier has bounded the product.
    let bytes = view.count * view.element.byteCount
    guard bytes <= memory else { throw ExecutionError.outputTooLarge(name, bytes: bytes) }
    return view.tensorData
  }

  /// Sets the symbols to the sizes that the inputs have and writes the inputs, for one run.
  ///
  /// - Throws: as `run` does.
  public func setInputs(
    _ inputs: [(name: String, data: TensorData)], of function: Int
  ) throws {
    let planned = file.plan.functions[function]
    for input in inputs where !planned.inputs.contains(where: { $0.name == input.name }) {
      throw ExecutionError.unknownInput(input.name, known: planned.inputs.map(\.name))
    }
    let values = try planned.inputs.map { port in
      guard let input = inputs.first(where: { $0.name == port.name }) else {
        throw ExecutionError.missingInput(port.name)
      }
      return input.data
    }
    if checksFinite {
      for (port, value) in zip(planned.inputs, values) { try checkInput(port.name, value) }
    }
    try setSymbols(planned, values)
    for (index, value) in values.enumerated() { try fill(index, of: function, with: value) }
  }

  private func setSymbols(_ function: PlanFunction, _ values: [TensorData]) throws {
    var sizes: [String: Int] = [:]
    for (port, value) in zip(function.inputs, values)
    where port.view.shape.count == value.shape.count {
      for (dim, extent) in zip(port.view.shape, value.shape) {
        if let symbol = dim.soleSymbol, sizes[symbol] == nil { sizes[symbol] = extent }
      }
    }
    let present = self.sizes.merging(sizes) { $1 }
    for (port, value) in zip(function.inputs, values) {
      guard (try? port.view.shape.evaluate(present)) == value.shape else {
        throw ExecutionError.wrongShape(
          input: port.name, expected: "\(port.view.shape)", found: "\(value.shape)")
      }
    }
    try setSymbols(sizes.compactMap { name, size in symbol(named: name).map { ($0, size) } })
  }

  private func fill(_ port: Int, of function: Int, with value: TensorData) throws {
    guard let view = input(port, of: function) else { return }
    let name = file.plan.functions[function].inputs[port].name
    func mismatch() -> ExecutionError {
      .wrongType(input: name, expected: view.element.rawValue, found: value.elementType.rawValue)
    }
    let fits: Bool
    switch view.element {
    case .f32:
      guard value.elementType.isFloatingPoint else { throw mismatch() }
      fits = view.write(value.floats())
    case .i64:
      guard let integers = value.integers() else { throw mismatch() }
      fits = view.write(integers)
    default:
      guard let value = value.fitted(to: view.element) else { throw mismatch() }
      fits = value.withUnsafeBytes { view.write($0) }
    }
    guard fits else {
      throw ExecutionError.wrongPort(
        "input \(name.printable)", found: "\(view.count)",
        expected: "\(value.elementCount) elements")
    }
  }
}

extension Dim {
  /// The name when this dimension is one symbol and nothing else.
  fileprivate var soleSymbol: String? {
    guard products.count == 1, products[0].coefficient == 1, products[0].symbols.count == 1 else {
      return nil
    }
    return products[0].symbols[0]
  }
}

extension TensorData {
  /// The values in an element type that files cannot hold, or that rounds them; nil for values of
  /// another kind or beyond the type.
  fileprivate func fitted(to type: ElementType) -> TensorData? {
    if elementType == type { return self }
    if type.isFloatingPoint, elementType.isFloatingPoint { return converted(to: type) }
    guard type.byteCount == 1, let range = type.integerRange, let integers = integers(),
      integers.allSatisfy(range.contains)
    else { return nil }
    let bytes = integers.map { UInt8(truncatingIfNeeded: $0) }
    return try? TensorData(type, shape: shape, bytes: bytes)
  }
}
