import IR
import Tensors

extension Pass {
  /// `eliminate_copies` removes copies to row-major order whose readers can read strides instead.
  static let eliminateCopies = Pass(
    "eliminate_copies", .exact,
    "Removes copies to row-major order whose readers can read strides instead.",
    rules: [EliminateCopiesRules.stridedRead])
}

enum EliminateCopiesRules {
  static let stridedRead = RewriteRule(
    "strided_read", on: ["contiguous"],
    "contiguous(x) => x when everything that reads the copy, through views too, can read "
      + "x's layout."
  ) { anchor, graph in
    guard let x = anchor["x"], try !graph.needsCopy(of: x, anchor),
      try graph.readersAllow(graph.layout(of: x), of: anchor.result)
    else { return nil }
    return try graph.replacing(with: x)
  }
}

extension RewriteGraph {
  /// Whether `x` may not stand for its copy, whatever its layout: it shows a state that a later
  /// operation writes, or the function would return what it does not own.
  func needsCopy(of x: Operand, _ copy: Operation) throws -> Bool {
    let root = try layout(of: x).root
    if isReturned(copy.result) { return definition(of: root) == nil }
    return root.tensor.map { isWritten($0, after: copy) } ?? false
  }

  /// Whether all readers of a value could cope if it lay as `layout`. A result of the function must
  /// be row-major.
  fileprivate func readersAllow(_ layout: Layout, of value: ValueID) throws -> Bool {
    var pending = [(value, layout)]
    while let (id, layout) = pending.popLast() {
      if isReturned(id) { return false }
      let shape = function[id].type.shape
      for reader in readers(of: id) {
        let definition = OpRegistry.definition(of: reader.op)
        let isView = definition?.isView ?? false
        for (index, operand) in reader.operands.enumerated() where operand == .value(id) {
          if isView, index == 0 {
            guard let viewed = try? self.layout(of: reader, over: layout) else { return false }
            pending.append((reader.result, viewed))
          } else if try definition?.reading(at: index).allows(layout, shape) != true {
            return false
          }
        }
      }
    }
    return true
  }

}
