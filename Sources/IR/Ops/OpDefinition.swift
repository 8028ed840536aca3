import Inputs
import Tensors

/// Everything there is to know about one operation, in one place: what it takes, what it means, the
/// types it yields, whether it only changes how memory is read, and how to evaluate it.
///
/// To add an op, add its definition to the file of its group and list it in `OpRegistry.groups`.
public struct OpDefinition: Sendable {
  public enum Group: String, Sendable, CaseIterable {
    /// Moves or makes data.
    case data
    /// Changes only shape, strides and offset: the result aliases its first operand.
    case view
    case math
    case model
    /// Made by passes, never by importers.
    case fused
    case state
  }

  public struct OperandSpec: Sendable {
    public enum Kind: Sendable { case required, optional, variadic }

    /// The part that an operand plays, which decides how a weight there is stored.
    public enum Role: Sendable {
      /// Elements that are computed with.
      case elements
      /// The right factor of a product of any two tensors. A weight that is one is streamed from memory.
      case factor
      /// The weights of a product. They are streamed, and kernels read them as they are stored: in half
      /// precision, or in panels.
      case weights
      /// Rows of which some are looked up, read as they are stored.
      case table
    }

    public let name: String
    public fileprivate(set) var kind: Kind
    public let role: Role
    /// How the operand may lie in memory; nil where its traits say it.
    let ownReading: OperandReading?
    /// The place among the operands whose memory the result may take over, best first; nil for never. The
    /// kernel reads each element for the last time before it writes the same element of the result, and
    /// `KernelSharing` of the executor must allow it.
    public let overwriteRank: Int?

    /// Whether a weight that is only this operand is streamed from memory.
    public var isStreamed: Bool { role != .elements }
    /// Whether kernels read a weight here as it is stored.
    public var isReadAsStored: Bool { role == .weights || role == .table }
  }

  /// What holds of all that an operation computes.
  public struct Traits: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Each element of the result is computed from the same place of every operand, with broadcasting.
    public static let elementwise = Traits(rawValue: 1)
    /// Elements of any type are moved or converted, and none is computed with.
    public static let movesElements = Traits(rawValue: 2)
  }

  public struct AttributeSpec: Sendable {
    public enum Kind: String, Sendable {
      case dimension, dimensions, integer, integers, real, reals, flag, word
    }
    public let name: String
    public let kind: Kind
    /// nil when the attribute must be given.
    public let fallback: Attribute?
    /// The attribute may be left out and has no default value either.
    public let isOptional: Bool
    /// Allowed words, empty for every other kind.
    public let words: [String]
  }

  public let name: String
  public let group: Group
  /// The meaning as a formula over the operand and attribute names.
  public let formula: String
  public let operands: [OperandSpec]
  public let attributes: [AttributeSpec]
  public let traits: Traits
  /// Result types from operand types and attributes.
  package let infer: @Sendable (OpSite) throws -> [TensorType]
  /// For views: the layout of the result from that of the first operand.
  package let view: (@Sendable (OpSite, Layout) throws -> Layout)?
  /// For operations whose first extent depends on their operands' values: that extent, which the
  /// attribute `count` names as a symbol of its own less 1.
  package let measure: (@Sendable (Evaluation) throws -> Int)?
  /// Of which slices of its operands an operation computes a slice of its result; nil when of none.
  package let slicing: Slicing?
  /// Multiplications, each with an addition, of products and of attention; 0 for all else, which is bound by
  /// memory.
  package let multiplyAdds: @Sendable (OpSite) throws -> Dim
  /// The results' values, row-major, in double precision.
  package let evaluate: @Sendable (Evaluation) throws -> [HostTensor]

  init(
    _ name: String, _ group: Group, _ formula: String, operands: [OperandSpec],
    attributes: [AttributeSpec] = [], traits: Traits = [], slicing: Slicing? = nil,
    multiplyAdds: @escaping @Sendable (OpSite) throws -> Dim = { _ in 0 },
    infer: @escaping @Sendable (OpSite) throws -> [TensorType],
    view: (@Sendable (OpSite, Layout) throws -> Layout)? = nil,
    measure: (@Sendable (Evaluation) throws -> Int)? = nil,
    evaluate: @escaping @Sendable (Evaluation) throws -> [HostTensor]
  ) {
    self.name = name
    self.group = group
    self.formula = formula
    self.operands = operands
    self.attributes = attributes
    self.traits = traits
    self.slicing = slicing ?? (traits.contains(.elementwise) ? .broadcastOperands : nil)
    self.multiplyAdds = multiplyAdds
    self.infer = infer
    self.view = view
    self.measure = measure
    self.evaluate = evaluate
  }

  public var isView: Bool { view != nil }

  public var isElementwise: Bool { traits.contains(.elementwise) }

  /// The operand at this position, of which the last one of a variadic operation has many; nil when the
  /// operation has none there.
  public func operand(at index: Int) -> OperandSpec? {
    if operands.indices.contains(index) { return operands[index] }
    return operands.last.flatMap { $0.kind == .variadic ? $0 : nil }
  }

  /// How the operand at this position may lie.
  public func reading(at index: Int) -> OperandReading {
    operand(at: index)?.ownReading ?? (isElementwise ? .unitLast : .contiguous)
  }

  /// The positions of the operands whose memory the result may take over, best ones first.
  public var overwrittenOperands: [Int] {
    operands.indices.filter { operands[$0].overwriteRank != nil }
      .sorted { (operands[$0].overwriteRank ?? 0) < (operands[$1].overwriteRank ?? 0) }
  }

  /// The position of the operand whose storage chooses among the kernels of the operation.
  public var storedOperand: Int? { operands.firstIndex(where: \.isReadAsStored) }

  /// Changes memory that outlives the call, so it must neither be removed nor merged.
  public var hasEffect: Bool { group == .state }

  /// Running it says how large a size is, which operations after it may need without its result.
  public var measuresSize: Bool { measure != nil }
}

