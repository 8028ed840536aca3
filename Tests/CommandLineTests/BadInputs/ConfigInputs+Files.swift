import Foundation
import Testing

/// Lines of §2.5 about the other files beside `config.json`.
extension ConfigInputs {
  /// A part of `preprocessor_config.json` exchanged.
  private static func processor(
    _ what: String, _ problem: String, _ old: String, _ new: String
  ) -> BadInput {
    BadInput(
      "2.5.18", what, .refused(problem),
      model: { try $0.replace(old, new, in: "preprocessor_config.json") })
  }

  private static let deviation = "\"image_std\": [\n    0.5,\n    0.5,\n    0.5\n  ]"

  static let processors: [BadInput] = [
    processor("a deviation of 0", "image_std", deviation, "\"image_std\": [0.5, 0, 0.5]"),
    processor("a mean of two channels", "image_std", deviation, "\"image_std\": [0.5, 0.5]"),
    processor("a picture without rows", "size.height", "\"height\": 56", "\"height\": 0"),
    processor("a picture of 2^31 rows", "size.height", "\"height\": 56", "\"height\": 2147483648"),
    processor("no width", "size.width", "\"width\": 56", "\"breadth\": 56"),
    processor("another filter", "resample", "\"resample\": 3", "\"resample\": 99"),
    processor("a factor of NaN", "preprocessor_config.json", "0.00392156862745098", "NaN"),
    processor("a factor of 0", "rescale_factor", "0.00392156862745098", "0"),
    processor("another size than the tower's", "56×56", "\"height\": 56", "\"height\": 57"),
    processor(
      "another number of places", "image_seq_length is 17", "\"image_seq_length\": 16",
      "\"image_seq_length\": 17"),
    BadInput("2.5.18", "a picture of another size that is not resized", .refused("56")) { folder in
      try folder.copyModel()
      try folder.replace(
        "\"do_resize\": true", "\"do_resize\": false", in: "preprocessor_config.json")
      let plan = folder.file("x.plan")
      let compile = try CommandLineProcess.run(["compile", folder.path, "-o", plan, "--quiet"])
      try #require(compile.status == 0, "\(compile.errors)")
      return [
        "run", plan, "--image",
        try folder.write(try PictureInputs.fixture("rgb8.png"), to: "p.png"),
      ]
    },
  ]

  private static func generation(
    _ what: String, _ verdict: BadInput.Verdict, _ text: String, line: String = "2.5.19"
  ) -> BadInput {
    BadInput(line, what, verdict, model: { try $0.write(text, to: "generation_config.json") })
  }

  private static func option(_ what: String, _ options: [String]) -> BadInput {
    BadInput("2.5.19", what, .misused(options[0])) { folder in
      let path = try folder.write(try PictureInputs.fixture("rgb8.png"), to: "p.png")
      return ["run", try CompiledPlans.picture.get(), "--image", path] + options
    }
  }

  static let generation: [BadInput] = [
    generation(
      "a temperature of NaN", .accepted("temperature is not applied"), "{\"temperature\": NaN}"),
    generation(
      "settings that greedy answers do not have", .accepted("not applied"),
      "{\"temperature\": -1, \"top_k\": -1, \"top_p\": 2, \"repetition_penalty\": 1.5}"),
    generation("a list of end tokens", .accepted("3 functions"), "{\"eos_token_id\": [1, 2]}"),
    generation(
      "an end token beyond the head", .refused("holds the id 5000"), "{\"eos_token_id\": [1, 5000]}"
    ),
    generation(
      "an end token of 2^63", .refused("eos_token_id"), "{\"eos_token_id\": 9223372036854775808}"),
    generation("an array", .refused("expected an object"), "[]", line: "2.5.+"),
    option("--temperature -1", ["--temperature", "-1"]),
    option("--temperature nan", ["--temperature", "nan"]),
    option("--top-k -1", ["--top-k", "-1"]),
    option("--top-p 2", ["--top-p", "2"]),
    option("--max-new-tokens 2^63", ["--max-new-tokens", "9223372036854775808"]),
  ]

  /// What asks for code or other files: nothing of it happens (`NothingIsExecutedTests` looks on).
  static let harmless: [BadInput] = [
    BadInput(
      "2.5.16", "code and places elsewhere", .accepted("3 functions"),
      model: { folder in
        try folder.replace(
          "\"model_type\": \"paligemma\",",
          "\"model_type\": \"paligemma\", \"auto_map\": {\"AutoModel\": \"modeling.Evil\"},"
            + " \"trust_remote_code\": true, \"_name_or_path\": \"../secret\",", in: "config.json")
      }),
    BadInput(
      "2.5.20", "a template that never ends", .accepted("3 functions"),
      model: { folder in
        try folder.write(
          #"{"chat_template": "{% for i in range(1000000000) %}{{ ''.__class__.__mro__ }}{% endfor %}"}"#,
          to: "tokenizer_config.json")
      }),
    BadInput(
      "2.5.20", "templates whose names are paths", .accepted("3 functions"),
      model: { folder in
        try folder.write(
          #"{"chat_template": [{"name": "../../secret", "template": "{{ x }}"}]}"#,
          to: "tokenizer_config.json")
        try folder.write("{{ include '../secret' }}", to: "chat_template.jinja")
      }),
  ]
}
