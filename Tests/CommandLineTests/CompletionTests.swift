import Foundation
import Testing

@testable import paligraph

/// What shells and `man` are given: all of it comes from the table of commands.
@Suite struct CompletionTests {
  private static func script(_ shell: String) throws -> String {
    let run = try CommandLineProcess.run(["completion", shell])
    try #require(run.status == 0 && run.errors.isEmpty)
    return run.output
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `every command and option is in the script`(shell: String) throws {
    let script = try Self.script(shell)
    for command in CommandLineTool.commands {
      #expect(script.contains(command.syntax.name))
      for option in command.syntax.options {
        let name = shell == "fish" ? String(option.name.drop { $0 == "-" }) : option.name
        #expect(script.contains(name), "\(command.syntax.name) \(option.name)")
      }
    }
    #expect(!script.controlsTerminal)
  }

  static let completions: [(words: [String], offered: Set<String>)] = [
    (["ver"], ["verify"]), (["com"], ["compile", "completion"]),
    (["run", "--max"], ["--max-new-tokens"]), (["compile", "--max"], ["--max-tokens"]),
    (["compile", "m.pg", "--dtype", "int"], ["int8", "int4"]),
    (["dump", "x", "--stage", ""], ["imported", "optimized", "planned"]),
    (["dump", "--format", "h"], ["html"]), (["help", "exp"], ["export"]),
    (["completion", ""], ["bash", "zsh", "fish"]), (["cache", ""], ["clear"]),
    (["pass", "fuse_a"], ["fuse_activation", "fuse_attention"]),
    (["pass", "dead_code", "g"], ["g.pg", "graphs"]), (["run", ""], ["g.pg", "m.plan", "graphs"]),
    (["run", "m.plan", "--image", "p"], ["p.png"]),
    (["run", "m.plan", "--output-dir", ""], ["graphs"]),
    (["run", "m.plan", "--seed", ""], []),
  ]

  /// What bash would offer: the script is run in it, and its function called as bash does.
  @Test func `bash completes commands, options, words and files`() throws {
    let scratch = try Scratch()
    for name in ["g.pg", "m.plan", "p.png"] { _ = try scratch.write("", to: name) }
    try FileManager.default.createDirectory(
      atPath: scratch.path("graphs"), withIntermediateDirectories: false)
    _ = try scratch.write(try Self.script("bash"), to: "completion.txt")
    for (words, offered) in Self.completions {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      let call = """
        . ./completion.txt; COMP_WORDS=(paligraph "$@"); COMP_CWORD=$#
        _paligraph; printf '%s\\n' "${COMPREPLY[@]}"
        """
      process.arguments = ["--norc", "-c", call, "bash"] + words
      process.currentDirectoryURL = scratch.url
      let (output, errors) = (Pipe(), Pipe())
      (process.standardOutput, process.standardError) = (output, errors)
      try process.run()
      let text = String(
        decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      let problems = errors.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      #expect(Set(text.split(separator: "\n").map(String.init)) == offered, "\(words): \(text)")
      #expect(problems.isEmpty, "\(String(decoding: problems, as: UTF8.self))")
    }
  }

  @Test func `the manual page has every command, option and variable`() throws {
    let run = try CommandLineProcess.run(["help", "--man"])
    #expect(run.status == 0 && run.errors.isEmpty && run.output.hasPrefix(".TH PALIGRAPH 1 "))
    let text = run.output.replacing("\\-", with: "-")
    for command in CommandLineTool.commands {
      #expect(text.contains("\n.SS \(command.syntax.synopsis)\n"))
      for option in command.syntax.options {
        #expect(text.contains("\n.B \(option.spelling)\n"), "\(option.name)")
      }
    }
    for variable in EnvironmentVariable.all { #expect(text.contains(".B \(variable.name)=")) }
    for name in ["NAME", "SYNOPSIS", "COMMANDS", "ENVIRONMENT", "EXIT STATUS"] {
      #expect(text.contains("\n.SH \(name)\n"))
    }
    // A line of text that began with a dot would be an instruction.
    let instructions = [".TH", ".SH", ".SS", ".TP", ".B", ".br", ".PP"]
    for line in run.output.split(separator: "\n") where line.hasPrefix(".") {
      #expect(instructions.contains { line == $0 || line.hasPrefix($0 + " ") }, "\(line)")
    }
  }
}
