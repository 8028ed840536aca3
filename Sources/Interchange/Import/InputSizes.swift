import IR
import Inputs
import Tensors

/// What a caller says about sizes that a model leaves open, `--shape` and `--dim`, and about inputs
/// whose values are known: `--value`.
public struct InputSizes: Sendable {
  /// A named dimension's size.
  public enum Extent: Sendable, Hashable {
    case fixed(Int)
    /// Stays open, up to a bound.
    case upTo(Int)
  }

  /// Whole shapes of inputs by name.
  public var shapes: [(input: String, shape: [Int])]
  public var dims: [(name: String, extent: Extent)]

  /// Values of inputs that are the same in every run. They become constants, so the compiled function
  /// takes these inputs no more.
  public var values: [(input: String, value: TensorData)]

  public init(
    shapes: [(input: String, shape: [Int])] = [], dims: [(name: String, extent: Extent)] = [],
    values: [(input: String, value: TensorData)] = []
  ) {
    self.shapes = shapes
    self.dims = dims
    self.values = values
  }

  public var isEmpty: Bool { shapes.isEmpty && dims.isEmpty && values.isEmpty }

  func value(of input: String) -> TensorData? {
    values.last { $0.input.hasSameBytes(as: input) }?.value
  }
}

/// Gives each input of a graph its type.
struct InputTyping {
  private let sizes: InputSizes
  private(set) var symbols: [Symbol] = []
  private var dims: [UTF8Key: Dim] = [:]
  private var problems: [String] = []

  /// The types of the inputs in the graph's element types. Everything that is open is one error.
  static func types(
    of inputs: [ONNXValueInfo], _ sizes: InputSizes
  ) throws -> (types: [TensorType], symbols: [Symbol]) {
    var typing = InputTyping(sizes)
    try typing.checkNames(inputs)
    for input in inputs { try typing.adoptShape(of: input) }
    let types = try inputs.map { try typing.type(of: $0) }
    guard typing.problems.isEmpty else {
      throw ONNXError(typing.problems.joined(separator: "; "))
    }
    return (types, typing.symbols)
  }

  private init(_ sizes: InputSizes) {
    self.sizes = sizes
    for (name, extent) in sizes.dims {
      switch extent {
      case .fixed(let size): dims[UTF8Key(name)] = Dim(size)
      case .upTo(let bound):
        let symbol = Symbol(unusedName(for: name), bound: bound)
        symbols.append(symbol)
        dims[UTF8Key(name)] = Dim(symbol: symbol.name)
      }
    }
  }

  /// A name as shapes can hold it: `batch size` becomes `BATCH_SIZE`.
  private func unusedName(for name: String) -> String {
    var base = String(
      name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    if !Symbol.isValidName(base) { base = "N" + base }
    let taken = Set(symbols.map(\.name))
    guard taken.contains(base) else { return base }
    return (2...).lazy.map { "\(base)_\($0)" }.first { !taken.contains($0) } ?? base
  }

  /// Options that name nothing in the model are mistakes.
  private func checkNames(_ inputs: [ONNXValueInfo]) throws {
    let given =
      sizes.values.map { ($0.input, "--value") } + sizes.shapes.map { ($0.input, "--shape") }
    for (name, option) in given
    where !inputs.contains(where: { $0.name.hasSameBytes(as: name) }) {
      let known = inputs.map(\.name.printable).joined(separator: ", ")
      throw ONNXError(
        "it has no input \"\(name.printable)\" for \(option); its inputs are \(known)")
    }
    var names: [String] = []
    for case .named(let name) in inputs.flatMap({ $0.shape ?? [] })
    where !names.contains(where: { $0.hasSameBytes(as: name) }) {
      names.append(name)
    }
    for (name, _) in sizes.dims where !names.contains(where: { $0.hasSameBytes(as: name) }) {
      let known = names.isEmpty ? "none" : names.map(\.printable).joined(separator: ", ")
      throw ONNXError(
        "it has no dimension \"\(name.printable)\" for --dim; its named dimensions are \(known)")
    }
  }

  private func givenShape(of input: ONNXValueInfo) -> [Int]? {
    sizes.value(of: input.name)?.shape
      ?? sizes.shapes.last { $0.input.hasSameBytes(as: input.name) }?.shape
  }

  /// Takes the sizes of named dimensions from an input whose whole shape is given.
  private mutating func adoptShape(of input: ONNXValueInfo) throws {
    guard let given = givenShape(of: input), let shape = input.shape else { return }
    func contradiction(_ what: String) -> ONNXError {
      ONNXError("--shape \(input.name.printable)=\(given.described) contradicts \(what)")
    }
    guard given.count == shape.count else {
      throw contradiction("the model, where it has \(shape.count) axes")
    }
    for (size, extent) in zip(given, shape) {
      switch extent {
      case .value(let value) where value != size:
        throw contradiction("the model, where it is \(shape.described)")
      case .named(let name):
        let known = dims.updateValue(Dim(size), forKey: UTF8Key(name))
        guard known == nil || known == Dim(size) else {
          throw contradiction("what is said elsewhere about \(name.printable)")
        }
      default: break
      }
    }
  }

  private mutating func type(of input: ONNXValueInfo) throws -> TensorType {
    guard let type = input.type else {
      throw ONNXError(
        "input \"\(input.name.printable)\" is "
          + (input.isOther ? "no tensor" : "of a type that is not supported"))
    }
    if let value = sizes.value(of: input.name), value.elementType != type.element {
      throw ONNXError(
        "input \"\(input.name.printable)\" takes \(type.element.rawValue), but --value has "
          + "\(value.elementType.rawValue)")
    }
    if let given = givenShape(of: input) { return TensorType(type.element, given.map { Dim($0) }) }
    guard let shape = input.shape else {
      open(input, "has no shape", "--shape \(input.name.printable)=1x3x224x224")
      return TensorType(type.element, [])
    }
    let extents = try shape.map { try size($0, of: input) }
    return TensorType(type.element, extents)
  }

  private mutating func size(
    _ extent: ONNXValueInfo.Extent, of input: ONNXValueInfo
  ) throws -> Dim {
    switch extent {
    case .value(let value):
      guard (0...TensorData.extentLimit).contains(value) else {
        throw ONNXError("input \"\(input.name.printable)\" has an extent of \(value)")
      }
      return Dim(value)
    case .named(let name):
      if let dim = dims[UTF8Key(name)] { return dim }
      open(
        input, "has the open dimension \"\(name.printable)\"",
        "--dim \(name.printable)=N or --dim \"\(name.printable)<=N\"")
      dims[UTF8Key(name)] = 1
    case .unknown:
      open(
        input, "has open dimensions without names, [\(input.shape?.described ?? "")]",
        "all of them, as in --shape \(input.name.printable)=1x3x224x224")
    }
    return 1
  }

  private mutating func open(_ input: ONNXValueInfo, _ problem: String, _ cure: String) {
    let text = "input \"\(input.name.printable)\" \(problem); give \(cure)"
    if problems.last != text { problems.append(text) }
  }
}

extension [Int] {
  fileprivate var described: String { map(String.init).joined(separator: "x") }
}
