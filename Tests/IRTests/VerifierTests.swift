import Foundation
import SourceMessages
import Tensors
import Testing

@testable import IR

/// A change to a sound module, and all that the verifier says about it.
struct ModuleFlaw: Sendable, CustomTestStringConvertible {
  let diagnostic: String
  let change: @Sendable (inout Module) throws -> Void
  var testDescription: String { diagnostic }

  init(_ diagnostic: String, _ change: @escaping @Sendable (inout Module) throws -> Void) {
    self.diagnostic = diagnostic
    self.change = change
  }
}

@Suite struct VerifierTests {
  /// Values: 0 x, 1 n, 2 y, 3 z, 4 part, 5 seen, 6 both. Operations in the order of their results.
  static let sound = """
    module @m {
      symbol T <= 8
      symbol P <= 6
      weight %w : f32[4x4]
      weight %copy : f32[4x4] {copy_of = %w}
      buffer %b : f32[4] {non_persistent, value = [1.0, 2.0, 3.0, 4.0]}
      state %s : f32[1x1x8x4]
      func @f(%x: f32[Tx4], %n: f32[1x1x1x4]) -> (f32[Tx4], f32[(2*T)x4]) {
        %y    = linear(%x, %w, bias = %b)                   : f32[Tx4]
        %z    = gelu(%y) {approximate = tanh}               : f32[Tx4]
        %part = slice(%z) {axis = 0, start = 0, end = 1}    : f32[1x4]
        %seen = cache_append(%s, %n) {at = P}               : f32[1x1x(P+1)x4]
        %both = concat(%z, %y) {axis = 0}                   : f32[(2*T)x4]
        return %z, %both
      }
    }
    """

  @Test func `a sound module passes`() throws {
    #expect(Verifier.diagnostics(of: try Module.parse(Self.sound)) == [])
  }

  @Test(arguments: flaws)
  func `a broken invariant is named with its place`(flaw: ModuleFlaw) throws {
    var module = try Module.parse(Self.sound)
    try flaw.change(&module)
    #expect(Verifier.diagnostics(of: module).map(\.description) == [flaw.diagnostic])
  }

