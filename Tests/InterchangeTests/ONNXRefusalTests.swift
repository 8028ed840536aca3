import Foundation
import Interchange
import PaliGraph
import Testing

/// Models that are wrong or ask for what is not supported are refused with one line that says why.
@Suite struct ONNXRefusalTests {
  typealias Message = ProtobufMessage

  struct Bad: Sendable, CustomTestStringConvertible {
    let what: String
    let problem: String
    let bytes: [UInt8]
    var testDescription: String { what }

    init(_ what: String, _ problem: String, _ bytes: [UInt8]) {
      (self.what, self.problem, self.bytes) = (what, problem, bytes)
    }

    init(_ what: String, _ problem: String, _ message: Message) {
      self.init(what, problem, message.bytes)
    }

    /// A model of these nodes, from `x` to `y`.
    init(_ what: String, _ problem: String, nodes: [Message], tensors: [Message] = []) {
      self.init(what, problem, Message.model(Message.graph(nodes, tensors: tensors)))
    }

    /// A model that adds a tensor `w`.
    init(_ what: String, _ problem: String, tensor: Message) {
      self.init(what, problem, nodes: [Message.node("Add", ["x", "w"])], tensors: [tensor])
    }
  }

  static let good = Message.model(Message.graph([Message.node("Neg", ["x"])]))

  /// `count` graphs, each in an attribute of a node of the one before.
  static func nested(_ count: Int) -> Message {
    (0..<count).reduce(Message.graph([Message.node("Neg", ["x"])])) { inner, _ in
      Message.graph([
        Message.node("If", ["x"], attributes: [Message.attribute("then_branch", graph: inner)])
      ])
    }
  }

  static let files: [Bad] = [
    Bad("an empty file", "the file is empty", [UInt8]()),
    Bad("text", "not an ONNX model", Array("hello, world\n".utf8)),
    Bad("trailing NULs", "not an ONNX model", good.bytes + [0, 0]),
    Bad("field 0", "not an ONNX model", good.bytes + [0x02, 0]),
    Bad("a group", "not an ONNX model", good.bytes + [0x1B, 0x1C]),
    Bad("wire type 7", "not an ONNX model", good.bytes + [0x0F, 0]),
    Bad("a varint of 11 bytes", "not an ONNX model", [8] + Array(repeating: 0xFF, count: 10) + [1]),
    Bad("a length beyond the file", "not an ONNX model", [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 7]),
    Bad(
      "a length of 2^64 - 1", "not an ONNX model", [0x3A] + Array(repeating: 0xFF, count: 9) + [1]),
    Bad("graphs 33 deep", "nest more than 32 deep", Message.model(nested(33))),
    Bad("graphs 5000 deep", "nest more than 32 deep", Message.model(nested(5000))),
    Bad("no graph", "it has no graph", Message().int(1, 8).message(8, Message.operators(13))),
    Bad("no IR version", "does not say its IR version", Message.model(Message.graph([]), ir: 0)),
    Bad(
      "a late IR version", "IR version 9999; versions 3 to 13",
      Message.model(Message.graph([]), ir: 9999)),
    Bad(
      "no operator set", "which version of the operators",
      Message.model(Message.graph([]), sets: [])),
    Bad(
      "a late operator set", "version 9999 of the operators; versions 1 to 24",
      Message.model(Message.graph([]), sets: [Message.operators(9999)])),
    Bad(
      "two operator sets", "in two versions",
      Message.model(
        Message.graph([]), sets: [Message.operators(13), Message.operators(14, domain: "ai.onnx")])),
    Bad(
      "a name that is not UTF-8", "is not UTF-8",
      Message.model(Message.graph([Message().data(1, [0xFF])]))),
    Bad("a name of two lines", "has a control character", nodes: [Message.node("Neg", ["x\n"])]),
    Bad("training information", "has training information", good.message(20, Message())),
  ]

