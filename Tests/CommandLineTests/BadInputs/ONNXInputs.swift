import Foundation
import Testing

@testable import BadFiles

/// §2.2: ONNX models and their external data.
enum ONNXInputs {
  typealias Message = ProtobufMessage

  static let all = models + operators + built + accepted + external + sharing + runs

  /// A model of `BadONNX`, by its name.
  private static func model(_ line: String, _ name: String) -> BadInput {
    guard let bad = BadONNX.all.first(where: { $0.what == name }) else {
      preconditionFailure("a bad model named \(name)")
    }
    return BadInput(line, name, .refused(bad.problem), file: "m.onnx", bad.bytes)
  }

  static let models: [BadInput] = [
    "2.2.1": ["an empty file"],
    "2.2.2": ["text", "a varint of 11 bytes", "a length beyond the file", "a length of 2^64 - 1"],
    "2.2.3": ["trailing NULs"],
    "2.2.4": ["field 0", "a group", "wire type 6", "wire type 7", "a version that is text"],
    "2.2.5": [
      "graphs 33 deep", "graphs 5000 deep", "a sequence of sequences", "sequences 5000 deep",
      "groups 200000 deep",
    ],
    "2.2.6": ["2^22 axes", "nine axes"],
    "2.2.8": ["no graph", "no IR version", "no operator set"],
    "2.2.9": ["a late IR version", "a late operator set", "two operator sets"],
    "2.2.10": [
      "operators that are not supported, all at once", "an unknown attribute",
      "an attribute of another version", "an attribute of another type", "an attribute twice",
      "an input left out", "too many inputs",
    ],
    "2.2.11": ["an undefined input", "a cycle", "nodes out of order"],
    "2.2.12": [
      "two values of one name", "a value that hides an input", "a value that hides a constant",
      "two constants of one name", "two inputs of one name", "a branch that hides a value",
    ],
    "2.2.13": [
      "no output", "nodes without outputs", "a million inputs", "200000 terms",
      "two outputs of one name", "a branch that yields nothing",
    ],
    "2.2.14": [
      "a function that calls itself", "functions that call each other",
      "a function that calls itself in a branch",
    ],
    "2.2.15": ["functions that double 30 times"],
    "2.2.16": ["2^80 elements", "2^40 elements", "counting to 2^40"],
    "2.2.18": ["raw data too short", "raw data too long", "large raw data too short"],
    "2.2.19": ["no data", "data in two places", "text among numbers", "half of the 4-bit numbers"],
    "2.2.20": ["a negative extent", "a product beyond 64 bits", "an unknown type", "no type"],
    "2.2.30": ["an axis out of range", "a shape of -1 twice", "a shape that comes with the data"],
    "2.2.+": [
      "a name that is not UTF-8", "a name of two lines", "training information",
      "two functions of one name", "an open condition", "a place given by the file",
      "an input of 2^40 elements",
    ],
  ].sorted { $0.key < $1.key }.flatMap { line, names in names.map { model(line, $0) } }

  /// A model of `BadOperator`, by its name.
  private static func op(_ line: String, _ name: String) -> BadInput {
    guard let bad = BadOperator.all.first(where: { $0.description == name }) else {
      preconditionFailure("a bad operator named \(name)")
    }
    return BadInput(line, name, .refused(bad.problem), file: "m.onnx", bad.bytes)
  }

  static let operators: [BadInput] = [
    "2.2.10": ["Concat: no axis", "Cast: no type", "Cast: an unknown type"],
    "2.2.16": [
      "Tile: 2^50 bytes", "Pad: 2^46 bytes", "Expand: 2^46 bytes", "Resize: a matrix too large",
      "OneHot: 2^44 bytes", "Slice: 2^35 places",
    ],
    "2.2.17": ["Scan: a body", "GRU: too many steps"],
    "2.2.30": [
      "Conv: another rank of kernel", "Gemm: inner extents that differ", "RNN: no sequences",
      "Slice: a scalar", "Split: no parts", "Split: parts below 0", "Einsum: letters of a scalar",
      "Conv: strides of 0", "Conv: dilations of 0", "Conv: no groups", "CumSum: an axis too far",
      "Gather: a place beyond the end", "Slice: steps of 0", "MaxPool: a kernel too large",
    ],
  ].sorted { $0.key < $1.key }.flatMap { line, names in names.map { op(line, $0) } }

