import Foundation
import Interchange
import PaliGraph
import Testing

@Suite struct ProbeTests {
  typealias Message = ProtobufMessage
  typealias Op = ONNXOperatorRefusalTests
  typealias File = ONNXRefusalTests

  static func zeros(_ shape: [Int]) -> Message {
    Message.tensor("", shape, raw: Array(repeating: 0, count: 4 * shape.reduce(1, *)))
  }

  static let ops: [Op.Bad] = [
    .init("expand", "?", "Expand", tensors: [Op.integers([1 << 20, 1 << 20, 4, 4])]),
    .init("tile", "?", "Tile", tensors: [Op.integers([1 << 20, 1 << 20, 4, 4])]),
    .init("tile neg", "?", "Tile", tensors: [Op.integers([-1, 1, 1, 1])]),
    .init("pad", "?", "Pad", tensors: [Op.integers([1 << 20, 1 << 20, 0, 0, 0, 0, 0, 0])]),
    .init("resize", "?", "Resize", tensors: [Op.integers([1, 1, 1 << 20, 1 << 20])], skipping: 2),
    .init("onehot", "?", "OneHot", tensors: [Op.integers([1 << 40]), Op.floats([0, 1])]),
    .init("conv rank", "?", "Conv", x: [1, 4], tensors: [zeros([1, 1, 1, 1])]),
    .init("conv ranks", "?", "Conv", x: [1, 1, 4], tensors: [zeros([1, 1, 1, 1])]),
    .init("conv stride 0", "?", "Conv", attributes: [Op.ints("strides", [0, 1])], tensors: [zeros([1, 1, 1, 1])]),
    .init("conv dilation 0", "?", "Conv", attributes: [Op.ints("dilations", [0, 1])], tensors: [zeros([1, 1, 1, 1])]),
    .init("conv neg pads", "?", "Conv", attributes: [Op.ints("pads", [-9, 0, 0, 0])], tensors: [zeros([1, 1, 1, 1])]),
    .init("conv group 0", "?", "Conv", attributes: [Op.int("group", 0)], tensors: [zeros([1, 1, 1, 1])]),
    .init("conv group 3", "?", "Conv", attributes: [Op.int("group", 3)], tensors: [zeros([3, 1, 1, 1])]),
    .init("conv kernel_shape", "?", "Conv", attributes: [Op.ints("kernel_shape", [3, 3])], tensors: [zeros([1, 1, 1, 1])]),
    .init("gemm", "?", "Gemm", tensors: [zeros([4, 4])]),
    .init("gemm", "?", "Gemm", x: [4, 3], tensors: [zeros([4, 4])]),
    .init("gemm C", "?", "Gemm", x: [4, 4], tensors: [zeros([4, 4]), zeros([3])]),
    .init("rnn", "?", "RNN", x: [4], tensors: [zeros([1]), zeros([1])]),
    .init("slice", "?", "Slice", x: [4], tensors: [Op.integers([0, 0]), Op.integers([1])]),
    .init("slice axes", "?", "Slice", x: [4], tensors: [Op.integers([0]), Op.integers([1]), Op.integers([7])]),
    .init("slice step 0", "?", "Slice", x: [4], tensors: [Op.integers([0]), Op.integers([1]), Op.integers([0]), Op.integers([0])]),
    .init("slice step min", "?", "Slice", x: [4], tensors: [Op.integers([.max]), Op.integers([.min]), Op.integers([0]), Op.integers([.min])]),
    .init("slice scalar", "?", "Slice", x: [], tensors: [Op.integers([0]), Op.integers([1])]),
    .init("split 0", "?", "Split", attributes: [Op.int("num_outputs", 0)]),
    .init("split", "?", "Split", x: [4], tensors: [Op.integers([0])]),
    .init("split", "?", "Split", x: [4], tensors: [Op.integers([5, -1])]),
    .init("einsum scalar", "?", "Einsum", attributes: [Op.text("equation", "i->")], x: []),
    .init("gather", "?", "Gather", x: [4], tensors: [Op.integers([9])]),
    .init("gather neg", "?", "Gather", x: [4], tensors: [Op.integers([-5])]),
    .init("gather axis", "?", "Gather", attributes: [Op.int("axis", 5)], x: [4], tensors: [Op.integers([0])]),
    .init("concat", "?", "Concat", x: [4], tensors: [zeros([4])]),
    .init("cast", "?", "Cast", x: [4]),
    .init("cast", "?", "Cast", attributes: [Op.int("to", 8)], x: [4]),
    .init("cast", "?", "Cast", attributes: [Op.int("to", 99)], x: [4]),
    .init("flatten", "?", "Flatten", attributes: [Op.int("axis", 9)], x: [4]),
    .init("scan", "?", "Scan", x: [4]),
    .init("reshape", "?", "Reshape", x: [4], tensors: [Op.integers([3])]),
    .init("reshape", "?", "Reshape", x: [4], tensors: [Op.integers([3, -1])]),
    .init("reshape", "?", "Reshape", x: [4], tensors: [Op.integers([-2])]),
    .init("unsqueeze", "?", "Unsqueeze", x: [4], tensors: [Op.integers([0, 0])]),
    .init("unsqueeze many", "?", "Unsqueeze", x: [4], tensors: [Op.integers([0, 1, 2, 3, 4, 5, 6, 7])]),
    .init("squeeze", "?", "Squeeze", x: [4], tensors: [Op.integers([0])]),
    .init("batchnorm", "?", "BatchNormalization", tensors: [zeros([2]), zeros([2]), zeros([2]), zeros([2])]),
    .init("layernorm", "?", "LayerNormalization", x: [4], tensors: [zeros([3])]),
    .init("matmul", "?", "MatMul", x: [4], tensors: [zeros([3])]),
    .init("quant", "?", "QuantizeLinear", x: [4], tensors: [zeros([3])]),
    .init("avgpool", "?", "AveragePool", attributes: [Op.ints("kernel_shape", [2, 2]), Op.ints("strides", [0, 0])]),
    .init("maxpool neg", "?", "MaxPool", attributes: [Op.ints("kernel_shape", [-2, 2])]),
    .init("maxpool auto", "?", "MaxPool", attributes: [Op.ints("kernel_shape", [2, 2]), Op.text("auto_pad", "EVEN")]),
    .init("trilu", "?", "Trilu", x: [4]),
    .init("reduce", "?", "ReduceSum", tensors: [Op.integers([9])]),
    .init("reduce twice", "?", "ReduceSum", tensors: [Op.integers([0, 0])]),
    .init("transpose", "?", "Transpose", attributes: [Op.ints("perm", [0, 0, 1, 2])]),
    .init("where", "?", "Where", x: [4], tensors: [zeros([4]), zeros([4])]),
    .init("eyelike", "?", "EyeLike", x: [4]),
  ]

