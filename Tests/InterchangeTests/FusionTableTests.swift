import Foundation
import IR
import PaliGraph
import Testing

/// `docs/ONNX.md` says which fused operations the exporters' models end with.
@Suite struct FusionTableTests {
  private static let page = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/ONNX.md")
  private static let rule = "| other |\n|---|---|---|---|\n"
  private static let fused = [
    "linear", "conv", "depthwise_conv", "max_pool", "attention", "layer_norm", "rms_norm", "rope",
    "embedding",
  ]
  /// Views, copies and numbers compute nothing.
  private static let silent: Set<String> = [
    "reshape", "transpose", "slice", "broadcast", "contiguous", "constant",
  ]

  @Test func `the table is what the passes make`() throws {
    let rows = try ONNXCase.all().filter { $0.name.hasPrefix("exports/") }.map(row)
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    let parts = text.components(separatedBy: Self.rule)
    try #require(parts.count == 2 && !rows.isEmpty)
    let expected = parts[1].components(separatedBy: "\n\n")[0]
    let found = merged(rows).joined(separator: "\n")
    guard found != expected else { return }
    if ProcessInfo.processInfo.environment["PALIGRAPH_REWRITE_EXPECTATIONS"] == "1" {
      let rest = parts[1].dropFirst(expected.count)
      try (parts[0] + Self.rule + found + rest).write(
        to: Self.page, atomically: true, encoding: .utf8)
    } else {
      Issue.record("found:\n\(found)\nPALIGRAPH_REWRITE_EXPECTATIONS=1 rewrites the table.")
    }
  }

  /// Model, exporter and what its graph consists of.
  private func row(_ model: ONNXCase) throws -> (model: String, exporter: String, cells: String) {
    let imported = try ModelSource(path: model.path).load(sizes: model.sizes)
    let module = try imported.optimized()
    var counts: [String: Int] = [:]
    for operation in try #require(module[function: "main"]).operations
    where !Self.silent.contains(operation.op) { counts[operation.op, default: 0] += 1 }
    func list(_ names: [String]) -> String {
      names.compactMap { name in counts[name].map { "\($0) `\(name)`" } }.joined(separator: ", ")
    }
    let others = counts.keys.filter { !Self.fused.contains($0) }.sorted()
    let parts = model.name.dropFirst("exports/".count).split(separator: "-").map(String.init)
    return (
      parts[0], parts[1...].joined(separator: " "), "\(list(Self.fused)) | \(list(others))"
    )
  }

  /// One line for all exporters that agree on a model.
  private func merged(_ rows: [(model: String, exporter: String, cells: String)]) -> [String] {
    var lines: [(model: String, exporters: [String], cells: String)] = []
    for row in rows {
      if let index = lines.firstIndex(where: { $0.model == row.model && $0.cells == row.cells }) {
        lines[index].exporters.append(row.exporter)
      } else {
        lines.append((row.model, [row.exporter], row.cells))
      }
    }
    return lines.map { "| \($0.model) | \($0.exporters.joined(separator: ", ")) | \($0.cells) |" }
  }
}
