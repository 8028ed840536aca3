import SwiftSyntax

/// Walks a file and collects sites outside of messages, labels of cases and declarations of constants that the
/// compiler must know.
final class SiteFinder: SyntaxVisitor {
  private(set) var sites: [Site] = []

  init() { super.init(viewMode: .sourceAccurate) }

  private func add(_ node: some SyntaxProtocol, _ alternatives: [Site.Alternative]) {
    if !alternatives.isEmpty { sites.append(Site(node, .expression, alternatives)) }
  }

  // MARK: Conditions

  override func visit(_ node: ConditionElementSyntax) -> SyntaxVisitorContinueKind {
    guard let condition = node.condition.as(ExprSyntax.self),
      let statement = node.parent?.parent
    else { return .visitChildren }
    switch statement.kind {
    case .guardStmt: add(condition, [.init(kind: "guard dropped", text: "true")])
    case .ifExpr:
      add(
        condition,
        [.init(kind: "branch taken", text: "true"), .init(kind: "branch left out", text: "false")])
    default: break
    }
    return .visitChildren
  }

  override func visit(_ node: WhereClauseSyntax) -> SyntaxVisitorContinueKind {
    if node.parent?.kind == .forStmt {
      add(node.condition, [.init(kind: "guard dropped", text: "true")])
    }
    return .visitChildren
  }

  override func visit(_ node: TernaryExprSyntax) -> SyntaxVisitorContinueKind {
    let (chosen, other) = (node.thenExpression.trimmed, node.elseExpression.trimmed)
    add(
      node,
      [.init(kind: "branches swapped", text: "\(node.condition.trimmed) ? \(other) : \(chosen)")])
    return .visitChildren
  }

  // MARK: Operators

  override func visit(_ node: InfixOperatorExprSyntax) -> SyntaxVisitorContinueKind {
    guard let sign = node.operator.as(BinaryOperatorExprSyntax.self)?.operator.text else {
      return .visitChildren
    }
    let (left, right) = (node.leftOperand.trimmed, node.rightOperand.trimmed)
    guard ![left, right].contains(where: \.isText) else { return .visitChildren }
    var alternatives: [Site.Alternative] = []
    if let (other, kind) = Operators.replacements[sign] {
      alternatives.append(.init(kind: kind, text: "\(left) \(other) \(right)"))
    }
    if sign == "&&" {
      alternatives += [left, right].map { .init(kind: "term dropped", text: "\($0)") }
    }
    if Operators.ordered.contains(sign), "\(left)" != "\(right)" {
      alternatives.append(.init(kind: "operands swapped", text: "\(right) \(sign) \(left)"))
    }
    if sign == "..<", node.parent?.kind == .forStmt {
      alternatives.append(.init(kind: "± 1", text: "\(left) \(sign) (\(right)) - 1"))
    }
    add(node, alternatives)
    return .visitChildren
  }

  override func visit(_ node: PrefixOperatorExprSyntax) -> SyntaxVisitorContinueKind {
    if node.operator.text == "!" {
      add(node, [.init(kind: "negation dropped", text: "\(node.expression.trimmed)")])
    }
    return .visitChildren
  }

  // MARK: Constants

  override func visit(_ node: IntegerLiteralExprSyntax) -> SyntaxVisitorContinueKind {
    guard let value = node.representedLiteralValue, value < .max else { return .skipChildren }
    var alternatives = [Site.Alternative(kind: "± 1", text: "\(value + 1)")]
    if value > 0 { alternatives.append(.init(kind: "± 1", text: "\(value - 1)")) }
    add(node, alternatives)
    return .skipChildren
  }

  override func visit(_ node: FloatLiteralExprSyntax) -> SyntaxVisitorContinueKind {
    guard let value = Double("\(node.trimmed)".filter { $0 != "_" }) else { return .skipChildren }
    let text = value == 0 ? "1.0" : "1.25 * \(node.trimmed)"
    add(node, [.init(kind: "constant changed", text: text)])
    return .skipChildren
  }

  override func visit(_ node: BooleanLiteralExprSyntax) -> SyntaxVisitorContinueKind {
    let other = node.literal.text == "true" ? "false" : "true"
    add(node, [.init(kind: "constant changed", text: other)])
    return .skipChildren
  }

  // MARK: Calls

  override func visit(_ node: FunctionCallExprSyntax) -> SyntaxVisitorContinueKind {
    let callee = "\(node.calledExpression.trimmed)"
    if Calls.unobservable.contains(callee) { return .skipChildren }
    let arguments = Array(node.arguments)
    if arguments.count >= 2, !Calls.symmetric.contains(callee),
      arguments[0].label == nil, arguments[1].label == nil,
      case let (first, second) = (
        "\(arguments[0].expression.trimmed)", "\(arguments[1].expression.trimmed)"
      ), first != second, arguments[0].expression.isName, arguments[1].expression.isName
    {
      let source = Array("\(node.trimmed)".utf8)
      let origin = node.positionAfterSkippingLeadingTrivia.utf8Offset
      func text(_ start: AbsolutePosition, _ end: AbsolutePosition) -> String {
        String(
          decoding: source[(start.utf8Offset - origin)..<(end.utf8Offset - origin)], as: UTF8.self)
      }
      let (a, b) = (arguments[0].expression, arguments[1].expression)
      let swapped =
        text(node.positionAfterSkippingLeadingTrivia, a.positionAfterSkippingLeadingTrivia) + second
        + text(a.endPositionBeforeTrailingTrivia, b.positionAfterSkippingLeadingTrivia) + first
        + text(b.endPositionBeforeTrailingTrivia, node.endPositionBeforeTrailingTrivia)
      add(node, [.init(kind: "operands swapped", text: swapped)])
    } else if let (other, kind) = Calls.replacements[callee], node.trailingClosure == nil,
      node.arguments.count == 2
    {
      add(node, [.init(kind: kind, text: "\(other)(\(node.arguments.trimmed))")])
    }
    return .visitChildren
  }

  override func visit(_ node: CodeBlockItemSyntax) -> SyntaxVisitorContinueKind {
    if !node.isValue, node.item.isEffect {
      sites.append(Site(node.item, .statement, [.init(kind: "left out", text: "")]))
    }
    return .visitChildren
  }

  // MARK: What is passed over

  override func visit(_: StringLiteralExprSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
  override func visit(_: ThrowStmtSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
  override func visit(_: AttributeSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
  override func visit(_: SwitchCaseItemSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
  override func visit(_: EnumCaseDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
  override func visit(_: MatchingPatternConditionSyntax) -> SyntaxVisitorContinueKind {
    .skipChildren
  }
  override func visit(_: GenericArgumentSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
  override func visit(_: MacroExpansionExprSyntax) -> SyntaxVisitorContinueKind { .skipChildren }

  override func visit(_ node: VariableDeclSyntax) -> SyntaxVisitorContinueKind {
    let names = node.bindings.map { "\($0.pattern.trimmed)" }
    return names.contains { Calls.messages.contains($0) } ? .skipChildren : .visitChildren
  }
}
