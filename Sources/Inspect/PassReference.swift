import Compiler

/// The reference of all passes, `docs/PASSES.md`, written from the table of passes alone.
public enum PassReference {
  /// The page in Markdown.
  ///
  /// - Parameter examples: of a pass, its file tests: what each one shows, and its path from the page.
  public static func markdown(examples: (String) throws -> [(title: String, path: String)]) rethrows
    -> String
  {
    let pipeline = PassManager.pipeline
    var page = """
      # Passes

      What `paligraph compile` does to a graph, in order, from the table in
      [PassManager+Pipeline.swift](../Sources/Compiler/PassManager+Pipeline.swift). `Tools/reference-pages` writes
      this page. An *exact* pass leaves every result equal, a *reassociating* one rounds in another order or fewer
      times, an *approximating* one moves numbers within a bound that it states; `paligraph verify` holds each to
      that. A rewrite `a => b` puts b where a was; what it needs beside that is in its rule. Operations are those of
      [OPERATIONS.md](OPERATIONS.md).

      | | pass | class | |
      |---|---|---|---|

      """
    for (index, pass) in pipeline.enumerated() {
      page +=
        "| \(index + 1) | [`\(pass.name)`](#\(pass.name)) | \(pass.exactness.rawValue) | \(pass.summary) |\n"
    }
    for pass in PassManager.all {
      let runs = pipeline.indices.filter { pipeline[$0].name == pass.name }.map { "\($0 + 1)" }
      page +=
        "\n## \(pass.name)\n\n\(pass.summary) Runs as number \(runs.joined(separator: " and ")).\n\n"
      for constraint in PassManager.orderConstraints where constraint.after == pass.name {
        page += "- after [`\(constraint.before)`](#\(constraint.before)): \(constraint.reason)\n"
      }
      if !page.hasSuffix("\n\n") { page += "\n" }
      page += "| rewrite | |\n|---|---|\n"
      for rewrite in pass.rewrites {
        page += "| `\(rewrite.name)` | \(rewrite.law.inMarkdown) |\n"
      }
      page += "\nShown by:\n\n"
      for example in try examples(pass.name) {
        page += "- [\(example.title)](\(example.path))\n"
      }
    }
    return page
  }
}
