import Foundation
import Testing

/// Names of files that are not UTF-8, as old archives and other systems leave them.
@Suite struct PathTests {
  /// Runs a script in a folder; `$0` is the program.
  private func run(_ script: String, in scratch: Scratch) throws -> CommandLineProcess {
    try CommandLineProcess.run(
      [], environment: ["XDG_CACHE_HOME": scratch.path("cache")],
      shell: "cd '\(scratch.url.path)' || exit 9; e=$(printf '\\351'); \(script)")
  }

  /// The bytes of the names in a folder, which Foundation would repair.
  private func names(in folder: String) -> Set<[UInt8]> {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: Set<[UInt8]> = []
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      names.insert(name)
    }
    return names
  }

  @Test func `a name in Latin-1 is a file name for every input and output`() throws {
    let scratch = try Scratch()
    _ = try scratch.write(GraphTests.graph, to: "m.pg")
    try GraphTests.npy([1, 2], shape: "(1, 2)").write(
      to: scratch.url.appendingPathComponent("x.npy"))
    let run = try run(
      #"""
      set -e; mv m.pg "m$e.pg"; mv x.npy "x$e.npy"; mkdir "d$e"
      "$0" compile "m$e.pg" -o "d$e/p$e.plan" --dump-after all --dump-dir "g$e"
      "$0" run "d$e/p$e.plan" --input "x=x$e.npy" --output-dir "o$e" --profile "t$e.json"
      "$0" run "m$e.pg" --input x="x$e.npy"
      "$0" dump "d$e/p$e.plan" -o "l$e.txt"; "$0" verify "d$e/p$e.plan"
      "$0" export "m$e.pg" -o "m$e.onnx"; "$0" compile "m$e.onnx" -o "n$e.plan" --dim "N<=8"
      "$0" cache
      """#, in: scratch)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("twice : f32[1x2]") && run.output.contains("p\\xe9.plan: whole"))
    #expect(run.output.contains("m\\xe9.pg-"), "\(run.output)")
    let made = names(in: scratch.url.path)
    for (stem, ending) in [
      ("d", ""), ("g", ""), ("o", ""), ("t", ".json"), ("l", ".txt"), ("m", ".onnx"),
      ("n", ".plan"),
    ] {
      #expect(made.contains(Array(stem.utf8) + [0xE9] + Array(ending.utf8)), "\(stem)")
    }
  }

  @Test func `a model and a picture with such names are read`() throws {
    let scratch = try Scratch()
    let model = CommandLineProcess.root.appendingPathComponent(PictureRunTests.model)
    let run = try run(
      #"""
      set -e; cp -r '\#(model.path)' "m$e"; mv "m$e/picture.png" "p$e.png"
      "$0" run "m$e" --image "p$e.png" --prompt "caption en" --max-new-tokens 24 --logits "l$e.npy"
      """#, in: scratch)
    let expected = try PictureRunTests.expected() + "\n"
    #expect(run.status == 0 && run.output == expected, "\(run.errors)")
    #expect(names(in: scratch.url.path).contains([0x6C, 0xE9] + Array(".npy".utf8)))
  }

  @Test func `an error names such a file in one line`() throws {
    let scratch = try Scratch()
    let run = try run(#""$0" verify "n$e.plan""#, in: scratch)
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.hasPrefix("paligraph: n\\xe9.plan: cannot be read: "), "\(run.errors)")
  }

  /// Beside such a name, one that has the character which stands for the byte, and one in UTF-8.
  @Test func `names that look alike are different files`() throws {
    let scratch = try Scratch()
    let run = try run(
      #"""
      "$0" compile '\#(CommandLineProcess.root.path)/graphs/siglip-block.pg' -o "n$e.plan" --quiet
      for name in "n$(printf '\364\217\277\251').plan" "n$(printf '\303\251').plan"; do
        "$0" verify "$name" 2>/dev/null && echo wrong; : > "$name"
      done
      "$0" verify "n$e.plan"
      """#, in: scratch)
    #expect(run.status == 0 && !run.output.contains("wrong"), "\(run.output)\(run.errors)")
  }

  @Test(arguments: [
    "run x --image p --prompt \"caption $e\"", "dump x --function \"f$e\"",
    "pass \"fuse$e\" x.pg", "compile x -o y --dtype=\"b$e\"",
  ])
  func `what is no name of a file must be UTF-8`(arguments: String) throws {
    let run = try run("\"$0\" \(arguments)", in: try Scratch())
    #expect(run.status == 2 && run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.contains("\\xe9', is not UTF-8"), "\(run.errors)")
  }
}
