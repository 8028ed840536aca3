import Compiler
import Foundation
import IR
import Inspect
import Testing

/// Graphs as Graphviz takes them.
@Suite struct DOTGraphTests {
  /// What `dot` makes of a graph; its complaints are a fault.
  private func drawn(_ graph: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["dot", "-Tsvg"]
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    DispatchQueue.global().async {
      input.fileHandleForWriting.write(Data(graph.utf8))
      try? input.fileHandleForWriting.close()
    }
    let picture = String(
      decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let problems = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0 && problems.isEmpty, "install graphviz? \(problems)")
    return picture
  }

  @Test(arguments: ["gemma-block", "siglip-block", "notes/patch_embedding"])
  func `graphviz draws every operation at every stage`(name: String) throws {
    for snapshot in try CompiledGraphs.history(name).snapshots {
      let picture = try drawn(DOTGraph(snapshot.module).text)
      let operations = snapshot.module.functions.reduce(0) { $0 + $1.operations.count }
      #expect(picture.matches(of: /<g id="node/).count >= operations)
    }
  }

  @Test func `layers are clusters and edges have shapes`() throws {
    let history = try CompiledGraphs.history("mini-paligemma", passes: PassManager.optimizing)
    let text = DOTGraph(history.last.module, function: "vision").text
    for layer in 0..<5 { #expect(text.contains("label = \"layers.\(layer)\"")) }
    #expect(text.contains("[label = \"1×64×128\"]"))
    #expect(!text.contains("@decode"))
    let picture = try drawn(text)
    #expect(picture.contains("cluster_f0_"))
  }

  @Test func `names of any characters are drawn`() throws {
    let module = try Module.parse(
      #"""
      module @"a \"quoted\" \\ module" {
        weight %"w<>&\\" : f32[2]
        func @main(%"x -> {y}": f32[2]) -> (out: f32[2]) {
          %"p;\"q\"" = add(%"x -> {y}", %"w<>&\\") : f32[2]
          return %"p;\"q\""
        }
      }
      """#)
    let picture = try drawn(DOTGraph(module).text)
    #expect(picture.contains("w&lt;&gt;&amp;"))
  }
}
