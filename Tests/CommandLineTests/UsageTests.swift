import Testing

@testable import paligraph

/// How the command line itself is read.
@Suite struct UsageTests {
  static let wrong: [(arguments: [String], problem: String)] = [
    ([], "a command is missing"),
    (["frobnicate"], "there is no command 'frobnicate'"),
    (["compile"], "MODEL is missing"),
    (["compile", "x"], "-o FILE.plan is missing"),
    (["compile", "x", "y", "-o", "z"], "'y' is one argument too many"),
    (["compile", "x", "-o"], "-o needs a value"),
    (["compile", "x", "-o", "--quiet"], "-o needs a value"),
    (["compile", "x", "-o", "z", "-o", "z"], "-o is given twice"),
    (["compile", "x", "-o", "z", "--fast"], "there is no option '--fast'"),
    (["compile", "x", "-o", "z", "--quiet=yes"], "--quiet takes no value"),
    (["compile", "x", "-o", "z", "--dtype", "f8"], "it is auto, f32, bf16, int8 or int4"),
    (["compile", "x", "-o", "z", "--dtype", "int5"], "int5 is not known"),
    (["compile", "x", "-o", "z", "--max-tokens", "many"], "--max-tokens many is no whole number"),
    (["compile", "x", "-o", "z", "--max-tokens", "0"], "--max-tokens 0 is no whole number from 1"),
    (["compile", "x", "-o", "z", "--dump-after", "all"], "--dump-after needs --dump-dir"),
    (["compile", "x", "-o", "z", "--dump-dir", "d"], "--dump-dir needs --dump-after"),
    (
      ["compile", "x", "-o", "z", "--dump-after", "p", "--dump-dir", "d"], "there is no pass 'p'"
    ),
    (["compile", "x", "-o", "z", "--shape", "2x3"], "not of the form INPUT=1x3x224x224"),
    (["compile", "x", "-o", "z", "--shape", "a=2x"], "has no shape such as 1x3x224x224"),
    (["compile", "x", "-o", "z", "--shape", "a=-2"], "has no shape such as 1x3x224x224"),
    (["compile", "x", "-o", "z", "--shape", "a=1", "--shape", "a=2"], "--shape a is given twice"),
    (["compile", "x", "-o", "z", "--dim", "n"], "not of the form NAME=N or NAME<=N"),
    (["compile", "x", "-o", "z", "--dim", "n<=0"], "has no whole number from 1 to 2^32"),
    (["dump", "x", "--dim", "n=many"], "has no whole number from 1 to 2^32"),
    (["dump", "x", "--dim", "n=1", "--dim", "n<=2"], "--dim n is given twice"),
    (["run", "x", "--image", "p", "--temperature", "hot"], "--temperature hot is no number"),
    (["run", "x", "--image", "p", "--temperature", "nan"], "--temperature nan is no number"),
    (["run", "x", "--image", "p", "--top-p", "1.5"], "--top-p 1.5 is no number from 0.0 to 1.0"),
    (["run", "x", "--image", "p", "--seed", "-1"], "--seed -1 is no whole number"),
    (["run", "x", "--image", "p", "--max-new-tokens", "0"], "no whole number from 1"),
    (["run", "x", "--input", "a=b", "--output-dir", ""], "--output-dir has an empty value"),
    (["run", "x", "--input", "a", "--output-dir", "d"], "not of the form NAME=FILE.npy"),
    (["run", "x", "--input", "a=b", "--image", "p"], "--image does not go with --input"),
    (["dump", "x", "--stage", "finished"], "it is one of imported, optimized, planned"),
    (["dump", "x", "--format", "svg"], "svg is not known; it is one of text, dot, json, html"),
    (["pass", "canonicalise", "x.pg"], "there is no pass 'canonicalise'"),
    (["pass", "", "x.pg"], "NAME[,NAME…] is empty"),
    (["pass", "canonicalize,", "x.pg"], "there is no pass ''"),
    (["compile", "x", "-o", ""], "-o has an empty value where FILE.plan is needed"),
    (["compile", "", "-o", "z"], "MODEL is empty"),
    (
      ["run", "x", "--image", "p", "--seed", "18446744073709551616"], "no whole number from 0 to 18"
    ),
    (
      ["export", "graphs/siglip-block.pg", "-o", "x.onnx", "--dim", "N=3"],
      "--dim is for ONNX models, and graphs/siglip-block.pg is a textual graph"
    ),
    (["export", "x"], "-o FILE.onnx is missing"),
    (["export", "x", "-o", "y.onnx", "--opset", "12"], "versions 13 to 23 can"),
    (["export", "x", "-o", "y.onnx", "--opset", "new"], "--opset new cannot be written"),
    (["export", "x", "-o", "y.onnx", "--stage", "planned"], "it is one of imported, optimized"),
    (
      ["export", "x", "-o", "y.onnx", "--dtype", "int8"],
      "cannot be exported; use auto, f32 or bf16"
    ),
    (["export", "x", "-o", "y.onnx", "--dtype", "bf16"], "it needs --stage optimized"),
    (["export", "x", "-o", "y.onnx", "--dtype", "f8"], "it is auto, f32 or bf16"),
    (["verify", "x.plan", "--dtype", "f32"], "--dtype is for models, and x.plan is none"),
    (["verify", "x.plan", "--stop-after", "3"], "--stop-after is for models"),
    (["verify", "graphs/gemma-block.pg", "--stop-after", "-1"], "no whole number from 0 to"),
    (["verify", "graphs/gemma-block.pg", "--dtype", "f8"], "--dtype f8 is not known"),
    (["dump", "x", "--after", "fuse_all"], "--after: there is no pass 'fuse_all'"),
    (["dump", "x", "--after", "0"], "--after 0: a run has passes 1 to 20"),
    (
      ["dump", "x", "--after", "3", "--stage", "planned"], "--stage and --after do not go together"
    ),
    (["dump", "x", "--profile", "t.json"], "--profile goes with --format html only"),
  ]

