import IR
import JSON
import Tensors

/// A value of the graph that is being made. Its name is found at the end, when all are known.
struct ExportedValue: Hashable {
  let id: Int
  let type: TensorType

  var element: ElementType { type.element }
  var shape: Shape { type.shape }
  var rank: Int { type.rank }
}

/// Makes an ONNX graph: nodes in order, constants once each, sizes that are computed where they are
/// not known.
final class ExportBuilder {
  /// How much of a name is fixed.
  enum Naming: Int { case interface, graph, between }

  enum Origin {
    case input
    case initializer(ExportedContent)
    case node
  }

  struct Entry {
    let type: TensorType
    let origin: Origin
    var name: String
    var naming: Naming
    var doc = ""
  }

  struct Node {
    let op: String
    let inputs: [ExportedValue?]
    let outputs: [ExportedValue]
    let attributes: [(name: String, value: ExportedAttribute)]
    let doc: String
  }

  private struct ConstantKey: Hashable {
    let element: ElementType
    let shape: [Int]
    let values: [Double]
  }

  let opset: Int
  private(set) var entries: [Entry] = []
  private(set) var nodes: [Node] = []
  private(set) var inputs: [ExportedValue] = []
  /// What the operation that is exported is called: nodes that have no name of their own take it.
  var scope = (name: "", doc: "")
  private var constants: [ConstantKey: ExportedValue] = [:]
  private var casts: [ExportedValue: [ElementType: ExportedValue]] = [:]
  private var sizes: [Dim: ExportedValue] = [:]

  init(opset: Int) { self.opset = opset }

  private func add(_ entry: Entry) -> ExportedValue {
    entries.append(entry)
    return ExportedValue(id: entries.count - 1, type: entry.type)
  }

  // MARK: What nodes read

  func input(_ name: String, _ type: TensorType, doc: String = "") -> ExportedValue {
    let value = add(
      Entry(type: type, origin: .input, name: name, naming: .interface, doc: doc))
    inputs.append(value)
    return value
  }

  /// A tensor of the module, stored as `element`.
  func initializer(_ tensor: ModuleTensor, as element: ElementType) throws -> ExportedValue {
    try require(element.firstOpset, "elements of \(element.rawValue)")
    guard !element.onnxType.isPacked else {
      throw OpError("%\(tensor.name.printable) has elements of half a byte, which are not written")
    }
    return add(
      Entry(
        type: tensor.type.with(element: element), origin: .initializer(.tensor(tensor)),
        name: tensor.name, naming: .graph))
  }

  func constant(_ element: ElementType, _ shape: [Int], _ values: [Double]) -> ExportedValue {
    let key = ConstantKey(element: element, shape: shape, values: values)
    if let constant = constants[key] { return constant }
    let text = values.prefix(8).map { $0 == $0.rounded() && abs($0) < 1e9 ? "\(Int($0))" : "\($0)" }
    let name = "\(element.rawValue).\(text.joined(separator: "_"))\(values.count > 8 ? "_etc" : "")"
    let constant = add(
      Entry(
        type: TensorType(element, shape.map { Dim($0) }),
        origin: .initializer(.bytes(element.bytes(of: values))), name: name, naming: .between))
    constants[key] = constant
    return constant
  }

  func scalar(_ value: Double, _ element: ElementType = .f32) -> ExportedValue {
    constant(element, [], [value])
  }

  /// A vector of i64.
  func integers(_ values: [Int]) -> ExportedValue {
    constant(.i64, [values.count], values.map(Double.init))
  }

  // MARK: Nodes

  /// - Parameter type: of the result; by default what broadcasting the inputs yields, in the element
  ///   type of the first.
  func op(
    _ op: String, _ inputs: [ExportedValue?], _ attributes: [String: ExportedAttribute] = [:],
    _ type: TensorType? = nil
  ) throws -> ExportedValue {
    let given = inputs.compactMap { $0 }
    let shape = try type?.shape ?? given.map(\.shape).reduce([]) { try OpRules.broadcast($0, $1) }
    let result = TensorType(type?.element ?? given.first?.element ?? .f32, shape)
    return self.op(op, inputs, attributes, yielding: [result])[0]
  }

  /// A node with several results.
  func op(
    _ op: String, _ inputs: [ExportedValue?], _ attributes: [String: ExportedAttribute],
    yielding types: [TensorType]
  ) -> [ExportedValue] {
    let outputs = types.map {
      add(Entry(type: $0, origin: .node, name: "\(scope.name).\(op)", naming: .between))
    }
    nodes.append(
      Node(
        op: op, inputs: inputs, outputs: outputs,
        attributes: attributes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
        doc: scope.doc))
    return outputs
  }

