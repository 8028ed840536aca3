import Tensors

/// What a program assumes of the plan functions that it calls, as data: the symbols that it sets, the
/// sizes that the plan chooses, and the element type and shape of every port.
///
/// A declaration returns a handle, and ports are accessed through handles only. `match` checks a plan
/// against all declarations, so what a program uses and what is checked are the same text:
///
///     var interface = PlanInterface()
///     let tokens = interface.symbol("T", upTo: 300)
///     let vocabulary = interface.size("vocabulary_size", in: 1...1 << 20)
///     let prefill = interface.function("prefill")
///     let ids = interface.input("input_ids", of: prefill, Int64.self, [1, tokens.dim])
///     let logits = interface.output("logits", of: prefill, Float.self, [1, vocabulary.dim])
public struct PlanInterface: Sendable {
  /// A size that the caller sets before a call, from 1 to `largest`.
  public struct Symbol: Hashable, Sendable {
    let index: Int
    public let name: String
    public let largest: Int

    public var dim: Dim { Dim(symbol: name) }
  }

  /// A size that the plan chooses: a constant, equal in all places that it occurs in.
  public struct Size: Hashable, Sendable {
    let index: Int
    public let name: String
    public let range: ClosedRange<Int>

    public var dim: Dim { Dim(symbol: name) }
  }

  /// A function whose inputs and outputs are exactly those that are declared.
  public struct Function: Hashable, Sendable {
    let index: Int
    public let name: String
  }

  /// An input or output: dense, at every value of the symbols.
  public struct Port: Hashable, Sendable {
    public let function: Function
    public let name: String
    public let element: ElementType
    public let shape: Shape
  }

  /// An input that takes elements of one type.
  public struct InputPort<Element: TensorElement>: Hashable, Sendable {
    let index: Int
    public let function: Function
  }

  /// An output that has elements of one type.
  public struct OutputPort<Element: TensorElement>: Hashable, Sendable {
    let index: Int
    public let function: Function
  }

  public private(set) var symbols: [Symbol] = []
  public private(set) var sizes: [Size] = []
  public private(set) var functions: [Function] = []
  public private(set) var inputs: [Port] = []
  public private(set) var outputs: [Port] = []

  public init() {}

  /// Declares a symbol that takes every value from 1 to `largest`.
  public mutating func symbol(_ name: String, upTo largest: Int) -> Symbol {
    symbols.append(Symbol(index: symbols.count, name: name, largest: largest))
    return symbols[symbols.count - 1]
  }

  /// Declares a constant of the plan. Its name only occurs in shapes and messages; it is no symbol.
  public mutating func size(_ name: String, in range: ClosedRange<Int>) -> Size {
    sizes.append(Size(index: sizes.count, name: name, range: range))
    return sizes[sizes.count - 1]
  }

  public mutating func function(_ name: String) -> Function {
    functions.append(Function(index: functions.count, name: name))
    return functions[functions.count - 1]
  }

  public mutating func input<Element: TensorElement>(
    _ name: String, of function: Function, _ element: Element.Type, _ shape: Shape
  ) -> InputPort<Element> {
    inputs.append(
      Port(function: function, name: name, element: Element.elementType, shape: shape))
    return InputPort(index: inputs.count - 1, function: function)
  }

  public mutating func output<Element: TensorElement>(
    _ name: String, of function: Function, _ element: Element.Type, _ shape: Shape
  ) -> OutputPort<Element> {
    outputs.append(
      Port(function: function, name: name, element: Element.elementType, shape: shape))
    return OutputPort(index: outputs.count - 1, function: function)
  }
}