  @Test(arguments: wrong)
  func `wrong usage is one line and status 2`(arguments: [String], problem: String) throws {
    let run = try CommandLineProcess.run(arguments)
    #expect(run.status == 2 && !run.wasKilled)
    #expect(run.output.isEmpty)
    #expect(run.errorLines.count == 1)
    #expect(run.errors.hasPrefix("paligraph: ") && run.errors.contains(problem), "\(run.errors)")
  }

  @Test(arguments: CommandLineTool.commandNames)
  func `every command explains itself`(command: String) throws {
    let all = try CommandLineProcess.run(["--help"])
    #expect(all.status == 0 && all.output.contains("paligraph \(command)"))
    let one = try CommandLineProcess.run([command, "--help"])
    #expect(one.status == 0 && one.output.hasPrefix("usage: paligraph \(command)"))
    #expect(one.errors.isEmpty)
    let other = try CommandLineProcess.run(["help", command])
    #expect(other.status == 0 && other.output == one.output && other.errors.isEmpty)
  }

  @Test func `help fits the terminal and breaks between words`() throws {
    for columns in [40, 60, 80, 132] {
      for command in CommandLineTool.commandNames {
        let help = try CommandLineProcess.run(
          ["help", command], environment: ["COLUMNS": "\(columns)"])
        let words = help.output.split { $0 == " " || $0 == "\n" }
        #expect(
          help.output.split(separator: "\n").allSatisfy {
            $0.count <= min(columns, 80) || !$0.dropFirst(6).contains(" ")
          }, "\(help.output)")
        let syntax = try CommandLineTool.command(named: command).syntax
        for option in syntax.options {
          let text = option.help.split(separator: " ")
          #expect(words.firstRange(of: text) != nil, "\(option.name) in \(columns) columns")
        }
      }
    }
    let screen = try Terminal.run(["run", "--help"], columns: 50).screen
    #expect(screen.split(separator: "\n").allSatisfy { $0.count <= 50 }, "\(screen)")
  }

  static let guesses: [(arguments: [String], guess: String)] = [
    (["complie"], "(did you mean 'compile'?)"), (["benhc", "x"], "(did you mean 'bench'?)"),
    (["help", "rnu"], "(did you mean 'run'?)"), (["verfy"], "(did you mean 'verify'?)"),
    (["run", "x", "--promt", "a"], "(did you mean '--prompt'?)"),
    (["run", "x", "--max-tokens", "3"], "there is no option '--max-tokens'"),
    (["compile", "x", "--ouptut"], "there is no option '--ouptut'"),
    (["dump", "x", "--stage", "optimize"], "(did you mean 'optimized'?)"),
    (["dump", "x", "--format", "jsn"], "(did you mean 'json'?)"),
    (["pass", "fuse_norms", "x.pg"], "(did you mean 'fuse_norm'?)"),
    (["dump", "x", "--after", "fuse_atention"], "(did you mean 'fuse_attention'?)"),
    (["completion", "bsh"], "(did you mean 'bash'?)"),
    (["cache", "claer"], "(did you mean 'clear'?)"),
  ]

  @Test(arguments: guesses)
  func `what is nearly right is guessed`(arguments: [String], guess: String) throws {
    let run = try CommandLineProcess.run(arguments)
    #expect(run.status == 2 && run.errorLines.count == 1)
    #expect(run.errors.contains(guess), "\(run.errors)")
  }

  @Test func `what is nothing like a name is not guessed`() throws {
    let run = try CommandLineProcess.run(["frobnicate"])
    #expect(!run.errors.contains("did you mean"), "\(run.errors)")
  }

  @Test func `distances count insertions, removals, exchanges and swaps`() {
    let distances = [
      ("", "abc", 3), ("run", "run", 0), ("rnu", "run", 1), ("kitten", "sitting", 3),
    ]
    for (a, b, distance) in distances { #expect(Suggestion.distance(a, b) == distance) }
  }

  @Test func `both spellings of a stage are taken`() throws {
    for spelling in ["optimised", "optimized"] {
      let run = try CommandLineProcess.run([
        "dump", "graphs/siglip-block.pg", "--stage", spelling,
      ])
      #expect(run.status == 0 && run.output.contains("= linear("))
    }
  }

  @Test func `pass --help lists the passes`() throws {
    let run = try CommandLineProcess.run(["pass", "--help"])
    #expect(run.output.contains("  fuse_attention  ") && run.output.contains("  plan_memory  "))
  }

  @Test func `an argument that is not UTF-8 is refused`() throws {
    let run = try CommandLineProcess.run(
      [], shell: #"exec "$0" run x --image p --prompt "$(printf 'caption \351')""#)
    #expect(run.status == 2 && run.errorLines.count == 1)
    #expect(run.errors.hasPrefix("paligraph: argument 6, 'caption "), "\(run.errors)")
  }

  @Test func `the version is told`() throws {
    let run = try CommandLineProcess.run(["--version"])
    #expect(run.status == 0)
    #expect(run.output.wholeMatch(of: /paligraph \d+\.\d+\.\d+\n/) != nil)
  }
}
