import IR
import Tensors

/// Decides which operations may write over an operand that dies with them.
package struct InPlace {
  private let function: Function
  private let layouts: [Layout]
  /// Index of the last operation that reads each root's storage; the count of operations when the
  /// function returns it, and nil when nothing reads it.
  private let lastUse: [Int?]

  /// For each value that is computed in place: the value whose storage it takes over.
  static func storage(of function: Function, _ layouts: [Layout]) -> [ValueID?] {
    let analysis = InPlace(function, layouts)
    var parent = [ValueID?](repeating: nil, count: function.values.count)
    for (index, operation) in function.operations.enumerated() {
      guard let result = operation.results.first else { continue }
      parent[result.index] =
        (OpRegistry.definition(of: operation.op)?.overwrittenOperands ?? []).lazy
        .filter { $0 < operation.operands.count }
        .compactMap { analysis.storage(ofOperand: $0, takenOverBy: operation, at: index) }.first
    }
    return parent
  }

  private init(_ function: Function, _ layouts: [Layout]) {
    self.function = function
    self.layouts = layouts
    var last = [Int?](repeating: nil, count: function.values.count)
    func use(_ operand: Operand?, at index: Int) {
      if let id = operand?.value, let root = layouts[id.index].root.value {
        last[root.index] = index
      }
    }
    for (index, operation) in function.operations.enumerated() {
      for operand in operation.operands { use(operand, at: index) }
    }
    for result in function.results { use(result.operand, at: function.operations.count) }
    lastUse = last
  }

  /// The storage of an operand, when it is not needed any more, has the size and order of the result,
  /// and is read in no other order.
  private func storage(
    ofOperand position: Int, takenOverBy operation: Operation, at index: Int
  ) -> ValueID? {
    guard let id = operation.operands[position]?.value,
      let root = layouts[id.index].root.value, lastUse[root.index] == index,
      function[id].type == function[operation.result].type, ownsWhole(id, root)
    else { return nil }
    for (other, operand) in operation.operands.enumerated() where other != position {
      guard let twin = operand?.value, layouts[twin.index].root.value == root else { continue }
      // Another reading of the same elements, in the same order, does no harm.
      guard OpRegistry.isElementwise(operation.op),
        layouts[twin.index] == layouts[id.index], function[twin].type == function[id].type
      else { return nil }
    }
    return root
  }

  /// Whether a value is all of its storage, in row-major order.
  private func ownsWhole(_ id: ValueID, _ root: ValueID) -> Bool {
    let (type, stored) = (function[id].type, function[root].type)
    let isDense = (try? layouts[id.index].isContiguous(for: type.shape)) == true
    return isDense && layouts[id.index].offset == 0 && type.element == stored.element
      && (try? type.shape.elementCount()) == (try? stored.shape.elementCount())
  }
}
