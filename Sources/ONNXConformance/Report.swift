import Foundation

/// The tests' results as a page of Markdown.
struct Report {
  struct Row {
    let suite: String
    let name: String
    let operators: [String]
    let outcome: Outcome
  }

  let rows: [Row]

  /// What lies behind failures, by the beginnings of tests' names.
  private static let notes: [(test: String, note: String)] = [
    ("test_qlinearmatmul_", "what is expected wraps around where the operator saturates"),
    ("test_dft_inverse", "what is expected has rounding errors of about 2e-7 in place of 0"),
    ("test_operator_add", "f64 numbers that are beyond f32, in which graphs compute"),
  ]

  var text: String {
    """
    # ONNX conformance

    The backend tests of the `onnx` 1.19.1 package, each imported, compiled to a plan file and run, and compared
    as the suite does: equal element types and shapes, |a - b| ≤ 1e-7 + 1e-3·|b|. `Tools/onnx-conformance`
    writes this page.

    Plans have static shapes, or symbolic ones under bounds. Most tests pass every input while they run;
    where shapes depend on the value of an input (the target of a Reshape, the axes of a reduction), the small inputs
    are given while compiling instead, as `paligraph compile --value` does. The column "given" counts these among
    the passed.

    \(table(title: "suite", groups: grouped { $0.suite }))

    ## By operator

    A test counts under the operator that its name begins with or, in the suites of PyTorch, its first one.

    \(table(title: "operator", groups: grouped(by: operatorName)))

    ## Not passed

    \(notPassed)

    """
  }

  private func grouped(by key: (Row) -> String) -> [(name: String, rows: [Row])] {
    Dictionary(grouping: rows, by: key).map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
  }

  private func operatorName(_ row: Row) -> String {
    let name = row.name.dropFirst("test_".count).lowercased().filter { $0 != "_" }
    let own = row.operators.filter { operatorPart in
      name.hasPrefix(operatorPart.lowercased().split(separator: ".").last ?? "")
    }
    return own.max { $0.count < $1.count } ?? (row.operators.first ?? "none")
  }

  private func table(title: String, groups: [(name: String, rows: [Row])]) -> String {
    func count(_ rows: [Row], _ kind: Outcome.Kind) -> Int {
      rows.count { $0.outcome.kind == kind }
    }
    func line(_ name: String, _ rows: [Row]) -> String {
      let given = rows.count { !$0.outcome.given.isEmpty }
      return "| \(name) | \(rows.count) | \(count(rows, .passed)) | \(given) | "
        + "\(count(rows, .failed)) | \(count(rows, .unsupported)) |"
    }
    let header = [
      "| \(title) | tests | passed | given | failed | unsupported |",
      "|---|---:|---:|---:|---:|---:|",
    ]
    return (header + groups.map { line($0.name, $0.rows) } + [line("all", rows)])
      .joined(separator: "\n")
  }

  /// By reason, so that each is read once.
  private var notPassed: String {
    let open = rows.filter { $0.outcome.kind != .passed }
    let reasons = Dictionary(grouping: open) { row in
      "\(row.outcome.kind.rawValue): \(Self.general(row.outcome.reason))"
        + (Self.notes.first { row.name.hasPrefix($0.test) }.map { " (\($0.note))" } ?? "")
    }
    return reasons.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map {
      reason, rows in
      let names = rows.map { "`\($0.name)`" }.joined(separator: " ")
      return "- \(Self.escaped(reason))\n  \(names)"
    }.joined(separator: "\n")
  }

  /// A reason without the names of nodes and the advice.
  private static func general(_ reason: String) -> String {
    var text = reason.replacing("; export the model without them", with: "")
    while let start = text.range(of: " (node"),
      let end = text[start.upperBound...].firstIndex(of: ")")
    {
      text.removeSubrange(start.lowerBound...end)
    }
    return text
  }

  private static func escaped(_ text: String) -> String {
    var text = text
    for mark in ["<", "*", "_", "|", "["] { text = text.replacing(mark, with: "\\\(mark)") }
    return text
  }
}
