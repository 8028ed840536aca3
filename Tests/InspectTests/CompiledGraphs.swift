import Compiler
import Foundation
import IR
import Inspect

/// Graphs of the repository on their way through the passes.
enum CompiledGraphs {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let names = ["gemma-block", "siglip-block", "notes/patch_embedding", "mini-paligemma"]

  static func module(_ name: String) throws -> Module {
    try Module.parse(
      bytes: Array(try Data(contentsOf: root.appendingPathComponent("graphs/\(name).pg"))))
  }

  /// - Parameter passes: nil for all of them.
  static func history(
    _ name: String, passes: [Pass] = PassManager.pipeline
  ) throws -> PassHistory {
    try history(of: module(name), passes: passes)
  }

  static func history(of module: Module, passes: [Pass]) throws -> PassHistory {
    var module = module
    var history = PassHistory(imported: module)
    var context = PassContext()
    let options = PassManager.Options { position, report, module in
      history.append(module, after: report, at: position)
    }
    try PassManager(passes: passes, options: options).run(&module, context: &context)
    return history
  }
}