  static func model(_ nodes: [Message], inputs: [Message] = [Message.value("x", [2])], outputs: [Message] = [Message.value("y", [2])], tensors: [Message] = [], functions: [Message] = []) -> [UInt8] {
    Message.model(Message.graph(nodes, inputs: inputs, outputs: outputs, tensors: tensors), functions: functions).bytes
  }
  static let one = Message.tensor("c", [1], type: 9, raw: [1])
  static func then(_ graph: Message, _ input: String = "c") -> Message {
    Message.node("If", [input], attributes: [Message.attribute("then_branch", graph: graph), Message.attribute("else_branch", graph: graph)])
  }
  static func sequence(_ depth: Int) -> Message {
    var t = Message().message(1, Message().int(1, 1))
    for _ in 0..<depth { t = Message().message(4, Message().message(1, t)) }
    return t
  }
  static func groups(_ n: Int) -> [UInt8] { Array(repeating: 0x83, count: 0) + (0..<n).flatMap { _ in [0xFB, 0x07] as [UInt8] } + (0..<n).flatMap { _ in [0xFC, 0x07] as [UInt8] } }

  static let files: [File.Bad] = [
    .init("wire 6", "?", File.good.bytes + [0x0E, 0]),
    .init("wrong wire", "?", Message().text(1, "8").message(7, Message.graph([Message.node("Neg", ["x"])])).message(8, Message.operators(13))),
    .init("unknown field OK", "?", File.good.bytes + Message().text(999, "hello").bytes),
    .init("groups 30", "?", File.good.bytes + groups(30)),
    .init("groups 200000", "?", File.good.bytes + groups(200000)),
    .init("If 30 deep", "?", Message.model(File.nested(30))),
    .init("seq 10", "?", model([Message.node("Neg", ["x"])], inputs: [Message.value("x", [2]), Message().text(1, "s").message(2, sequence(10))])),
    .init("seq 5000", "?", model([Message.node("Neg", ["x"])], inputs: [Message.value("x", [2]), Message().text(1, "s").message(2, sequence(5000))])),
    .init("dims 2^20", "?", tensor: Message().data(1, Array(repeating: 1, count: 1 << 20)).int(2, 1).text(8, "w").data(9, [0, 0, 0, 0])),
    .init("dims 2^25", "?", tensor: Message().data(1, Array(repeating: 1, count: 1 << 25)).int(2, 1).text(8, "w").data(9, [0, 0, 0, 0])),
    .init("unsorted", "?", model([Message.node("Neg", ["h"]), Message.node("Abs", ["x"], ["h"])])),
    .init("shadows init", "?", model([Message.node("Neg", ["x"], ["w"])], tensors: [Message.tensor("w", [2], raw: Array(repeating: 0, count: 8))])),
    .init("two inits", "?", model([Message.node("Add", ["x", "w"])], tensors: [Message.tensor("w", [2], raw: Array(repeating: 0, count: 8)), Message.tensor("w", [2], raw: Array(repeating: 0, count: 8))])),
    .init("two inputs", "?", model([Message.node("Neg", ["x"])], inputs: [Message.value("x", [2]), Message.value("x", [2])])),
    .init("branch shadows", "?", model([then(Message.graph([Message.node("Neg", ["x"], ["x"])], inputs: [], outputs: [Message.value("x", [2])]))], tensors: [one])),
    .init("branch shadows later", "?", model([then(Message.graph([Message.node("Neg", ["x"], ["y"])], inputs: [], outputs: [Message.value("y", [2])]))], tensors: [one])),
    .init("million inputs", "?", model([Message.node("Neg", Array(repeating: "x", count: 1_000_000))])),
    .init("200k concat", "?", model([Message.node("Concat", Array(repeating: "x", count: 200_000), attributes: [Message.attribute("axis", int: 0)])], outputs: [Message.value("y", [400_000])])),
    .init("200k sum", "?", model([Message.node("Sum", Array(repeating: "x", count: 200_000))])),
    .init("no outputs", "?", model([Message.node("Neg", ["x"], []), Message.node("Neg", ["x"], [""])])),
    .init("self via If", "?", model([Message.node("A", ["x"], domain: "f")], functions: [Message.function("A", [Message.node("Constant", [], ["c"], attributes: [Message().text(1, "value").int(20, 4).message(5, one)]), then(Message.graph([Message.node("A", ["x"], ["z"], domain: "f")], inputs: [], outputs: [Message.value("z", [2])]))])])),
    .init("range", "?", model([Message.node("Range", ["a", "b", "d"], ["r"]), Message.node("Neg", ["r"])], tensors: [Message.tensor("a", [], type: 7, raw: Array(repeating: 0, count: 8)), Message.tensor("b", [], type: 7, raw: [0, 0, 0, 0, 0, 1, 0, 0]), Message.tensor("d", [], type: 7, raw: [1, 0, 0, 0, 0, 0, 0, 0])])),
    .init("range step 0", "?", model([Message.node("Range", ["a", "b", "d"], ["r"]), Message.node("Neg", ["r"])], tensors: [Message.tensor("a", [], type: 7, raw: Array(repeating: 0, count: 8)), Message.tensor("b", [], type: 7, raw: [0, 0, 0, 0, 0, 1, 0, 0]), Message.tensor("d", [], type: 7, raw: [0, 0, 0, 0, 0, 0, 0, 0])])),
    .init("cos 2^40", "?", model([Message.node("ConstantOfShape", ["w"], ["c"]), Message.node("ReduceSum", ["c"])], tensors: [Message.tensor("w", [1], type: 7, raw: [0, 0, 0, 0, 0, 1, 0, 0])])),
    .init("strings in float", "?", tensor: Message.tensor("w", [2]).text(6, "a").text(6, "b")),
    .init("strings", "?", tensor: Message.tensor("w", [2], type: 8).text(6, "a").text(6, "b")),
    .init("int4 count", "?", tensor: Message.tensor("w", [3], type: 22).int(5, 1)),
    .init("f16 in float_data", "?", tensor: Message.tensor("w", [1], type: 10).data(4, [0, 0, 0, 0])),
    .init("type 0", "?", tensor: Message.tensor("w", [1], type: 0, raw: [0])),
    .init("complex", "?", tensor: Message.tensor("w", [1], type: 14, raw: Array(repeating: 0, count: 8))),
    .init("input negative dim", "?", model([Message.node("Neg", ["x"])], inputs: [Message.value("x", [-2])])),
    .init("input 0 dim", "?", model([Message.node("Neg", ["x"])], inputs: [Message.value("x", [0])])),
    .init("input huge", "?", model([Message.node("Neg", ["x"])], inputs: [Message.value("x", [1 << 40, 1 << 40])])),
    .init("input 2^40", "?", model([Message.node("Neg", ["x"])], inputs: [Message.value("x", [1 << 40])])),
    .init("input 2^36", "?", model([Message.node("Neg", ["x"])], inputs: [Message.value("x", [1 << 36])])),
    .init("input string", "?", model([Message.node("Neg", ["x"])], inputs: [Message.value("x", [2], type: 8)])),
    .init("output shape", "?", model([Message.node("Neg", ["x"])], outputs: [Message.value("y", [5])])),
    .init("output rank", "?", model([Message.node("Neg", ["x"])], outputs: [Message.value("y", [1, 2])])),
    .init("output type", "?", model([Message.node("Neg", ["x"])], outputs: [Message.value("y", [2], type: 7)])),
    .init("mixed types", "?", model([Message.node("Add", ["x", "w"])], tensors: [Message.tensor("w", [2], type: 7, raw: Array(repeating: 0, count: 16))])),
    .init("mixed types 2", "?", model([Message.node("Add", ["x", "w"])], inputs: [Message.value("x", [2]), Message.value("w", [2], type: 6)])),
    .init("int div 0", "?", model([Message.node("Div", ["w", "z"])], outputs: [Message.value("y", [1], type: 7)], tensors: [Message.tensor("w", [1], type: 7, raw: [0, 0, 0, 0, 0, 0, 0, 128]), Message.tensor("z", [1], type: 7, raw: Array(repeating: 0, count: 8))])),
    .init("int min div -1", "?", model([Message.node("Div", ["w", "z"])], outputs: [Message.value("y", [1], type: 7)], tensors: [Message.tensor("w", [1], type: 7, raw: [0, 0, 0, 0, 0, 0, 0, 128]), Message.tensor("z", [1], type: 7, raw: Array(repeating: 255, count: 8))])),
    .init("mod 0", "?", model([Message.node("Mod", ["w", "z"])], outputs: [Message.value("y", [1], type: 7)], tensors: [Message.tensor("w", [1], type: 7, raw: [0, 0, 0, 0, 0, 0, 0, 128]), Message.tensor("z", [1], type: 7, raw: Array(repeating: 0, count: 8))])),
    .init("nan to int", "?", model([Message.node("Cast", ["w"], attributes: [Message.attribute("to", int: 7)])], outputs: [Message.value("y", [1], type: 7)], tensors: [Message.tensor("w", [1], raw: [0, 0, 0xC0, 0x7F])])),
    .init("shift 64", "?", model([Message.node("BitShift", ["w", "w"], attributes: [Message().text(1, "direction").int(20, 3).text(4, "LEFT")])], outputs: [Message.value("y", [1], type: 13)], tensors: [Message.tensor("w", [1], type: 13, raw: [64, 0, 0, 0, 0, 0, 0, 0])])),
    .init("bool 2", "?", model([Message.node("Not", ["w"])], outputs: [Message.value("y", [1], type: 9)], tensors: [Message.tensor("w", [1], type: 9, raw: [2])])),
    .init("escape in name", "?", model([Message.node("Neg", ["x"], ["h\u{1B}[31m"]), Message.node("Neg", ["x"])])),
    .init("DEL/C1 name", "?", model([Message.node("Foo\u{9B}\u{7F}", ["x"])])),
    .init("sparse", "?", Message.model(Message.graph([Message.node("Neg", ["x"])]).message(15, Message()))),
    .init("tensor w/o name unused huge", "?", model([Message.node("Neg", ["x"])], tensors: [Message.tensor("", [2], raw: Array(repeating: 0, count: 8))])),
    .init("max opset dom", "?", Message.model(Message.graph([Message.node("Neg", ["x"])]), sets: [Message.operators(-1)])),
    .init("sets: 13 + unknown 9999", "?", Message.model(Message.graph([Message.node("Neg", ["x"])]), sets: [Message.operators(13), Message.operators(9999, domain: "z")])),
    .init("100k nodes chain", "?", model((0..<100_000).map { i in Message.node("Neg", [i == 0 ? "x" : "h\(i - 1)"], [i == 99_999 ? "y" : "h\(i)"]) })),
  ]

  @Test func `probe`() throws {
    let scratch = try Scratch()
    for (name, bytes) in Self.ops.map({ ($0.testDescription, $0.bytes) }) + Self.files.map({ ($0.what, $0.bytes) }) {
      try Data(bytes).write(to: scratch.url.appending(path: "m.onnx"))
      let start = ContinuousClock.now
      var result = "ACCEPTED"
      FileHandle.standardError.write(Data("PROBE \(name) …\n".utf8))
      do {
        let model = try ModelSource(path: scratch.path("m.onnx")).load()
        result = "IMPORTED"
        try model.write(try model.compile(), to: scratch.path("m.plan"))
        result = "ACCEPTED"
      } catch { result += " \(error)".replacingOccurrences(of: scratch.url.path, with: "") }
      FileHandle.standardError.write(Data("PROBE \(name) => \(ContinuousClock.now - start): \(result.prefix(300))\n".utf8))
    }
  }
}