extension OpDefinition.OperandSpec {
  static func required(
    _ name: String, _ reading: OperandReading? = nil, role: Role = .elements,
    overwritten: Int? = nil
  ) -> Self {
    Self(
      name: name, kind: .required, role: role, ownReading: reading, overwriteRank: overwritten)
  }
  static func optional(
    _ name: String, _ reading: OperandReading? = nil, role: Role = .elements,
    overwritten: Int? = nil
  ) -> Self {
    var operand = required(name, reading, role: role, overwritten: overwritten)
    operand.kind = .optional
    return operand
  }
  static func variadic(_ name: String, _ reading: OperandReading? = nil) -> Self {
    Self(name: name, kind: .variadic, role: .elements, ownReading: reading, overwriteRank: nil)
  }
}

extension OpDefinition.AttributeSpec {
  static func required(_ name: String, _ kind: Kind) -> Self {
    Self(name: name, kind: kind, fallback: nil, isOptional: false, words: [])
  }
  static func optional(_ name: String, _ kind: Kind) -> Self {
    Self(name: name, kind: kind, fallback: nil, isOptional: true, words: [])
  }
  static func defaulted(_ name: String, _ kind: Kind, _ fallback: Attribute) -> Self {
    Self(name: name, kind: kind, fallback: fallback, isOptional: true, words: [])
  }
  static func word(_ name: String, _ words: [String], default fallback: String? = nil) -> Self {
    Self(
      name: name, kind: .word, fallback: fallback.map { .word($0) }, isOptional: fallback != nil,
      words: words)
  }

  /// Whether `attribute` is of this kind.
  func accepts(_ attribute: Attribute) -> Bool {
    switch kind {
    case .dimension: attribute.dimension != nil
    case .dimensions: attribute.dimensions != nil
    case .integer: attribute.integer != nil
    case .integers: attribute.integers != nil
    case .real: attribute.real != nil
    case .reals: attribute.reals != nil
    case .flag: attribute.flag != nil
    case .word: attribute.word.map(words.contains) ?? false
    }
  }