  private static func file(
    _ line: String, _ what: String, _ verdict: BadInput.Verdict, _ message: Message
  ) -> BadInput {
    BadInput(line, what, verdict, file: "m.onnx", message.bytes)
  }

  private static func loop(_ op: String, _ graph: Message) -> Message {
    Message.model(
      Message.graph(
        [Message.node(op, ["m", "c", "x"], attributes: [Message.attribute("body", graph: graph)])],
        tensors: [
          Message.tensor("m", [], type: 7, raw: Array(repeating: 0xFF, count: 7) + [0x7F]),
          BadONNX.yes,
        ]))
  }

  static let built: [BadInput] = [
    BadInput(
      "2.2.2", "half of a model", .refused("not an ONNX model"), file: "m.onnx",
      Array(BadONNX.good.bytes.dropLast(9))),
    BadInput(
      "2.2.2", "random bytes", .refused("not an ONNX model"), file: "m.onnx",
      (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }),
    BadInput("2.2.7", "more than 2 GiB", .refused("store the weights as external data")) { folder in
      let path = try folder.write(BadONNX.good.bytes, to: "m.onnx")
      try folder.extend("m.onnx", to: 1 << 31 + 1)
      return ["compile", path, "-o", folder.output("x.plan")]
    },
    file("2.2.17", "2^63 - 1 rounds of Loop", .refused("Loop"), loop("Loop", Message.graph([]))),
    file(
      "2.2.20", "an element type of 999 in an input", .refused("type"),
      Message.model(
        Message.graph([Message.node("Neg", ["x"])], inputs: [Message.value("x", [2], type: 999)]))),
    file(
      "2.2.+", "sparse constants", .refused("sparse initializers"),
      Message.model(Message.graph([Message.node("Neg", ["x"])]).message(15, Message()))),
    file(
      "2.2.+", "a name of 1 MB", .refused("too long"),
      Message.model(
        Message.graph([Message.node("Neg", [String(repeating: "x", count: 1 << 20)])]))),
    BadInput("2.2.+", "a model that is a pipe", .refused("not a regular file")) { folder in
      mkfifo(folder.file("m.onnx"), 0o600)
      return ["compile", folder.file("m.onnx"), "-o", folder.output("x.plan")]
    },
    BadInput("2.2.+", "a model that is a folder", .refused("m.onnx")) { folder in
      mkdir(folder.file("m.onnx"), 0o700)
      return ["compile", folder.file("m.onnx"), "-o", folder.output("x.plan")]
    },
  ]

  /// `If` of a known condition, as often as this, around one node.
  private static func branches(_ count: Int) -> Message {
    let inner = Message.graph(
      [Message.node("Neg", ["x"], ["y0"])], inputs: [], outputs: [Message.value("y0", [2])])
    let outer = (1...count).reduce(inner) { graph, level in
      let attribute = Message.attribute("then_branch", graph: graph)
      let other = Message.attribute("else_branch", graph: graph)
      let name = level == count ? "y" : "y\(level)"
      return Message.graph(
        [Message.node("If", ["c"], [name], name: "if\(level)", attributes: [attribute, other])],
        inputs: level == count ? [Message.value("x", [2])] : [],
        outputs: [Message.value(name, [2])], tensors: level == count ? [BadONNX.yes] : [])
    }
    return Message.model(outer)
  }

