import Tensors

/// A set of functions over shared tensors: what importers build, passes rewrite and plans come from.
public struct Module: Sendable {
  public var name: String
  public var symbols: [Symbol]
  public var tensors: [ModuleTensor]
  public var functions: [Function]

  public init(
    name: String, symbols: [Symbol] = [], tensors: [ModuleTensor] = [], functions: [Function] = []
  ) {
    self.name = name
    self.symbols = symbols
    self.tensors = tensors
    self.functions = functions
  }

  public subscript(function name: String) -> Function? {
    functions.first { $0.name == name }
  }

  public func tensor(_ id: TensorID) -> ModuleTensor { tensors[id.index] }

  /// The tensor whose name the checkpoint knows: `tensor` itself, unless it is a copy.
  public func original(of tensor: ModuleTensor) -> ModuleTensor {
    tensor.original.flatMap(tensorID(named:)).map(self.tensor) ?? tensor
  }

  public func tensorID(named name: String) -> TensorID? {
    tensors.firstIndex { $0.name == name }.map(TensorID.init)
  }

  /// Every symbol at its bound: the sizes that planning uses.
  public var bounds: [String: Int] {
    Dictionary(symbols.map { ($0.name, $0.bound) }, uniquingKeysWith: { first, _ in first })
  }

  /// Type of anything an operation can read.
  public func type(of operand: Operand, in function: Function) -> TensorType {
    switch operand {
    case .value(let id): function[id].type
    case .tensor(let id): tensors[id.index].type
    }
  }

  public func name(of operand: Operand, in function: Function) -> String {
    switch operand {
    case .value(let id): function[id].name
    case .tensor(let id): tensors[id.index].name
    }
  }
}

/// A tensor that belongs to the module rather than to one call.
public struct ModuleTensor: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Trained; comes from the checkpoint.
    case weight
    /// Not trained. Persistent ones are in the checkpoint, others are computed at compile time.
    case buffer(persistent: Bool)
    /// Lives across calls, such as a KV cache; starts as zeros.
    case state
  }

  public var name: String
  public var type: TensorType
  public var kind: Kind
  /// How the value is computed; nil when it comes from the checkpoint (or the module's constants).
  public var initializer: Initializer?
  /// How a plan arranges the elements of this matrix; nil for row-major.
  public var packing: WeightPacking?
  /// The weight whose value in the checkpoint this one has too, to be stored in another way.
  public var original: String?

  public init(
    _ name: String, _ type: TensorType, _ kind: Kind, _ initializer: Initializer? = nil,
    packing: WeightPacking? = nil, original: String? = nil
  ) {
    self.name = name
    self.type = type
    self.kind = kind
    self.initializer = initializer
    self.packing = packing
    self.original = original
  }
}

/// The value of a tensor that no checkpoint holds.
public enum Initializer: Hashable, Sendable {
  /// 0, 1, 2 … in row-major order.
  case iota
  /// The same number everywhere.
  case splat(Double)
  /// Every element, row-major.
  case dense([Double])
  /// RoPE's inverse frequencies, `base^(-2i/(2n))` for i in 0..<n over the only axis of extent n.
  case ropeFrequencies(base: Double)
  /// Pseudo-random numbers, uniform in -scale ..< scale; the same seed gives the same numbers
  /// everywhere. For graphs that stand by themselves. `rounded`: to this type first, whatever type the
  /// tensor has since.
  case random(seed: Int, scale: Double, rounded: ElementType? = nil)
}

/// Position of a tensor in its module.
public struct TensorID: Hashable, Sendable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
}

/// Position of a value in its function.
public struct ValueID: Hashable, Sendable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
}

/// What an operation reads: a value computed in the function, or a tensor of the module.
public enum Operand: Hashable, Sendable {
  case value(ValueID)
  case tensor(TensorID)

  public var value: ValueID? {
    if case .value(let id) = self { id } else { nil }
  }

  public var tensor: TensorID? {
    if case .tensor(let id) = self { id } else { nil }
  }
}