  static let graphs: [Bad] = [
    Bad(
      "operators that are not supported, all at once",
      "operators that are not supported: Loop (nodes \"a\", \"b\"), other.Neg (node \"c\")",
      nodes: [
        Message.node("Loop", ["x"], ["p"], name: "a"),
        Message.node("Loop", ["p"], ["q"], name: "b"),
        Message.node("Neg", ["q"], name: "c", domain: "other"),
      ]),
    Bad(
      "an unknown attribute", "node \"n\" (Neg): attribute slope is not supported in version 13",
      nodes: [Message.node("Neg", ["x"], attributes: [Message.attribute("slope", int: 1)])]),
    Bad(
      "an attribute of another version", "attribute axes is not supported in version 13",
      nodes: [Message.node("Squeeze", ["x"], attributes: [Message.attribute("axes", int: 1)])]),
    Bad(
      "an attribute twice", "has attribute axis twice",
      nodes: [
        Message.node(
          "Flatten", ["x"],
          attributes: [Message.attribute("axis", int: 0), Message.attribute("axis", int: 1)])
      ]),
    Bad(
      "an attribute of another type", "attribute perm is not a list of integers",
      nodes: [Message.node("Transpose", ["x"], attributes: [Message.attribute("perm", int: 0)])]),
    Bad(
      "too many inputs", "it has 2 inputs, expected 1", nodes: [Message.node("Neg", ["x", "x"])]),
    Bad("an input left out", "input 0 is missing", nodes: [Message.node("Neg", [""])]),
    Bad(
      "an undefined input", "reads \"z\" before anything yields it",
      nodes: [Message.node("Neg", ["z"])]),
    Bad("a cycle", "before anything yields it", nodes: [Message.node("Neg", ["y"])]),
    Bad(
      "two values of one name", "two values are named \"y\"",
      nodes: [Message.node("Neg", ["x"]), Message.node("Abs", ["x"])]),
    Bad(
      "a value that hides an input", "two values are named \"x\"",
      nodes: [Message.node("Neg", ["x"], ["x"])]),
    Bad("no output", "nothing yields output \"y\"", nodes: [Message.node("Neg", ["x"], ["z"])]),
    Bad(
      "shapes that do not broadcast", "shapes [2] and [3] do not broadcast",
      tensor: Message.tensor("w", [3], raw: Array(repeating: 0, count: 12))),
    Bad(
      "a perm that is none", "no permutation",
      nodes: [
        Message.node(
          "Transpose", ["x"], attributes: [Message().text(1, "perm").int(20, 7).int(8, .max)])
      ]),
    Bad(
      "an axis out of range", "out of range",
      nodes: [Message.node("Softmax", ["x"], attributes: [Message.attribute("axis", int: .min)])]),
    Bad(
      "an open condition", "its condition depends on data",
      nodes: [
        Message.node(
          "If", ["x"], attributes: [Message.attribute("then_branch", graph: Message.graph([]))])
      ]),
    Bad(
      "a shape that comes with the data", "depend on data",
      nodes: [Message.node("Reshape", ["x", "x"])]),
    Bad(
      "a shape of -1 twice", "has -1 twice",
      nodes: [Message.node("Reshape", ["x", "w"])],
      tensors: [Message.tensor("w", [2], type: 7, raw: Array(repeating: 0xFF, count: 16))]),
    Bad(
      "windows over no axes", "windows over 0 axes are not supported",
      nodes: [
        Message.node(
          "MaxPool", ["x"], attributes: [Message().text(1, "kernel_shape").int(20, 7).int(8, 0)])
      ]),
    Bad(
      "2^80 elements", "too many elements",
      nodes: [
        Message.node("ConstantOfShape", ["w"], ["c"]), Message.node("Neg", ["c"]),
      ],
      tensors: [
        Message.tensor(
          "w", [2], type: 7, raw: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
      ]),
  ]

  static let functions: [Bad] = [
    Bad(
      "a function that calls itself", "more than 32 deep",
      Message.model(
        Message.graph([Message.node("A", ["x"], domain: "f")]),
        sets: [Message.operators(13), Message.operators(1, domain: "f")],
        functions: [Message.function("A", [Message.node("A", ["x"], domain: "f")])])),
    Bad(
      "functions that call each other", "more than 32 deep",
      Message.model(
        Message.graph([Message.node("A", ["x"], domain: "f")]),
        functions: [
          Message.function("A", [Message.node("B", ["x"], domain: "f")]),
          Message.function("B", [Message.node("A", ["x"], domain: "f")]),
        ])),
    Bad(
      "functions that double 30 times", "more than 262144 nodes",
      Message.model(
        Message.graph([Message.node("F30", ["x"], domain: "f")]),
        functions: (1...30).map { level in
          Message.function(
            "F\(level)",
            [
              Message.node(
                level == 1 ? "Neg" : "F\(level - 1)", ["x"], ["h"], domain: level == 1 ? "" : "f"),
              Message.node(
                level == 1 ? "Neg" : "F\(level - 1)", ["h"], domain: level == 1 ? "" : "f"),
            ])
        })),
    Bad(
      "two functions of one name", "two functions \"A\"",
      Message.model(
        Message.graph([]), functions: [Message.function("A", []), Message.function("A", [])])),
  ]

  static let tensors: [Bad] = [
    Bad(
      "raw data too short", "has 7 bytes, but its shape and type take 8",
      tensor: Message.tensor("w", [2], raw: [1, 2, 3, 4, 5, 6, 7])),
    Bad(
      "raw data too long", "has 9 bytes",
      tensor: Message.tensor("w", [2], raw: Array(repeating: 0, count: 9))),
    Bad(
      "large raw data too short", "has 2000 bytes",
      tensor: Message.tensor("w", [512], raw: Array(repeating: 0, count: 2000))),
    Bad("no data", "has 0 values", tensor: Message.tensor("w", [2])),
    Bad(
      "data in two places", "in several places",
      tensor: Message.tensor("w", [1], raw: [0, 0, 0, 0]).data(4, [0, 0, 0, 0])),
    Bad("an unknown type", "type 999", tensor: Message.tensor("w", [1], type: 999, raw: [0])),
    Bad("text", "type 8", tensor: Message.tensor("w", [0], type: 8)),
    Bad("a negative extent", "an extent of -1", tensor: Message.tensor("w", [-1], raw: [])),
    Bad(
      "a product beyond 64 bits", "too many elements",
      tensor: Message.tensor("w", [1 << 40, 1 << 40], raw: [])),
    Bad(
      "nine axes", "has 9 axes",
      tensor: Message.tensor("w", Array(repeating: 1, count: 9), raw: [0, 0, 0, 0])),
    Bad(
      "u64 beyond i64", "beyond 2^63",
      tensor: Message.tensor("w", [1], type: 13, raw: Array(repeating: 0xFF, count: 8))),
    Bad(
      "a place given by the file", "has 0 values",
      tensor: Message.tensor("w", [1]).int(100001, 0).int(100002, 4)),
  ]

  @Test(arguments: files + graphs + functions + tensors)
  func `bad models are refused`(bad: Bad) throws {
    let scratch = try Scratch()
    try Data(bad.bytes).write(to: scratch.url.appending(path: "m.onnx"))
    let error = #expect(throws: ModelError.self) {
      let model = try ModelSource(path: scratch.path("m.onnx")).load()
      try model.write(try model.compile(), to: scratch.path("m.plan"))
    }
    let text = try #require(error).description
    #expect(text.hasPrefix(scratch.path("m.onnx")) && text.contains(bad.problem), "\(text)")
    #expect(!text.contains("\n"))
    #expect(!FileManager.default.fileExists(atPath: scratch.path("m.plan")))
  }

