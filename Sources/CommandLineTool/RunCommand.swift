import Interchange
import JSON
import PaliGraph
import Plans

/// `paligraph run`: a plan, or a model compiled on the way, on a picture or on tensors.
enum RunCommand: Command {
  static let syntax = Syntax(
    name: "run", arguments: ["PLAN|MODEL"],
    options: [
      .value("--image", "FILE", "the picture; - for standard input, or a data: URL"),
      .texts(
        "--prompt", "TEXT",
        "what to do with it; by default \"caption en\"; for a SigLIP model what to look for, once or more"
      ),
      .value("--max-new-tokens", "N", "most tokens of the answer; by default 256"),
      .value("--temperature", "T", "0 (the default) takes the most probable token, more samples"),
      .value(
        "--top-k", "K",
        "sample among the K most probable tokens, at temperature 1 unless it is given; 0 for all"),
      .value(
        "--top-p", "P",
        "sample among the most probable tokens that make up P, likewise; 1 for all"),
      .value("--seed", "S", "same seed, same text; by default 0"),
      .flag("--json", "print one JSON object instead of text"),
      .flag(
        "--stats", "print times, memory and what kernels and steps took on standard error"),
      .value("--logits", "FILE.npy", "write the logits each token was chosen from: [steps, vocab]"),
      .value(
        "--draw", "OUT.png", "write the picture with the detected boxes, as PNG or JPEG (.jpg)"),
      .values("--input", "NAME=FILE.npy", "an input tensor, for plans of graphs"),
      .value("--output-dir", "DIR", "where outputs go as NAME.npy; without it they are printed"),
    ] + SizeOptions.options + [
      .value("--function", "NAME", "the function to run; by default main or the only one"),
      .flag(
        "--check-finite",
        "end at the first step whose result has NaN or infinite numbers, and name it; slow"),
      .value("--threads", "N", "threads to compute with; by default one per processor"),
      .value(
        "--profile", "TRACE.json", "write when each step ran, for Perfetto or chrome://tracing"),
    ],
    summary:
      "Answers a prompt about a picture, scores texts against it, or runs a graph on tensors.")

  static func run(_ arguments: Arguments) throws {
    let threads = try arguments.integer("--threads", in: 1...1024)
    let sizes = try SizeOptions.sizes(arguments)
    let takesTensors = ["--input", "--output-dir", "--function"].contains { arguments.has($0) }
    if takesTensors {
      for name in ["--image", "--prompt", "--json", "--logits", "--draw"] where arguments.has(name)
      {
        throw arguments.error("\(name) does not go with --input, --output-dir and --function")
      }
      let run = try TensorRun(arguments, threads: threads)
      try run.execute(try plan(arguments.positional[0], sizes))
    } else {
      let run = try PictureRun(arguments, threads: threads)
      let plan = try plan(arguments.positional[0], sizes)
      if ScoringSession.opens(plan) {
        try ScoringRun(arguments, threads: threads).execute(plan)
      } else {
        try run.execute(plan)
      }
    }
  }

  /// Opens a plan; a model is compiled first, into the user's cache.
  private static func plan(_ path: String, _ sizes: InputSizes) throws -> PlanFile {
    guard ModelSource.isModel(path) else {
      guard sizes.isEmpty else {
        throw SizeOptions.fixed(path)
      }
      return try PlanFile(path: path)
    }
    return try Interruption.watching { try cachedPlan(path, sizes) }
  }

  private static func cachedPlan(_ path: String, _ sizes: InputSizes) throws -> PlanFile {
    let source = try ModelSource(path: path)
    let cached = try PlanCache.path(for: source, sizes: sizes)
    if let file = try? PlanFile(path: cached) { return file }
    let model = try source.load(sizes: sizes)
    CompileCommand.warn(model)
    Console.writeError("\(path.printable): compiling to \(cached), once")
    let compilation = try model.compile()
    try CompileCommand.write(model, compilation, to: cached, isQuiet: false)
    return try PlanFile(path: cached)
  }
}
