import Foundation
import JSON
import Tensors

@testable import Plans

/// A row-major view, or one with the strides and start that are given.
func view(
  _ region: PlanView.Region, _ shape: Shape, _ element: ElementType = .f32, strides: [Dim]? = nil,
  start: Dim = 0
) -> PlanView {
  PlanView(
    region: region, element: element, shape: shape,
    strides: strides ?? (try? shape.rowMajorStrides()) ?? [], start: start)
}

extension Plan {
  /// x: f32[T] → x + w, in as few bytes as a plan can have.
  static var minimal: Plan {
    let t = Dim(symbol: "T")
    var function = PlanFunction(name: "f")
    function.inputs = [PlanPort(name: "x", view: view(.arena(offset: 0), [t]))]
    function.steps = [
      PlanStep(
        kernel: "add", name: "y",
        operands: [view(.arena(offset: 0), [t]), view(.tensor(0), [1])],
        result: view(.arena(offset: 64), [t]))
    ]
    function.outputs = [PlanPort(name: "y", view: view(.arena(offset: 64), [t]))]
    var plan = Plan(name: "m")
    plan.symbols = [PlanSymbol(name: "T", bound: 2)]
    plan.arenaBytes = 128
    plan.tensors = [PlanTensor(name: "w", element: .f32, shape: [1])]
    plan.functions = [function]
    return plan
  }

  /// x: f32[T, 4] and ids: i64[2] → x + x, two rows of a table, and what a cache holds.
  static var small: Plan {
    let t = Dim(symbol: "T")
    let x = view(.arena(offset: 0), [t, 4])
    let ids = view(.arena(offset: 128), [2], .i64)
    let sum = view(.arena(offset: 192), [t, 4])
    let rows = view(.arena(offset: 320), [2, 4])
    var function = PlanFunction(name: "f")
    function.inputs = [PlanPort(name: "x", view: x), PlanPort(name: "ids", view: ids)]
    function.steps = [
      PlanStep(kernel: "add", name: "sum", operands: [x, x], result: sum),
      PlanStep(
        kernel: "embedding_f32", name: "rows", operands: [view(.tensor(0), [3, 4]), ids],
        result: rows),
      PlanStep(
        kernel: "cache_append", name: "seen",
        operands: [view(.state(0), [1, 1, 8, 4]), view(.arena(offset: 320), [1, 1, 2, 4])],
        result: view(.state(0), [1, 1, 2, 4], strides: [32, 32, 4, 1])),
    ]
    function.outputs = [PlanPort(name: "sum", view: sum), PlanPort(name: "rows", view: rows)]
    var plan = Plan(name: "m")
    plan.symbols = [PlanSymbol(name: "T", bound: 8)]
    plan.arenaBytes = 384
    plan.arenaLowerBound = 352
    plan.stateBytes = 256
    plan.tensors = [PlanTensor(name: "table", element: .f32, shape: [3, 4])]
    plan.states = [
      PlanState(name: "keys", element: .f32, shape: [1, 1, 8, 4], offset: 0),
      PlanState(name: "values", element: .f32, shape: [1, 1, 8, 4], offset: 128),
    ]
    plan.functions = [function]
    return plan
  }

  /// Something of all that a plan can say.
  static var rich: Plan {
    get throws {
      let (t, p) = (Dim(symbol: "T"), Dim(symbol: "P"))
      var plan = Plan.small
      plan.name = "é"
      plan.symbols.append(PlanSymbol(name: "P", bound: 6))
      plan.tensors += [
        PlanTensor(name: "half", element: .bf16, shape: [5, 3]),
        PlanTensor(name: "order", element: .i64, shape: [2]),
        PlanTensor(name: "nothing", element: .f32, shape: [0, 4]),
        PlanTensor(name: "number", element: .f32, shape: []),
      ]
      plan.functions[0].steps.append(
        PlanStep(
          kernel: "some", name: "last",
          operands: [
            // The sum's last row; its transpose; one number for all columns.
            view(.arena(offset: 192), [1, 4], strides: [4, 1], start: try t * 4 - 4),
            nil,
            view(.arena(offset: 192), [4, t], strides: [1, 4]),
            view(.tensor(4), [4, t], strides: [0, 0]),
            nil,
          ],
          result: view(.arena(offset: 0), [t, 4]), attributes: attributes))
      var peek = PlanFunction(name: "peek")
      peek.outputs = [
        PlanPort(
          name: "seen",
          view: view(.state(1), [1, 1, try p + 1, 4], strides: [32, 32, 4, 1])),
        PlanPort(name: "order", view: view(.tensor(2), [2], .i64)),
        PlanPort(name: "nothing", view: view(.arena(offset: 384), [try t - t, 4])),
      ]
      plan.functions.append(peek)
      plan.sections = [
        JSON.Member("provenance", ["by": "a test", "when": .null]),
        JSON.Member("empty", [:]),
      ]
      return plan
    }
  }

  /// Every kind of attribute.
  static let attributes = [
    JSON.Member("array", [1, [2.5, "x"], []]),
    JSON.Member("big", .unsigned(UInt64.max)),
    JSON.Member("false", .bool(false)),
    JSON.Member("infinite", "-inf"),
    JSON.Member("integer", .integer(Int64.min)),
    JSON.Member("null", .null),
    JSON.Member("object", ["z": 1, "a": ["b": .bool(true)]]),
    JSON.Member("size", .array([.array([2, "P", "T"]), .array([-1])])),
    JSON.Member("small", .number(.leastNonzeroMagnitude)),
    JSON.Member("text", .string("\"\\\n\u{1}\u{7F}\u{2028}e\u{301}🥕")),
    JSON.Member("tenth", .number(0.1)),
    JSON.Member("two", .number(2)),
  ]
}

/// 0, 1, 2 … in the type and shape of a tensor.
func values(of tensor: PlanTensor) -> TensorData {
  let count = tensor.shape.reduce(1, *)
  guard tensor.element.isFloatingPoint else {
    return TensorData((0..<count).map { Int64($0) }, shape: tensor.shape)
  }
  return TensorData((0..<count).map { Float($0) }, shape: tensor.shape)
    .converted(to: tensor.element)
}

/// A tensor that no step reads, of a size that is no multiple of the alignment.
let tokenizerTable = (name: "tokenizer.pieces", data: TensorData([Int64](0..<33)))

/// The bytes of the plan's file.
func file(of plan: Plan, extras: [(name: String, data: TensorData)] = []) throws -> [UInt8] {
  try withTemporaryFolder { folder in
    try PlanWriter.write(plan, extras: extras, to: "\(folder)/m.plan", value: values)
    return try content(of: "\(folder)/m.plan")
  }
}
