import Inputs
import Tensors

extension PlanInterface {
  /// Where a plan has what an interface declares.
  public struct Match: Sendable {
    /// Positions in the plan, in the order of the declarations.
    private let symbols: [Int]
    private let functions: [Int]
    /// Positions among the ports of their functions.
    private let inputs: [Int]
    private let outputs: [Int]
    private let sizes: [Int]

    fileprivate init(_ interface: PlanInterface, _ plan: Plan) throws {
      var matching = Matching(plan: plan, sizes: interface.sizes)
      symbols = try interface.symbols.map { try matching.position(of: $0) }
      let functions = try interface.functions.map { function in
        guard let index = plan.functionIndex(function.name) else {
          throw PlanError("it has no function @\(function.name)")
        }
        return index
      }
      self.functions = functions
      inputs = try matching.positions(of: interface.inputs, "input") { function in
        plan.functions[functions[function.index]].inputs
      }
      outputs = try matching.positions(of: interface.outputs, "output") { function in
        plan.functions[functions[function.index]].outputs
      }
      for function in interface.functions {
        let planned = plan.functions[functions[function.index]]
        try Self.requireCount(interface.inputs, planned.inputs, function, "inputs")
        try Self.requireCount(interface.outputs, planned.outputs, function, "outputs")
      }
      sizes = interface.sizes.map { matching.value(of: $0) }
    }

    private static func requireCount(
      _ declared: [Port], _ found: [PlanPort], _ function: Function, _ what: String
    ) throws {
      let names = declared.filter { $0.function == function }.map(\.name)
      guard found.count == names.count else {
        throw PlanError(
          "@\(function.name) has \(found.count) \(what), expected \(names.joined(separator: ", "))")
      }
    }

    public subscript(symbol: Symbol) -> Int { symbols[symbol.index] }
    public subscript(function: Function) -> Int { functions[function.index] }
    public subscript<Element>(port: InputPort<Element>) -> Int { inputs[port.index] }
    public subscript<Element>(port: OutputPort<Element>) -> Int { outputs[port.index] }
    /// The value that the plan has chosen.
    public subscript(size: Size) -> Int { sizes[size.index] }
  }

  /// Checks that a plan has every function with exactly the declared ports, and that its symbols reach
  /// as far as the caller goes.
  ///
  /// - Throws: `PlanError` for the first declaration that does not hold.
  public func match(_ plan: Plan) throws -> Match { try Match(self, plan) }
}

/// Collects the values of sizes while ports are compared with their declarations.
private struct Matching {
  let plan: Plan
  let sizes: [PlanInterface.Size]
  /// By the size's position: its value, and the port that gave it.
  private var found: [(value: Int, place: String)?]

  init(plan: Plan, sizes: [PlanInterface.Size]) {
    self.plan = plan
    self.sizes = sizes
    found = sizes.map { _ in nil }
  }

  func position(of symbol: PlanInterface.Symbol) throws -> Int {
    guard let index = plan.symbols.firstIndex(where: { $0.name == symbol.name }) else {
      throw PlanError("it has no symbol \(symbol.name)")
    }
    let bound = plan.symbols[index].bound
    guard bound >= symbol.largest else {
      throw PlanError("symbol \(symbol.name) ends at \(bound), expected \(symbol.largest) or more")
    }
    return index
  }

  mutating func positions(
    of ports: [PlanInterface.Port], _ what: String,
    in planned: (PlanInterface.Function) -> [PlanPort]
  ) throws -> [Int] {
    try ports.map { port in
      let candidates = planned(port.function)
      guard let index = candidates.firstIndex(where: { $0.name == port.name }) else {
        throw PlanError("@\(port.function.name) has no \(what) \(port.name)")
      }
      try match(candidates[index].view, port, "@\(port.function.name), \(what) \(port.name)")
      return index
    }
  }

  private mutating func match(
    _ view: PlanView, _ port: PlanInterface.Port, _ place: String
  ) throws {
    guard view.element == port.element, view.shape.count == port.shape.count else {
      throw mismatch(view, port, place)
    }
    for (dim, expected) in zip(view.shape, port.shape) {
      guard let index = sizes.firstIndex(where: { $0.dim == expected }) else {
        guard dim == expected else { throw mismatch(view, port, place) }
        continue
      }
      guard let value = dim.constant else { throw mismatch(view, port, place) }
      try record(value, index, place)
    }
    guard try view.isDense else {
      throw PlanError("\(place) is not dense: its strides are \("\(view.strides)".printable)")
    }
  }

  private mutating func record(_ value: Int, _ index: Int, _ place: String) throws {
    let size = sizes[index]
    guard size.range.contains(value) else {
      throw PlanError(
        "\(place): \(size.name) is \(value), expected \(size.range.lowerBound) to "
          + "\(size.range.upperBound)")
    }
    if let known = found[index], known.value != value {
      throw PlanError("\(place): \(size.name) is \(value), but \(known.value) in \(known.place)")
    }
    found[index] = found[index] ?? (value, place)
  }

  private func mismatch(
    _ view: PlanView, _ port: PlanInterface.Port, _ place: String
  ) -> PlanError {
    PlanError(
      "\(place) is \(view.element)\("\(view.shape)".printable), expected "
        + "\(port.element)\(port.shape)")
  }

  func value(of size: PlanInterface.Size) -> Int {
    guard let known = found[size.index] else {
      preconditionFailure("the size \(size.name) occurs in no port")
    }
    return known.value
  }
}
