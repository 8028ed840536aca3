import IR
import Tensors

extension RewriteGraph {
  /// How an operand's elements lie in the storage of its root.
  func layout(of operand: Operand) throws -> Layout {
    var views: [Operation] = []
    var root = operand
    while let view = definition(of: root), OpRegistry.definition(of: view.op)?.isView == true,
      let source = view.operands.first ?? nil
    {
      views.append(view)
      root = source
    }
    let start =
      root.value == nil
      ? try module.layout(of: root) : try Layout(root: root, rowMajor: type(of: root).shape)
    return try views.reversed().reduce(start) { try layout(of: $1, over: $0) }
  }

  /// The layout of a view's result when its operand lies as `source`. Throws when the view needs a
  /// copy.
  func layout(of view: Operation, over source: Layout) throws -> Layout {
    let site = try module.site(of: view, in: function)
    guard let rule = site.definition.view else { throw OpError("\(view.op) is not a view") }
    return try rule(site, source)
  }

  /// Whether a value lies row-major without gaps.
  func isContiguous(_ operand: Operand) throws -> Bool {
    try layout(of: operand).isContiguous(for: type(of: operand).shape)
  }
}
