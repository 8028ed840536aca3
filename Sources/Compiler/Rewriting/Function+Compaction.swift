import IR

extension Function {
  /// The same function without the values that nothing defines, numbered in order of definition.
  func compacted() -> Function {
    var result = self
    result.values = []
    var renumbered = [ValueID?](repeating: nil, count: values.count)
    func define(_ id: ValueID) -> ValueID {
      let new = ValueID(result.values.count)
      result.values.append(self[id])
      renumbered[id.index] = new
      return new
    }
    func read(_ operand: Operand) -> Operand {
      operand.value.flatMap { renumbered[$0.index] }.map { .value($0) } ?? operand
    }
    result.parameters = parameters.map(define)
    result.operations = operations.map { operation in
      var operation = operation
      operation.operands = operation.operands.map { $0.map(read) }
      operation.results = operation.results.map(define)
      return operation
    }
    result.results = results.map { Result($0.name, read($0.operand)) }
    return result
  }
}
