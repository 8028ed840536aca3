import IR
import Inputs
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
    /// The only number of a constant.
    var number: Double?
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
  /// Sizes that nodes have computed already.
  var knownSizes: [Dim: ExportedValue] = [:]
  /// Sizes that the data say, and an axis of a value that has each.
  private var measuredSizes: [Dim: (value: ExportedValue, axis: Int)] = [:]

  init(opset: Int) { self.opset = opset }

  private func add(_ entry: Entry) -> ExportedValue {
    entries.append(entry)
    return ExportedValue(id: entries.count - 1, type: entry.type)
  }

  // MARK: What nodes read

  func input(_ name: String, _ type: TensorType, doc: String = "") throws -> ExportedValue {
    try require(type.element.firstOpset, "elements of \(type.element.rawValue)")
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
        origin: .initializer(.bytes(element.bytes(of: values))), name: name, naming: .between,
        number: values.count == 1 ? values[0] : nil))
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

  /// Notes that an extent is known from this value on.
  func measures(_ value: ExportedValue, axis: Int) {
    measuredSizes[value.shape[axis]] = (value, axis)
  }

  func measured(_ size: Dim) -> (value: ExportedValue, axis: Int)? { measuredSizes[size] }

  /// The only number of a constant; nil for any other value.
  func number(of value: ExportedValue) -> Double? { entries[value.id].number }

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
}
