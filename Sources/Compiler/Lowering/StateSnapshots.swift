import IR

/// Keeps what a function has read from a state where the state changes before it is used.
///
/// The result of `cache_append` and every view of a state lie in the memory of the state itself. By
/// the meaning of the graph they are values, though, which a later `cache_append` does not change.
struct StateSnapshots {
  /// Which state a value lies in, and after which operation it shows it.
  private struct Reading {
    let state: TensorID
    let operation: Int
  }

  private var function: Function
  private let module: Module
  /// Indices of the operations that write to each state, in order.
  private var writes: [TensorID: [Int]] = [:]
  private var readings: [ValueID: Reading] = [:]
  private var copies: [ValueID: ValueID] = [:]
  private var names: UniqueNames

  /// Inserts `contiguous` behind each value that is read after its state has changed, and makes those
  /// readers read the copy.
  static func insert(into function: inout Function, of module: Module) throws {
    var snapshots = StateSnapshots(function, module)
    guard !snapshots.writes.isEmpty else { return }
    for index in function.operations.indices { try snapshots.visit(index) }
    for index in function.results.indices {
      let operand = function.results[index].operand
      snapshots.function.results[index].operand = snapshots.current(
        operand, at: function.operations.count)
    }
    function = snapshots.function
    function.operations = function.operations.flatMap { operation in
      [operation] + operation.results.compactMap { snapshots.copy(of: $0) }
    }
  }

  private init(_ function: Function, _ module: Module) {
    self.function = function
    self.module = module
    names = UniqueNames(function.values.map(\.name) + module.tensors.map(\.name))
    for (index, operation) in function.operations.enumerated() where operation.hasEffect {
      if let state = operation.operands[0]?.tensor { writes[state, default: []].append(index) }
    }
  }

  private mutating func visit(_ index: Int) throws {
    for position in function.operations[index].operands.indices {
      if let operand = function.operations[index].operands[position] {
        function.operations[index].operands[position] = current(operand, at: index)
      }
    }
    let operation = function.operations[index]
    guard try OpRegistry.required(operation.op).isView, let source = operation.operands[0] else {
      return
    }
    switch source {
    case .tensor(let id) where module.tensor(id).kind == .state:
      readings[operation.result] = Reading(state: id, operation: index)
    case .value(let id): readings[operation.result] = readings[id]
    default: break
    }
  }

  /// What an operation at `index` must read to see `operand` as it was defined.
  private mutating func current(_ operand: Operand, at index: Int) -> Operand {
    guard let id = operand.value, let reading = readings[id],
      writes[reading.state]?.contains(where: { $0 > reading.operation && $0 < index }) == true
    else { return operand }
    if let copy = copies[id] { return .value(copy) }
    let copy = function.addValue(names.unique(function[id].name), function[id].type)
    copies[id] = copy
    return .value(copy)
  }

  private func copy(of id: ValueID) -> Operation? {
    copies[id].map { Operation("contiguous", [.value(id)], results: [$0]) }
  }
}
