import Compiler
import IR
import Tensors

/// One operation on operands of some megabytes, as text of the graph.
struct KernelCase {
  /// The kernel that a plan of it must use.
  let kernel: String
  /// What sets it apart from other cases of the kernel.
  let variant: String
  /// Parameters by type, such as `f32[1024x1024]`; they are named %a, %b, ….
  let operands: [String]
  /// `floor(%a)`, or several lines that end in the value %y.
  let body: String
  let result: String
  /// Weights and symbols of the module.
  var declarations = ""
  /// A second function, which uses a weight in another way.
  var otherFunction = ""
  /// How large weights are stored.
  var dtype = PassContext.DType.f32
  /// Numbers that inputs of i64 have; ids of rows must be within their table.
  var integers: ClosedRange<Int64> = -50...50

  var name: String { variant.isEmpty ? kernel : "\(kernel) \(variant)" }

  func module() throws -> Module {
    let parameters = zip("abcde", operands).map { "%\($0): \($1)" }.joined(separator: ", ")
    let lines = body.contains("%y =") ? body : "%y = \(body) : \(result)"
    return try Module.parse(
      """
      module @case {
        \(declarations)
        func @main(\(parameters)) -> (y: \(result)) {
          \(lines)
          return %y
        }
        \(otherFunction)
      }
      """)
  }
}

extension KernelCase {
  /// Kernels that the arithmetic bounds, not the memory, whose speeds `paligraph bench` shows; one whose time
  /// the data decide; and one that no compiled plan has.
  static func isLeftOut(_ kernel: String) -> Bool {
    let names: Set = [
      "matmul", "attention", "patch_conv", "depthwise_conv", "non_max_suppression",
      "embedding_int4_panels",
    ]
    return names.contains(kernel) || kernel.hasPrefix("linear") || kernel.hasPrefix("conv_")
  }

  /// Beginnings of the names of cases that something else than memory bounds.
  private static let bounds: [(name: String, share: Double, reason: String)] = [
    ("pow", 0.04, "arithmetic in double precision"),
    ("top_k", 0.003, "log k steps for each that is found"),
    ("gather of elements", 0.04, "a miss for each element"),
    ("scatter", 0.04, "a miss for each element"),
    ("copy bool", 0.03, "elements of one byte"),
    ("cast f8", 0.06, "looked up byte by byte"),
    ("cast f4", 0.06, "looked up byte by byte"),
    ("batch_norm of features", 0.02, "statistics of columns"),
  ]

  /// The share of what `exp` moves in a second that a kernel must move, and why where it is a small one.
  var least: (share: Double, reason: String) {
    let bound = Self.bounds.first { name.hasPrefix($0.name) }
    return (bound?.share ?? 0.1, bound?.reason ?? "")
  }

  static let all: [KernelCase] = functions + comparisons + casts + reductions + lines + moves + rows

  private static let square = "1024x1024"

  private static func unary(_ kernel: String, _ type: String = "f32") -> KernelCase {
    KernelCase(
      kernel: kernel, variant: type == "f32" ? "" : type, operands: ["\(type)[\(square)]"],
      body: "\(kernel)(%a)", result: "\(type)[\(square)]")
  }

  private static func binary(
    _ kernel: String, _ type: String = "f32", _ left: String = square, _ right: String = square,
    result: String = square, to: String? = nil, variant: String = ""
  ) -> KernelCase {
    let words = [type == "f32" ? "" : type, variant].filter { !$0.isEmpty }
    return KernelCase(
      kernel: kernel, variant: words.joined(separator: " "),
      operands: ["\(type)[\(left)]", "\(type)[\(right)]"], body: "\(kernel)(%a, %b)",
      result: "\(to ?? type)[\(result)]", integers: kernel.hasPrefix("shift") ? 0...8 : -50...50)
  }

