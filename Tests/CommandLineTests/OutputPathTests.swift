import Foundation
import Testing

/// Outputs that would destroy an input, or each other, are refused before any work.
@Suite struct OutputPathTests {
  /// The arguments, with `DIR` for the folder; and the file whose name the error begins with.
  static let clashes: [(arguments: [String], file: String)] = [
    (["compile", "DIR/model", "-o", "DIR/model/model.safetensors"], "model/model.safetensors"),
    (
      ["compile", "DIR/model", "-o", "DIR/./model/../model/config.json"],
      "./model/../model/config.json"
    ),
    (["compile", "DIR/model", "-o", "DIR/link.plan"], "link.plan"),
    (["compile", "DIR/double.pg", "-o", "DIR/double.pg"], "double.pg"),
    (["compile", "DIR/double.pg", "-o", "DIR/hard.plan"], "hard.plan"),
    (
      ["compile", "DIR/01-canonicalize.pg", "-o", "DIR/x.plan", "--dump-after", "all"]
        + ["--dump-dir", "DIR"], "01-canonicalize.pg"
    ),
    (
      ["compile", "DIR/double.pg", "-o", "DIR/03-fold_constants.pg"]
        + ["--dump-after", "fold_constants", "--dump-dir", "DIR/."], "./03-fold_constants.pg"
    ),
    (["dump", "DIR/double.pg", "-o", "DIR/double.pg"], "double.pg"),
    (["dump", "DIR/double.plan", "-o", "DIR/double.plan"], "double.plan"),
    (["run", "DIR/double.plan", "--image", "DIR/p.png", "--draw", "DIR/p.png"], "p.png"),
    (
      ["run", "DIR/double.plan", "--image", "DIR/p.png", "--logits", "DIR/double.plan"],
      "double.plan"
    ),
    (
      ["run", "DIR/double.plan", "--image", "DIR/p.png", "--draw", "DIR/new.png"]
        + ["--profile", "DIR/./new.png"], "./new.png"
    ),
    (
      ["run", "DIR/model", "--image", "DIR/p.png", "--logits", "DIR/model/config.json"],
      "model/config.json"
    ),
    (
      ["run", "DIR/double.plan", "--input", "x=DIR/twice.npy", "--output-dir", "DIR"], "twice.npy"
    ),
    (
      ["run", "DIR/double.plan", "--input", "x=DIR/x.npy", "--output-dir", "DIR/out"]
        + ["--profile", "DIR/x.npy"], "x.npy"
    ),
    (
      ["run", "DIR/double.plan", "--input", "x=DIR/x.npy", "--output-dir", "DIR/model"]
        + ["--profile", "DIR/model/twice.npy"], "model/twice.npy"
    ),
  ]

  /// A model, a graph, its plan, tensors, a picture and links to two of them.
  static func folder() throws -> Scratch {
    let scratch = try Scratch()
    _ = try BadInputTests.model(in: scratch) { _ in }
    let graph = try scratch.write(GraphTests.graph, to: "double.pg")
    _ = try scratch.write(GraphTests.graph, to: "01-canonicalize.pg")
    let compiled = try CommandLineProcess.run(["compile", graph, "-o", scratch.path("double.plan")])
    try #require(compiled.status == 0, "\(compiled.errors)")
    for name in ["x.npy", "twice.npy"] {
      try GraphTests.npy([1, 2], shape: "(1, 2)").write(
        to: scratch.url.appendingPathComponent(name))
    }
    let manager = FileManager.default
    try manager.copyItem(
      atPath: scratch.path("model/picture.png"), toPath: scratch.path("p.png"))
    try manager.createSymbolicLink(
      atPath: scratch.path("link.plan"), withDestinationPath: "model/config.json")
    try manager.linkItem(atPath: graph, toPath: scratch.path("hard.plan"))
    return scratch
  }

  static func content(of scratch: Scratch) throws -> [String: Data] {
    var content: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: scratch.url.path) {
      content[name] = FileManager.default.contents(atPath: scratch.path(name)) ?? Data()
    }
    return content
  }

  @Test func `an output that would take the place of an input is refused`() throws {
    let scratch = try Self.folder()
    let before = try Self.content(of: scratch)
    for (arguments, file) in Self.clashes {
      let run = try CommandLineProcess.run(
        arguments.map { $0.replacingOccurrences(of: "DIR", with: scratch.url.path) })
      #expect(run.status == 1 && run.output.isEmpty && run.errorLines.count == 1, "\(arguments)")
      #expect(run.errors.hasPrefix("paligraph: \(scratch.url.path)/\(file): "), "\(run.errors)")
      #expect(run.errors.hasSuffix("; choose another name\n"), "\(run.errors)")
      #expect(try Self.content(of: scratch) == before, "\(arguments)")
    }
  }

  @Test func `outputs in the model's own folder can be written and written anew`() throws {
    let scratch = try Scratch()
    let model = try BadInputTests.model(in: scratch) { _ in }
    let commands = [
      ["compile", model, "-o", "\(model)/x.plan", "--quiet"],
      ["dump", model, "-o", "\(model)/x.pg"],
    ]
    for command in commands + commands {
      let run = try CommandLineProcess.run(command)
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    }
  }
}
