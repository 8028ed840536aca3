import SwiftSyntax

enum Operators {
  /// What is written instead of an operator, and the kind of change.
  static let replacements: [String: (other: String, kind: String)] = [
    "<": ("<=", "comparison flipped"), "<=": ("<", "comparison flipped"),
    ">": (">=", "comparison flipped"), ">=": (">", "comparison flipped"),
    "==": ("!=", "comparison flipped"), "!=": ("==", "comparison flipped"),
    "&&": ("||", "and for or"), "||": ("&&", "and for or"),
    "+": ("-", "another operator"), "-": ("+", "another operator"),
    "*": ("+", "another operator"), "/": ("*", "another operator"),
    "&": ("|", "another operator"), "|": ("&", "another operator"),
    "<<": (">>", "another operator"), ">>": ("<<", "another operator"),
  ]

  /// Operators whose operands have an order.
  static let ordered: Set = ["-", "/", "%"]
}

enum Calls {
  static let replacements: [String: (other: String, kind: String)] = [
    "min": ("max", "max for min"), "max": ("min", "max for min"),
  ]

  /// Calls that give the same with their arguments in another order.
  static let symmetric: Set = ["min", "max", "zip"]

  /// What no test can see: nothing happens as long as the program is right.
  static let unobservable: Set = [
    "precondition", "assert", "fatalError", "preconditionFailure", "print",
  ]

  /// Properties that hold words for readers.
  static let messages: Set = ["description", "debugDescription", "summary", "message"]

  /// Methods that change how fast something is and nothing else.
  static let hints = [
    ".reserveCapacity", ".removeAll(keepingCapacity", "madvise", "withExtendedLifetime",
  ]
}

extension SyntaxProtocol {
  /// Whether this is a text, or a sum of texts.
  var isText: Bool {
    if let sum = self.as(InfixOperatorExprSyntax.self) {
      return sum.leftOperand.isText || sum.rightOperand.isText
    }
    return self.is(StringLiteralExprSyntax.self)
  }
}

extension ExprSyntax {
  /// Whether this is a name or a property of one; operands that are longer are seldom of one type.
  var isName: Bool {
    if let access = self.as(MemberAccessExprSyntax.self) { return access.base?.isName ?? false }
    return self.is(DeclReferenceExprSyntax.self)
  }
}

extension CodeBlockItemSyntax {
  /// Whether this is all that a closure, a getter or a function with a result consists of.
  var isValue: Bool {
    guard let list = parent?.as(CodeBlockItemListSyntax.self), list.count == 1 else { return false }
    if let function = list.parent?.parent?.as(FunctionDeclSyntax.self) {
      return function.signature.returnClause != nil
    }
    return [.closureExpr, .accessorBlock, .accessorDecl].contains(list.parent?.kind)
      || list.parent?.parent?.kind == .accessorDecl
  }
}

extension CodeBlockItemSyntax.Item {
  /// Whether this is a statement that does something: a call or an assignment.
  var isEffect: Bool {
    guard case .expr(var expression) = self else { return false }
    if let attempt = expression.as(TryExprSyntax.self) { expression = attempt.expression }
    if let assignment = expression.as(InfixOperatorExprSyntax.self) {
      if assignment.operator.is(AssignmentExprSyntax.self) {
        // An initialiser must assign to every property.
        return !"\(assignment.leftOperand.trimmed)".hasPrefix("self.")
      }
      let sign = assignment.operator.as(BinaryOperatorExprSyntax.self)?.operator.text
      return sign.map { $0.count >= 2 && $0.hasSuffix("=") && Operators.replacements[$0] == nil }
        ?? false
    }
    guard let call = expression.as(FunctionCallExprSyntax.self) else { return false }
    let text = "\(call.trimmed)"
    return !Calls.unobservable.contains("\(call.calledExpression.trimmed)")
      && !Calls.hints.contains { text.contains($0) }
  }
}
