import Interchange
import PaliGraph
import Plans

/// `paligraph run`: a plan, or a model compiled on the way, on a picture or on tensors.
enum RunCommand: Command {
  static let syntax = Syntax(
    name: "run", arguments: [.planOrModel],
    options: [
      .value(
        "--image", "FILE", "the picture; - for standard input, or a data: URL", .file([])
      ).only(.answering, .scoring),
      .texts(
        "--prompt", "TEXT",
        "what to do with it; by default \"caption en\"; for a SigLIP model what to look for, once or more"
      ).only(.answering, .scoring),
      .value("--max-new-tokens", "N", "most tokens of the answer; by default 256").only(.answering),
      .value("--temperature", "T", "0 (the default) takes the most probable token, more samples")
        .only(.answering),
      .value(
        "--top-k", "K",
        "sample among the K most probable tokens, at temperature 1 unless it is given; 0 for all"
      ).only(.answering),
      .value(
        "--top-p", "P",
        "sample among the most probable tokens that make up P, likewise; 1 for all"
      ).only(.answering),
      .value(
        "--seed", "S", "same seed, same text of an answer that is sampled; by default 0",
        .integer(0...UInt64.max)
      )
      .only(.answering).needing("--temperature", "--top-k", "--top-p"),
      .flag("--json", "print one JSON object instead of text").only(.answering, .scoring),
      .flag(
        "--stats", "print times, memory and what kernels and steps took on standard error"),
      .value(
        "--logits", "FILE.npy", "write the logits each token was chosen from: [steps, vocab]",
        .file(["npy"])
      ).only(.answering),
      .value(
        "--draw", "OUT.png", "write the picture with the detected boxes, as PNG or JPEG (.jpg)",
        .file(["png", "jpg", "jpeg"])
      ).only(.answering),
      .values("--input", "NAME=FILE.npy", "an input tensor, for plans of graphs", .namedFile).only(
        .tensors),
      .value(
        "--output-dir", "DIR", "where outputs go as NAME.npy; without it they are printed",
        .directory
      ).only(.tensors),
    ] + SizeOptions.options + [
      .value("--function", "NAME", "the function to run; by default main or the only one")
        .only(.tensors),
      .flag(
        "--check-finite",
        "end at the first step whose result has NaN or infinite numbers, and name it; slow"),
      .value("--threads", "N", "threads to compute with; by default one per processor"),
      .value(
        "--profile", "TRACE.json", "write when each step ran, for Perfetto or chrome://tracing",
        .file(["json"])),
    ],
    summary:
      "Answers a prompt about a picture, scores texts against it, or runs a graph on tensors.",
    uses: Use.allCases)

  static func run(_ arguments: Arguments) throws {
    let threads = try arguments.integer("--threads", in: 1...1024)
    let sizes = try SizeOptions.sizes(arguments)
    let path = arguments.positional[0]
    if syntax.optionNames(onlyFor: .tensors).contains(where: arguments.has) {
      try arguments.check(.tensors, of: path)
      try runTensors(arguments, threads, sizes)
    } else if arguments.has("--image") {
      let run = try PictureRun(arguments, threads: threads)
      let plan = try OpenedPlan(path, sizes)
      try arguments.check(plan.use, of: path)
      if plan.use == .scoring {
        try ScoringRun(arguments, threads: threads).execute(plan.file)
      } else {
        try run.execute(plan.file)
      }
    } else {
      let needs = try RunNeeds(path, sizes)
      try arguments.check(needs.use, of: path)
      guard needs.areNone else { throw UsageError(needs.problem) }
      try runTensors(arguments, threads, sizes)
    }
  }

  private static func runTensors(
    _ arguments: Arguments, _ threads: Int?, _ sizes: InputSizes
  ) throws {
    let run = try TensorRun(arguments, threads: threads)
    try run.execute(try OpenedPlan(arguments.positional[0], sizes).file)
  }
}