  private static let functions: [KernelCase] =
    [
      "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "atan", "sigmoid", "silu", "gelu",
      "floor", "round", "neg", "abs", "relu",
    ].map { unary($0) } + ["neg", "abs", "relu"].map { unary($0, "i64") }
    + ["add", "sub", "mul", "div", "pow", "maximum", "minimum"].flatMap {
      [binary($0), binary($0, "i64")]
    }
    + ["bit_and", "bit_or", "bit_xor", "shift_left", "shift_right"].map { binary($0, "i64") }
    + ["f32", "i64"].flatMap { type in
      [
        binary("add", type, square, "1024x1", variant: "with a column"),
        binary("add", type, square, "1024", variant: "with a row"),
        binary(
          "add", type, "262144x4", "262144x1", result: "262144x4", variant: "of short rows"),
        KernelCase(
          kernel: "add", variant: "\(type) with a transpose",
          operands: ["\(type)[\(square)]", "\(type)[\(square)]"],
          body: "%t = transpose(%b) {perm = [1, 0]} : \(type)[\(square)]\n"
            + "%y = add(%a, %t) : \(type)[\(square)]",
          result: "\(type)[\(square)]"),
      ]
    }

  private static let comparisons: [KernelCase] =
    ["f32", "i64"].flatMap { type in
      ["less", "equal"].flatMap {
        [
          binary($0, type, to: "bool"),
          binary($0, type, square, "1024x1", to: "bool", variant: "with a column"),
        ]
      }
    } + [binary("equal", "bool", to: "bool")]
    + ["f32", "i64", "bool"].flatMap { type in
      [square, "1024x1", "1x1024"].map { condition in
        KernelCase(
          kernel: "where", variant: "\(type) by \(condition)",
          operands: ["bool[\(condition)]", "\(type)[\(square)]", "\(type)[\(square)]"],
          body: "where(%a, %b, %c)", result: "\(type)[\(square)]")
      }
    }

  private static let casts: [KernelCase] = ElementType.allCases.flatMap { from in
    let targets: [ElementType] =
      [.f32, .i64].contains(from) ? ElementType.allCases : [.f32, .i64, .bool]
    return targets.filter { $0 != from }.map { to in
      KernelCase(
        kernel: "cast", variant: "\(from) to \(to)", operands: ["\(from)[\(square)]"],
        body: "cast(%a) {to = \(to)}", result: "\(to)[\(square)]")
    }
  }

  private static let reductions: [KernelCase] =
    ["f32", "i64"].flatMap { type in
      ["sum", "mean", "max", "prod"].filter { type == "f32" || $0 != "mean" }.flatMap { kernel in
        [
          ("of rows", square, "[1]", "1024x1"), ("of columns", square, "[0]", "1x1024"),
          ("of all", square, "[0, 1]", "1x1"),
          ("of planes", "16x64x1024", "[0, 2]", "1x64x1"),
          ("of short rows", "262144x4", "[1]", "262144x1"),
        ].map { variant, shape, axes, result in
          KernelCase(
            kernel: kernel, variant: "\(type) \(variant)", operands: ["\(type)[\(shape)]"],
            body: "\(kernel)(%a) {axes = \(axes)}", result: "\(type)[\(result)]")
        }
      }
    }

  private static let lines: [KernelCase] =
    ["f32", "i64"].flatMap { type in
      (0...1).flatMap { axis in
        [
          KernelCase(
            kernel: "cumsum", variant: "\(type) axis \(axis)", operands: ["\(type)[\(square)]"],
            body: "cumsum(%a) {axis = \(axis)}", result: "\(type)[\(square)]")
        ]
          + [1, 10, 100].map { k in
            KernelCase(
              kernel: "top_k", variant: "\(k) of \(type) axis \(axis)",
              operands: ["\(type)[\(square)]"], body: "top_k(%a) {k = \(k), axis = \(axis)}",
              result: "i64[\(axis == 0 ? "\(k)x1024" : "1024x\(k)")]")
          }
      }
    }
    + (0...1).map { axis in
      KernelCase(
        kernel: "softmax", variant: "axis \(axis)", operands: ["f32[\(square)]"],
        body: "softmax(%a) {axis = \(axis)}", result: "f32[\(square)]")
    }
}