  /// A node between constants and `x`, so that it is computed while the model is compiled.
  private static func folded(_ nodes: [Message], _ tensors: [Message], type: Int = 7) -> Message {
    // ONNX Runtime wants nodes to have different names.
    let cast = Message.node(
      "Cast", ["x"], ["i"], name: "cast", attributes: [Message.attribute("to", int: type)])
    return Message.model(
      Message.graph(
        nodes + [cast, Message.node("Add", ["i", "k"], name: "add")],
        outputs: [Message.value("y", [2], type: type)], tensors: tensors))
  }

  private static func int64(_ name: String, _ value: Int) -> Message {
    Message.tensor(
      name, [], type: 7, raw: withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) })
  }

  static let accepted: [BadInput] = [
    file(
      "2.2.4", "unknown fields", .accepted("1 function"),
      BadONNX.good.text(999, "new").int(1000, 5)),
    file("2.2.5", "branches 3 deep", .accepted("1 function"), branches(3)),
    file(
      "2.2.31", "the least integer by -1", .accepted("1 function"),
      folded([Message.node("Div", ["a", "b"], ["k"])], [int64("a", .min), int64("b", -1)])),
    file(
      "2.2.31", "an integer by 0", .accepted("1 function"),
      folded([Message.node("Div", ["a", "b"], ["k"])], [int64("a", 7), int64("b", 0)])),
    file(
      "2.2.31", "the rest of an integer by 0", .accepted("1 function"),
      folded([Message.node("Mod", ["a", "b"], ["k"])], [int64("a", 7), int64("b", 0)])),
    file(
      "2.2.31", "the rest of the least integer by -1", .accepted("1 function"),
      folded([Message.node("Mod", ["a", "b"], ["k"])], [int64("a", .min), int64("b", -1)])),
    file(
      "2.2.31", "NaN as an integer", .accepted("1 function"),
      folded(
        [Message.node("Cast", ["a"], ["k"], attributes: [Message.attribute("to", int: 7)])],
        [Message.tensor("a", [], raw: [0, 0, 0xC0, 0x7F])])),
    file(
      "2.2.31", "infinity as an integer", .accepted("1 function"),
      folded(
        [Message.node("Cast", ["a"], ["k"], attributes: [Message.attribute("to", int: 7)])],
        [Message.tensor("a", [], raw: [0, 0, 0x80, 0x7F])])),
    file(
      "2.2.31", "a shift by 64", .accepted("1 function"),
      folded(
        [
          Message.node(
            "BitShift", ["a", "b"], ["k"],
            attributes: [Message().text(1, "direction").int(20, 3).text(4, "LEFT")])
        ],
        [
          Message.tensor("a", [], type: 13, raw: [1, 0, 0, 0, 0, 0, 0, 0]),
          Message.tensor("b", [], type: 13, raw: [64, 0, 0, 0, 0, 0, 0, 0]),
        ], type: 13)),
  ]

  static let runs: [BadInput] = [
    BadInput("2.2.32", "inputs that contradict each other", .refused("x.plan: ")) { folder in
      let value = { (name: String) in
        let dims = Message().message(1, Message().text(2, "N"))
        let type = Message().message(1, Message().int(1, 1).message(2, dims))
        return Message().text(1, name).message(2, type)
      }
      let model = Message.model(
        Message.graph(
          [Message.node("Add", ["a", "b"])], inputs: [value("a"), value("b")], outputs: [value("y")]
        ))
      let path = try folder.write(model.bytes, to: "m.onnx")
      // The plan is the case's own, so it stands with what is given.
      let plan = folder.file("x.plan")
      let compile = try CommandLineProcess.run(["compile", path, "-o", plan, "--dim", "N<=8"])
      try #require(compile.status == 0, "\(compile.errors)")
      let a = try folder.write(Array(GraphTests.npy([1, 2], shape: "(2,)")), to: "a.npy")
      let b = try folder.write(Array(GraphTests.npy([1, 2, 3], shape: "(3,)")), to: "b.npy")
      return [
        "run", plan, "--input", "a=\(a)", "--input", "b=\(b)", "--output-dir",
        folder.output("results"),
      ]
    }
  ]
}
