import SwiftSyntax

/// A range of a file and what can be written there instead.
struct Site: Encodable {
  enum Form: String, Encodable {
    /// An expression, which becomes a choice between itself and its alternatives.
    case expression
    /// A statement, which is left out.
    case statement
  }

  struct Alternative: Encodable {
    /// The kind of change, as reports count it.
    let kind: String
    /// The expression to write; empty for a statement.
    let text: String
  }

  let form: Form
  /// Offsets in UTF-8.
  let start: Int
  let end: Int
  var alternatives: [Alternative]

  init(_ node: some SyntaxProtocol, _ form: Form, _ alternatives: [Alternative]) {
    self.form = form
    start = node.positionAfterSkippingLeadingTrivia.utf8Offset
    end = node.endPositionBeforeTrailingTrivia.utf8Offset
    self.alternatives = alternatives
  }
}
