import IR
import Tensors
import Testing

@testable import BadFiles

/// What operators make of a few numbers, worked out by hand: versions, attributes and sizes that no
/// model of the fixtures has.
@Suite struct ONNXOperatorTests {
  typealias Message = ProtobufMessage

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let model: SmallModel

    init(
      _ description: String, version: Int, _ nodes: [Message], _ inputs: [HostTensor],
      constants: [Message] = [], yields outputs: [HostTensor]
    ) {
      testDescription = description
      model = SmallModel(
        nodes, version: version, inputs: inputs, constants: constants, yields: outputs)
    }
  }

  @Test(arguments: elements + shapes + places + windows + resampling + signals)
  func `an operator computes what its definition says`(operation: Case) throws {
    try operation.model.check()
  }

  private static func node(
    _ op: String, _ inputs: [String], _ outputs: [String] = ["y0"], _ attributes: [Message] = []
  ) -> Message {
    Message.node(op, inputs, outputs, attributes: attributes)
  }

  private static let int = BadOperator.int
  private static let ints = BadOperator.ints
  private static let text = BadOperator.text

  /// Each number of `values` cast to the small type with this number and back.
  private static func narrowed(
    _ what: String, type: Int, saturating: Bool?, _ values: [Double], to results: [Double]
  ) -> Case {
    let saturate = saturating.map { [int("saturate", $0 ? 1 : 0)] } ?? []
    return Case(
      "Cast to \(what)", version: 19,
      [
        node("Cast", ["x0"], ["h"], [int("to", type)] + saturate),
        node("Cast", ["h"], ["y0"], [int("to", 1)]),
      ], [.f32([values.count], values)], yields: [.f32([results.count], results)])
  }

  static let elements = [
    Case(
      "Add of bytes wraps around", version: 14,
      [node("Add", ["x0", "x1"], ["h"]), node("Cast", ["h"], ["y0"], [int("to", 7)])],
      [HostTensor(.u8, [3], [1, 200, 255]), HostTensor(.u8, [3], [2, 100, 1])],
      yields: [.i64([3], [3, 44, 0])]),
    Case(
      "Add of signed bytes wraps around", version: 14,
      [node("Add", ["x0", "x1"], ["h"]), node("Cast", ["h"], ["y0"], [int("to", 7)])],
      [HostTensor(.i8, [3], [1, 100, -128]), HostTensor(.i8, [3], [2, 100, -1])],
      yields: [.i64([3], [3, -56, 127])]),
    Case(
      "Cast to 16 bits wraps around", version: 13,
      [
        node("Cast", ["x0"], ["h"], [int("to", 5)]), node("Cast", ["h"], ["y0"], [int("to", 7)]),
      ], [.i64([3], [32767, 32768, -65537])], yields: [.i64([3], [32767, -32768, -1])]),
    narrowed(
      "e4m3, saturating by default", type: 17, saturating: nil, [300, 465, -1000],
      to: [288, 448, -448]),
    narrowed(
      "e4m3, saturating", type: 17, saturating: true, [300, 465, -1000], to: [288, 448, -448]),
    // 464 is the middle between the largest number and the next one, if there was one.
    narrowed(
      "e4m3, not saturating", type: 17, saturating: false, [300, 464, 465, -1000],
      to: [288, 448, .nan, .nan]),
    narrowed(
      "e5m2, not saturating", type: 19, saturating: false, [50000, 61440, 61441, -70000],
      to: [49152, 57344, .infinity, -.infinity]),
    Case(
      "Mod of fractions keeps the first one's sign", version: 13,
      [node("Mod", ["x0", "x1"], ["y0"], [int("fmod", 1)])],
      [.f32([4], [5.5, -5.5, 5.5, -0.5]), .f32([4], [2, 2, -2, 2])],
      yields: [.f32([4], [1.5, -1.5, 1.5, -0.5])]),
    Case(
      "PRelu of version 6 has a slope for each channel", version: 6,
      [node("PRelu", ["x0", "x1"])],
      [.f32([1, 2, 2], [-1, 2, -3, 4]), .f32([2], [0.5, 0.25])],
      yields: [.f32([1, 2, 2], [-0.5, 2, -0.75, 4])]),
  ]

  static let shapes = [
    Case(
      "DepthToSpace of a flat picture", version: 13,
      [node("DepthToSpace", ["x0"], ["y0"], [int("blocksize", 2)])],
      [.f32([1, 4, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8])],
      yields: [.f32([1, 1, 2, 4], [1, 3, 2, 4, 5, 7, 6, 8])]),
    Case(
      "NonZero", version: 13, [node("NonZero", ["x0"])], [.f32([2, 3], [0, 5, 0, 7, 0, 9])],
      yields: [.i64([2, 3], [0, 1, 1, 1, 0, 2])]),
    Case(
      "Compress along an axis", version: 11,
      [node("Compress", ["x0", "x1"], ["y0"], [int("axis", 1)])],
      [.f32([2, 3], [1, 2, 3, 4, 5, 6]), HostTensor(.bool, [3], [0, 1, 1])],
      yields: [.f32([2, 2], [2, 3, 5, 6])]),
    Case(
      "Compress without an axis", version: 11, [node("Compress", ["x0", "x1"])],
      [.f32([2, 3], [1, 2, 3, 4, 5, 6]), HostTensor(.bool, [5], [0, 1, 1, 0, 1])],
      yields: [.f32([3], [2, 3, 5])]),
    Case(
      "NonMaxSuppression by overlap", version: 11,
      [node("NonMaxSuppression", ["x0", "x1", "t0", "t1"])],
      [
        .f32([1, 3, 4], [0, 0, 4, 4, 0, 0, 4, 5, 8, 8, 9, 9]), .f32([1, 1, 3], [0.8, 0.9, 0.3]),
      ], constants: [BadOperator.integers([3]), BadOperator.floats([0.5])],
      yields: [.i64([2, 3], [0, 0, 1, 0, 0, 2])]),
  ]

  static let places = [
    Case(
      "TensorScatter goes around", version: 24,
      [node("TensorScatter", ["x0", "x1", "x2"], ["y0"], [text("mode", "circular")])],
      [.f32([1, 3, 1], [1, 2, 3]), .f32([1, 2, 1], [10, 20]), .i64([1], [2])],
      yields: [.f32([1, 3, 1], [20, 2, 10])]),
    // Scores are all 0, so that each query sees the mean of its sequence.
    Case(
      "Attention up to each sequence's end", version: 24,
      [node("Attention", ["x0", "x1", "x2", "", "", "", "x3"])],
      [
        .f32([2, 1, 1, 1], [0, 0]), .f32([2, 1, 3, 1], [1, 1, 1, 1, 1, 1]),
        .f32([2, 1, 3, 1], [1, 2, 6, 10, 20, 60]), .i64([2], [2, 3]),
      ], yields: [.f32([2, 1, 1, 1], [1.5, 30])]),
    recurrent("forward", [1, 5], last: 5),
    recurrent("reverse", [7, 3], last: 7),
  ]

  /// hₜ = relu(xₜ + 2·h) over 1, 3, where h is the state before.
  private static func recurrent(_ direction: String, _ states: [Double], last: Double) -> Case {
    Case(
      "RNN, \(direction)", version: 14,
      [
        node(
          "RNN", ["x0", "x1", "x2"], ["y0", "y1"],
          [
            text("direction", direction), int("hidden_size", 1),
            Message().text(1, "activations").int(20, 8).texts(9, ["Relu"]),
          ])
      ], [.f32([2, 1, 1], [1, 3]), .f32([1, 1, 1], [1]), .f32([1, 1, 1], [2])],
      yields: [.f32([2, 1, 1, 1], states), .f32([1, 1, 1], [last])])
  }

  static let windows = [
    Case(
      "MaxPool tells places in the whole input", version: 12,
      [node("MaxPool", ["x0"], ["y0", "y1"], [ints("kernel_shape", [2, 2])])],
      [.f32([1, 2, 2, 3], [1, 5, 2, 3, 4, 9, 7, 0, 0, 0, 0, 8])],
      yields: [.f32([1, 2, 1, 2], [5, 9, 7, 8]), .i64([1, 2, 1, 2], [1, 5, 6, 11])]),
    Case(
      "MaxPool counts a window that is begun", version: 12,
      [
        node(
          "MaxPool", ["x0"], ["y0"],
          [ints("kernel_shape", [2]), ints("strides", [3]), int("ceil_mode", 1)])
      ], [.f32([1, 1, 7], [1, 2, 3, 4, 5, 6, 7])], yields: [.f32([1, 1, 3], [2, 5, 7])]),
    transposed("SAME_UPPER", [1, 10, 102, 20]),
    transposed("SAME_LOWER", [10, 102, 20, 200]),
  ]

  /// 1·[1, 10, 100] and, two places on, 2·[1, 10, 100], without one of the ends.
  private static func transposed(_ mode: String, _ result: [Double]) -> Case {
    Case(
      "ConvTranspose, \(mode)", version: 11,
      [
        node(
          "ConvTranspose", ["x0", "x1"], ["y0"], [ints("strides", [2]), text("auto_pad", mode)])
      ], [.f32([1, 1, 2], [1, 2]), .f32([1, 1, 3], [1, 10, 100])],
      yields: [.f32([1, 1, 4], result)])
  }

  static let resampling = [
    Case(
      "Upsample by an attribute", version: 7,
      [
        node(
          "Upsample", ["x0"], ["y0"],
          [
            Message().text(1, "scales").int(20, 6)
              .data(7, [1, 1, 2, 2].flatMap { littleEndian($0) })
          ])
      ], [.f32([1, 1, 1, 2], [1, 2])], yields: [.f32([1, 1, 2, 4], [1, 1, 2, 2, 1, 1, 2, 2])]),
    // At 0.5 and 2.5: 0.59375 of the two next elements, -0.09375 of the two after them.
    Case(
      "Resize, cubic", version: 13,
      [node("Resize", ["x0", "", "", "t0"], ["y0"], [text("mode", "cubic")])],
      [.f32([1, 1, 1, 4], [10, 20, 30, 40])], constants: [BadOperator.integers([1, 1, 1, 2])],
      yields: [.f32([1, 1, 1, 2], [14.0625, 35.9375])]),
    grid([2, 3], [-1, -1, 0, -1, 1, -1, -1, 1, 0, 1, 1, 1]),
    grid([1, 2], [-1, 0, 1, 0]),
    Case(
      "GridSample between aligned corners", version: 16,
      [node("GridSample", ["x0", "x1"], ["y0"], [int("align_corners", 1)])],
      [.f32([1, 1, 1, 3], [10, 20, 30]), .f32([1, 1, 2, 2], [-1, 0, 0.5, 0])],
      yields: [.f32([1, 1, 1, 2], [10, 25])]),
  ]

  /// The corners' grid itself, by the unit matrix.
  private static func grid(_ extents: [Int], _ places: [Double]) -> Case {
    Case(
      "AffineGrid over aligned corners of \(extents)", version: 20,
      [node("AffineGrid", ["x0", "t0"], ["y0"], [int("align_corners", 1)])],
      [.f32([1, 2, 3], [1, 0, 0, 0, 1, 0])], constants: [BadOperator.integers([1, 1] + extents)],
      yields: [.f32([1] + extents + [2], places)])
  }

  private static func littleEndian(_ number: Float) -> [UInt8] {
    withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
  }

  static let signals = [
    // The example of the operator's own page.
    Case(
      "MelWeightMatrix", version: 17, [node("MelWeightMatrix", ["t0", "t1", "t2", "t3", "t4"])],
      [],
      constants: [
        BadOperator.integers([8]), BadOperator.integers([16]), BadOperator.integers([8192]),
        BadOperator.floats([0]), BadOperator.floats([4096]),
      ],
      yields: [
        .f32(
          [9, 8],
          [[0, 1], [2, 3], [4], [5], [6], [7], [], [], []].flatMap { (bins: [Int]) in
            (0..<8).map { bins.contains($0) ? 1 : 0 }
          })
      ])
  ]
}