  /// The value in another element type; itself when it has that.
  func cast(_ value: ExportedValue, to element: ElementType) throws -> ExportedValue {
    if value.element == element { return value }
    if let known = casts[value]?[element] { return known }
    try require(element.firstOpset, "elements of \(element.rawValue)")
    let result = try op(
      "Cast", [value], ["to": .int(element.onnxNumber)], value.type.with(element: element))
    if case .initializer = entries[value.id].origin {
      entries[result.id].name = "\(entries[value.id].name).\(element.rawValue)"
      entries[result.id].naming = .graph
    }
    casts[value, default: [:]][element] = result
    return result
  }

  /// Throws when what is to be written is not there in the version that is asked for.
  func require(_ version: Int, _ subject: String) throws {
    guard opset >= version else {
      throw OpError("\(subject) need operators of version \(version); give --opset \(version)")
    }
  }

  // MARK: Names

  /// How many values there are: those that are added later have larger ids.
  var count: Int { entries.count }

  func isNode(_ value: ExportedValue) -> Bool {
    if case .node = entries[value.id].origin { true } else { false }
  }

  /// Names the result of a node. A name of the interface stays.
  func name(_ value: ExportedValue, _ name: String, _ naming: Naming) {
    guard entries[value.id].naming != .interface else { return }
    entries[value.id].name = name
    entries[value.id].naming = naming
  }

  func describe(_ value: ExportedValue, _ doc: String) { entries[value.id].doc = doc }

  func naming(of value: ExportedValue) -> Naming { entries[value.id].naming }

  // MARK: Sizes

  /// A size as a vector of one i64, computed from the shapes of the inputs where it is symbolic.
  func size(_ size: Dim) throws -> ExportedValue {
    if let value = size.constant { return integers([value]) }
    if let known = sizes[size] { return known }
    let outer = scope
    scope = ("size.\(size)", "size \(size)")
    defer { scope = outer }
    let result = try computed(size)
    name(result, "size.\(size)", .graph)
    sizes[size] = result
    return result
  }

  private func computed(_ size: Dim) throws -> ExportedValue {
    let single = TensorType(.i64, [1])
    if size.symbols.count == 1, size == Dim(symbol: size.symbols[0]) {
      return try symbol(size.symbols[0])
    }
    let products = try size.products.map { product in
      let symbols = try product.symbols.map { try self.size(Dim(symbol: $0)) }
      let isPlain = product.coefficient == 1 && !symbols.isEmpty
      let factors = (isPlain ? [] : [integers([product.coefficient])]) + symbols
      return try factors.dropFirst().reduce(factors[0]) { try op("Mul", [$0, $1], [:], single) }
    }
    return try products.dropFirst().reduce(products[0]) { try op("Add", [$0, $1], [:], single) }
  }

  /// A symbol is the extent of an input. Where none has it, it is an input itself.
  private func symbol(_ name: String) throws -> ExportedValue {
    let extent = Dim(symbol: name)
    for input in inputs {
      guard let axis = input.shape.firstIndex(of: extent) else { continue }
      let shape = try op("Shape", [input], [:], TensorType(.i64, [Dim(input.rank)]))
      return try op("Gather", [shape, integers([axis])], ["axis": .int(0)], TensorType(.i64, [1]))
    }
    let given = input(name, TensorType(.i64, []), doc: "the size \(name)")
    return try op("Reshape", [given, integers([1])], [:], TensorType(.i64, [1]))
  }

  /// Sizes as one vector.
  func sizes(_ sizes: Shape) throws -> ExportedValue {
    if let known = sizes.constants { return integers(known) }
    let parts = try sizes.map { try size($0) }
    return try op("Concat", parts, ["axis": .int(0)], TensorType(.i64, [Dim(sizes.count)]))
  }
}

extension ElementType {
  /// Numbers as this type stores them, little-endian.
  func bytes(of values: [Double]) -> [UInt8] {
    func little<Value: FixedWidthInteger>(_ convert: (Double) -> Value) -> [UInt8] {
      values.flatMap { value in
        let bits = convert(value)
        return (0..<byteCount).map { UInt8(truncatingIfNeeded: bits >> Value(8 * $0)) }
      }
    }
    return switch self {
    case .f64: little { $0.bitPattern }
    case .f32: little { Float($0).bitPattern }
    case .f16: little { Float16($0).bitPattern }
    case .bf16: little { Float(converted($0)).bitPattern >> 16 }
    case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz, .f4e2m1:
      values.compactMap { smallFloat?.bits(of: Float($0)) }
    // Converted values are whole and not below those of Int64.
    default: little { Int64(exactly: converted($0)) ?? .max }
    }
  }
}
