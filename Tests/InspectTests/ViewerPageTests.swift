import Compiler
import IR
import JSON
import Testing

@testable import Inspect

/// The page as text; `Tools/viewer-test` looks at it in a browser.
@Suite struct ViewerPageTests {
  private func data(_ page: String) throws -> JSON {
    let parts = page.split(separator: "<script type=\"application/json\" id=\"data\">")
    let text = try #require(parts.last?.split(separator: "</script>").first)
    return try JSON.parse(String(text), limits: JSON.Limits(bytes: 1 << 26))
  }

  @Test func `the page is one file that needs no other one`() throws {
    let page = try ViewerPage.html(CompiledGraphs.history("gemma-block", passes: []))
    #expect(page.hasPrefix("<!doctype html>"))
    for link in ["src=", "@import", "url(http", "href=\"http", "fetch("] {
      #expect(!page.contains(link), "\(link)")
    }
    for hole in ["/*style*/", "/*script*/", "/*data*/"] { #expect(!page.contains(hole)) }
  }

  @Test func `a snapshot for each pass that changed something, versions only once`() throws {
    let history = try CompiledGraphs.history("mini-paligemma")
    let data = try data(ViewerPage.html(history))
    #expect(data["snapshots"]?.elements.count == history.snapshots.count)
    let versions = data["nodes"]?.elements ?? []
    #expect(Set(versions.map { $0.encoded() }).count == versions.count)
    for (json, snapshot) in zip(data["snapshots"]?.elements ?? [], history.snapshots) {
      for (row, function) in zip(json["functions"]?.elements ?? [], snapshot.module.functions) {
        var counts: [Int64] = []
        for (index, value) in (row["nodes"]?.elements ?? []).enumerated() where index % 2 == 1 {
          if case .integer(let count) = value { counts.append(count) }
        }
        #expect(counts.reduce(0, +) == Int64(function.operations.count))
      }
    }
  }

  @Test func `no name ends the data early`() throws {
    let module = try Module.parse(
      """
      module @"</script><b>" {
        func @main(%x: f32[2]) -> (f32[2]) {
          %"<!--" = neg(%x) : f32[2]
          return %"<!--"
        }
      }
      """)
    let page = try ViewerPage.html(PassHistory(imported: module))
    #expect(try data(page)["module"] == "</script><b>")
    #expect(!page.contains("<!--"))
  }

  @Test func `a profile is read and what is none is refused`() throws {
    let trace = try JSON.parse(
      """
      {"traceEvents": [
        {"name": "@main", "cat": "call", "ph": "X", "dur": 9.0, "args":
          {"function": "main", "flops": 10, "bytes": 40, "limit_us": 1.0}},
        {"name": "y", "cat": "neg", "ph": "X", "dur": 2.5, "args":
          {"function": "main", "flops": 10, "bytes": 40, "limit_us": 1.0}},
        {"name": "z", "ph": "X", "dur": 2.5, "args":
          {"function": "main", "flops": 10, "bytes": 40, "limit_us": 1.0}},
        {"name": "process_name", "ph": "M"}]}
      """, limits: JSON.Limits(bytes: 1 << 20))
    let profile = try TraceProfile(JSONField(trace))
    #expect(profile.steps["main"]?.keys.sorted() == ["y", "z"])
    #expect(profile.steps["main"]?["y"]?.calls == 1)
    #expect(throws: JSONError.self) { try TraceProfile(JSONField(["traceEvents": [["ph": "X"]]])) }
    #expect(throws: JSONError.self) { try TraceProfile(JSONField([:])) }
  }
}
