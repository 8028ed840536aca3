import Foundation
import SourceMessages

/// The checks that bindings make, read from their sources.
enum BindingSource {
  static func path(_ file: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../Sources/Runtime/\(file)").path
  }

  /// Every message that a file of bindings can refuse a step with: its own, and those of the checks that
  /// it calls.
  static func places(in file: String) throws -> [UntestedMessages.Place] {
    try SourceCall.all(in: path("Bindings/\(file)")).filter {
      !$0.dropsErrors && ($0.receiver == "site" || ["PlanError", "extents"].contains($0.name))
    }.flatMap { call in
      patterns(of: call).map {
        UntestedMessages.Place(file: file, line: call.line, pattern: $0)
      }
    }
  }

  private static func patterns(of call: SourceCall) -> [MessagePattern] {
    switch call.name {
    case "require", "PlanError": call.arguments.last?.literals ?? []
    case "operand": operand(call, " is missing", " holds ")
    case "weight" where call.arguments.count == 3:
      operand(call, " is missing", " holds ", " is not ")
    case "optionalOperand": operand(call, " holds ", " has the wrong shape")
    case "result" where call.arguments.count <= 1: [MessagePattern("the result holds ", "")]
    case "requireDense": subject(call, " is not dense")
    case "requireRows": subject(call, " has gaps within its rows", " has rows at uneven distances")
    case "requireBroadcast": subject(call, " does not broadcast to the result")
    case "axis": attribute(call, " is missing") + attribute(call, " = 8 is out of range")
    case "real", "double", "integer", "dim", "flag", "word", "integers":
      attribute(call, " is missing")
    case "optionalReal", "optionalInteger", "optionalWord", "reals":
      attribute(call, ": expected ")
    case "extents": attribute(call, " is missing") + attribute(call, " is not ")
    case "measuredSymbol":
      [MessagePattern("count is missing"), MessagePattern("count is no symbol less 1")]
    default: []
    }
  }

  /// "operand 0 is missing" of `operand(0)`; any number where the source has a variable. From the fourth
  /// on all operands are optional, and asked for only where they are present.
  private static func operand(_ call: SourceCall, _ endings: String...) -> [MessagePattern] {
    let number = call.arguments.first.flatMap { Int($0.text) }
    let beginning = number.map { MessagePattern("operand \($0)") } ?? MessagePattern("operand ", "")
    return endings.filter { (number ?? 0) < 3 || $0 != " is missing" }.map { ending in
      let whole = beginning.followed(by: ending)
      return ending.hasSuffix(" ") ? whole.followedByAnything : whole
    }
  }

  /// "bias is not dense" of `requireDense(bias, "bias")`.
  private static func subject(_ call: SourceCall, _ endings: String...) -> [MessagePattern] {
    let beginning = call.arguments.last?.literals.first ?? MessagePattern("", "")
    return endings.map { beginning.followed(by: $0) }
  }

  /// "scale is missing" of `real("scale")`; none where the name is a variable.
  private static func attribute(_ call: SourceCall, _ ending: String) -> [MessagePattern] {
    guard let name = call.arguments.first?.literals.first else { return [] }
    let whole = name.followed(by: ending)
    return [ending.hasSuffix(" ") ? whole.followedByAnything : whole]
  }
}