  @Test(arguments: ["gemm", "functions", "if_true", "large_raw_weight", "typed_int4_fields"])
  func `no beginning of a model is a model`(name: String) throws {
    let whole = try Data(contentsOf: ONNXCase.folder.appending(path: "\(name).onnx"))
    let scratch = try Scratch()
    for count in 0..<whole.count {
      try whole.prefix(count).write(to: scratch.url.appending(path: "m.onnx"))
      #expect(throws: ONNXError.self, "\(count) bytes") {
        _ = try ImportedONNX(path: scratch.path("m.onnx"))
      }
    }
  }

  /// Nothing that one wrong byte does to a model ends the process.
  @Test(arguments: ["shape_arithmetic_open", "slice_in_steps", "functions", "conv_patches"])
  func `a changed byte is refused or gives another model`(name: String) throws {
    let whole = try Data(contentsOf: ONNXCase.folder.appending(path: "\(name).onnx"))
    let scratch = try Scratch()
    for position in 0..<min(whole.count, 1500) {
      for value in [0x00, 0x7F, 0xFF, whole[position] ^ 1] as [UInt8] {
        var bytes = whole
        bytes[position] = value
        try bytes.write(to: scratch.url.appending(path: "m.onnx"))
        do {
          let model = try ModelSource(path: scratch.path("m.onnx"))
            .load(sizes: InputSizes(dims: [("batch", .upTo(4)), ("seq len", .upTo(7))]))
          _ = try model.compile()
        } catch {
          #expect(error is ModelError, "byte \(position) = \(value): \(error)")
        }
      }
    }
  }
}