  /// What the text should hold, for messages.
  var expectation: String {
    kind == .word ? "one of \(words.joined(separator: ", "))" : kind.expectation
  }
}

extension OpDefinition.AttributeSpec.Kind {
  var expectation: String {
    switch self {
    case .dimension: "a dimension"
    case .dimensions: "a list of dimensions"
    case .integer: "an integer"
    case .integers: "a list of integers"
    case .real: "a number"
    case .reals: "a list of numbers"
    case .flag: "true or false"
    case .word: "a word"
    }
  }
}

/// What is wrong with one operation; the verifier and the parser add where it stands.
public struct OpError: Error, CustomStringConvertible, Sendable {
  public let description: String
  /// Names in the description may hold anything; it becomes one line of plain text.
  public init(_ description: String) { self.description = description.printable }
}

/// One operation as its definition sees it: operand types and attributes, both already checked
/// against the definition's lists.
public struct OpSite: Sendable {
  public let definition: OpDefinition
  /// nil where an optional operand is absent.
  public let types: [TensorType?]
  public let attributes: Attributes

  public init(definition: OpDefinition, types: [TensorType?], attributes: Attributes) {
    self.definition = definition
    self.types = types
    self.attributes = attributes
  }

  /// Type of a required operand.
  func type(_ index: Int) throws -> TensorType {
    guard index < types.count, let type = types[index] else {
      throw OpError("operand \(index) is missing")
    }
    return type
  }

  /// Elements of the first result.
  func resultElements() throws -> Dim {
    try definition.infer(self).first.map { try $0.shape.elementCount() } ?? 0
  }

  package func optionalType(_ index: Int) -> TensorType? {
    index < types.count ? types[index] : nil
  }

  /// The attribute or its default; nil when it was left out and has none.
  package func attribute(_ name: String) -> Attribute? {
    attributes[name] ?? definition.attributes.first { $0.name == name }?.fallback
  }

  private func required<T>(_ name: String, _ value: T?) throws -> T {
    guard let value else { throw OpError("attribute \(name) is missing") }
    return value
  }

  func dimension(_ name: String) throws -> Dim {
    try required(name, attribute(name)?.dimension)
  }
  func dimensions(_ name: String) throws -> [Dim] {
    try required(name, attribute(name)?.dimensions)
  }
  func integer(_ name: String) throws -> Int { try required(name, attribute(name)?.integer) }
  func integers(_ name: String) throws -> [Int] { try required(name, attribute(name)?.integers) }
  func real(_ name: String) throws -> Double { try required(name, attribute(name)?.real) }
  func flag(_ name: String) throws -> Bool { try required(name, attribute(name)?.flag) }
  func word(_ name: String) throws -> String { try required(name, attribute(name)?.word) }
  func element(_ name: String) throws -> ElementType {
    try required(name, attribute(name)?.word.flatMap { ElementType(rawValue: $0) })
  }

  /// The symbol that an operation gives its value: `count` is one less.
  func measuredSymbol() throws -> String {
    let count = try dimension("count")
    guard let symbol = count.symbols.first, try count == Dim(symbol: symbol) - 1 else {
      throw OpError("count = \(count), expected a symbol less 1")
    }
    return symbol
  }

  /// An axis attribute, counted from the end when negative.
  func axis(_ name: String, rank: Int) throws -> Int {
    let axis = try integer(name)
    let wrapped = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(wrapped) else {
      throw OpError("\(name) = \(axis) is out of range for rank \(rank)")
    }
    return wrapped
  }

  func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    guard condition else { throw OpError(message()) }
  }
}

extension Operation {
  /// The named attribute, or the default that the op's definition gives it.
  public func attribute(_ name: String) -> Attribute? {
    attributes[name]
      ?? OpRegistry.definition(of: op)?.attributes.first { $0.name == name }?.fallback
  }
}