  @Test(arguments: [
    ("reshape", "[1, 1, 1, 1, 1, 1, 1, 1, 4]", "1x1x1x1x1x1x1x1x4", "rank 9 is above 8"),
    (
      "broadcast", "[16777216, 16777216, 4]", "16777216x16777216x4",
      "f32[16777216x16777216x4] has too many elements"
    ),
  ])
  func `a result is no larger than any value may be`(
    op: String, shape: String, type: String, message: String
  ) throws {
    let error = #expect(throws: TextError.self) {
      try Module.parse(
        """
        module @m {
          func @f(%x: f32[4]) -> (f32[\(type)]) {
            %y = \(op)(%x) {shape = \(shape)} : f32[\(type)]
            return %y
          }
        }
        """)
    }
    #expect(error?.items.first?.message == message)
  }

  /// Every message of the verifier is one of the above.
  @Test func `no message of the verifier is untested`() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/IR/Verifier.swift").path
    let places = try UntestedMessages.places(
      in: path, of: ["OpError", "append", "return", "report"])
    #expect(places.count > 30)
    #expect(UntestedMessages.lines(places, expected: Self.messages) == [])
  }

  /// What the flaws expect, without the places.
  static let messages = flaws.map { flaw in
    flaw.diagnostic.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? flaw.diagnostic
  }

  static let flaws = symbols + tensors + definitions + operations + sizes

  private static let symbols = [
    ModuleFlaw("symbols: two have the same name") { $0.symbols.append(Symbol("T", bound: 8)) },
    ModuleFlaw("symbol t: the name is not upper-case letters, digits and '_'") {
      $0.symbols.append(Symbol("t", bound: 8))
    },
    ModuleFlaw("symbol B: bound 0 is outside 1...2^32") {
      $0.symbols.append(Symbol("B", bound: 0))
    },
    ModuleFlaw("symbol B: bound 4294967297 is outside 1...2^32") {
      $0.symbols.append(Symbol("B", bound: 1 << 32 + 1))
    },
    ModuleFlaw("functions: two have the same name") { $0.functions.append(Function(name: "f")) },
  ]

  private static let (w, copy, b, s) = (0, 1, 2, 3)

  private static let tensors = [
    ModuleFlaw("tensors: two have the same name") {
      $0.tensors.append(ModuleTensor("b", TensorType(.f32, [1]), .weight))
    },
    ModuleFlaw("%e: rank 9 is above 8") {
      $0.tensors.append(
        ModuleTensor("e", TensorType(.f32, Shape(repeating: 1, count: 9)), .weight))
    },
    ModuleFlaw("%e: only a state may have symbolic extents, found f32[T]") {
      $0.tensors.append(ModuleTensor("e", TensorType(.f32, [Dim(symbol: "T")]), .weight))
    },
    ModuleFlaw("%e: extent -T+9 of a state is larger at smaller sizes") {
      $0.tensors.append(ModuleTensor("e", TensorType(.f32, [try 9 - Dim(symbol: "T")]), .state))
    },
    ModuleFlaw("%s: a state begins with zeros and takes no value") {
      $0.tensors[s].initializer = .splat(0)
    },
    ModuleFlaw("%b: value has 3 elements, expected 4") {
      $0.tensors[b].initializer = .dense([1, 2, 3])
    },
    ModuleFlaw(
      "%e: its value would be more than 1073741824 bytes, the most that is made; take a smaller shape"
    ) {
      $0.tensors.append(ModuleTensor("e", TensorType(.f32, [536_870_912]), .weight, .iota))
    },
    ModuleFlaw("%e: rope_frequencies needs one axis, found f32[2x2]") {
      $0.tensors.append(
        ModuleTensor("e", TensorType(.f32, [2, 2]), .weight, .ropeFrequencies(base: 10)))
    },
    ModuleFlaw("%e: random needs a floating-point type, found i64[2]") {
      $0.tensors.append(
        ModuleTensor("e", TensorType(.i64, [2]), .weight, .random(seed: 1, scale: 1)))
    },
    ModuleFlaw("%e: random has the scale inf, expected a number") {
      $0.tensors.append(
        ModuleTensor("e", TensorType(.f32, [2]), .weight, .random(seed: 1, scale: .infinity)))
    },
    ModuleFlaw("%e: a state cannot be packed") {
      $0.tensors.append(ModuleTensor("e", TensorType(.f32, [2, 2]), .state, packing: .int8))
    },
    ModuleFlaw("%e: bf16_panels needs a bf16 matrix, found f32[2x2]") {
      $0.tensors.append(ModuleTensor("e", TensorType(.f32, [2, 2]), .weight, packing: .bf16))
    },
    ModuleFlaw("%e: int4_panels needs a f32 matrix, found f32[4]") {
      $0.tensors.append(ModuleTensor("e", TensorType(.f32, [4]), .weight, packing: .int4))
    },
    ModuleFlaw("%copy: copy_of names %v, which does not exist") { $0.tensors[copy].original = "v" },
    ModuleFlaw("%copy: copy_of needs a weight like %b, which is no copy") {
      $0.tensors[copy].original = "b"
    },
    ModuleFlaw("%copy: copy_of needs a weight like %w, which is no copy") {
      $0.tensors[copy].type.shape = [2, 8]
    },
    ModuleFlaw("%e: copy_of needs a weight like %copy, which is no copy") {
      $0.tensors.append(ModuleTensor("e", TensorType(.f32, [4, 4]), .weight, original: "copy"))
    },
    ModuleFlaw("%b: a non_persistent buffer needs a value") { $0.tensors[b].initializer = nil },
  ]

  private static let definitions = [
    ModuleFlaw("@f: %x is defined twice") { $0.functions[0].parameters.append(ValueID(0)) },
    ModuleFlaw("@f, %y = linear: reads a value before its definition") {
      $0.functions[0].operations[0].operands[0] = .value(ValueID(3))
    },
    ModuleFlaw("@f, %z = gelu: reads a value before its definition") {
      $0.functions[0].operations[1].operands[0] = .tensor(TensorID(4))
    },
    ModuleFlaw("@f, %y = slice: defines a value twice") {
      $0.functions[0].operations[2].results = [ValueID(2)]
    },
    ModuleFlaw("@f, slice: defines a value twice") {
      $0.functions[0].operations[2].results = [ValueID(7)]
    },
    ModuleFlaw("@f: returns a value that is not defined") {
      $0.functions[0].results[0].operand = .value(ValueID(9))
    },
  ]

  private static let operations = [
    ModuleFlaw("@f, %z = gelu_exact: unknown operation 'gelu_exact'") {
      $0.functions[0].operations[1].op = "gelu_exact"
    },
    ModuleFlaw("@f, %z = gelu: result has type f32[4xT], expected f32[Tx4]") {
      $0.functions[0].values[3].type.shape = [4, Dim(symbol: "T")]
      $0.functions[0].operations.removeLast(3)
      $0.functions[0].results = []
    },
    ModuleFlaw("@f, %both = concat: has no operands, expected at least 1") {
      $0.functions[0].operations[4].operands = []
    },
    ModuleFlaw("@f, %z = gelu: has 2 operands, expected 1") {
      $0.functions[0].operations[1].operands.append(nil)
    },
    ModuleFlaw("@f, %y = linear: operand 'weight' is missing, expected 2 operands") {
      $0.functions[0].operations[0].operands[1] = nil
    },
    ModuleFlaw("@f, %z = gelu: has no attribute 'exact'") {
      $0.functions[0].operations[1].attributes["exact"] = .flag(true)
    },
    ModuleFlaw("@f, %z = gelu: attribute approximate = erf, expected one of none, tanh") {
      $0.functions[0].operations[1].attributes["approximate"] = .word("erf")
    },
    ModuleFlaw("@f, %seen = cache_append: writes to %e, which is not a state") {
      $0.tensors.append(ModuleTensor("e", TensorType(.f32, [1, 1, 8, 4]), .weight))
      $0.functions[0].operations[3].operands[0] = .tensor(TensorID(4))
    },
    ModuleFlaw("@f, %part = slice: attribute end is missing, expected a dimension") {
      $0.functions[0].operations[2].attributes["end"] = nil
    },
    ModuleFlaw(
      "@f, %part = reshape: strides [1x4] of f32[4xT] cannot be read as [4*T]; insert contiguous before reshape"
    ) {
      let t = Dim(symbol: "T")
      $0.functions[0].operations[1] = Operation(
        "transpose", [.value(ValueID(2))], ["perm": .integers([1, 0])], results: [ValueID(3)])
      $0.functions[0].values[3].type.shape = [4, t]
      $0.functions[0].operations[2] = Operation(
        "reshape", [.value(ValueID(3))], ["shape": .dimensions([try t * 4])], results: [ValueID(4)])
      $0.functions[0].values[4].type.shape = [try t * 4]
      $0.functions[0].operations.removeLast(2)
      $0.functions[0].results = []
    },
  ]

  /// The last of these are sound at both ends of their symbols.
  private static let sizes = [
    parameter("symbol 'X' is not defined", [Dim(symbol: "X")]),
    parameter("extent P*P*P*T is too large", [try p * p * p * t], bound: 1 << 16),
    parameter("f32[4294967296x65537] has too many elements", [4_294_967_296, 65537]),
    parameter("extent -4 becomes -4", [-4]), parameter("extent T-2 becomes -1", [try t - 2]),
    parameter("extent -P+T becomes -5", [try t - p]),
    parameter("extent T*T-9*T+9 becomes -11", [try t * t - t * 9 + 9]),
    parameter(
      "extent P*P-8*P+16 cannot be shown to be 0 or more", [try (p - 4) * (p - 4)], bound: 1 << 17),
    slice("begins at -1", from: try t - 2, to: t),
    slice("begins at -11", from: try t * t - t * 9 + 9, to: t),
    slice("reaches 9 of an axis of extent 8", from: t, to: try t + 1),
    slice("reaches 20 of an axis of extent 8", from: 0, to: try t * 9 - t * t),
    ModuleFlaw("@f, %seen = cache_append: reaches 9 of an axis of extent 8") {
      $0.functions[0].operations[3].attributes["at"] = .dimension(try p + 2)
      $0.functions[0].values[5].type.shape[2] = try p + 3
    },
    ModuleFlaw("@f, %seen = cache_append: begins at -1") {
      $0.functions[0].operations[3].attributes["at"] = .dimension(try p - 2)
      $0.functions[0].values[5].type.shape[2] = try p - 1
    },
  ]

  private static let (t, p) = (Dim(symbol: "T"), Dim(symbol: "P"))

  /// A further parameter of this shape, and `P` up to a bound.
  private static func parameter(
    _ message: String, _ shape: @autoclosure @escaping @Sendable () throws -> Shape, bound: Int = 6
  ) -> ModuleFlaw {
    ModuleFlaw("@g, %e: \(message)") {
      var function = Function(name: "g")
      function.parameters = [function.addValue("e", TensorType(.f32, try shape()))]
      $0.functions = [function]
      $0.symbols[1] = Symbol("P", bound: bound)
    }
  }

  /// Another slice, of eight elements.
  private static func slice(
    _ message: String, from start: @autoclosure @escaping @Sendable () throws -> Dim,
    to end: @autoclosure @escaping @Sendable () throws -> Dim
  ) -> ModuleFlaw {
    ModuleFlaw("@g, %part = slice: \(message)") {
      var function = Function(name: "g")
      let x = function.addValue("x", TensorType(.f32, [8]))
      function.parameters = [x]
      let part = function.addValue("part", TensorType(.f32, [try end() - start()]))
      function.operations = [
        Operation(
          "slice", [.value(x)],
          ["axis": .integer(0), "start": .dimension(try start()), "end": .dimension(try end())],
          results: [part])
      ]
      $0.functions = [function]
    }
  }
}
