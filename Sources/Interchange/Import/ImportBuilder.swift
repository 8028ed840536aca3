import IR
import Tensors

/// Builds the function and remembers what importing has to know beside it: constants whose elements
/// stay in their file, and how each value lies in memory.
final class ImportBuilder {
  /// A constant of the model.
  struct Weight {
    let name: String
    let data: TensorData
    /// What it is in the module as it stands, and as a transposed matrix, once something reads it so.
    var plain: Operand?
    var transposed: Operand?
  }

  /// Most elements of a constant that is looked into or computed while importing.
  static let knownLimit = 1 << 20

  private(set) var function: FunctionBuilder
  private(set) var weights: [Weight] = []
  /// The values of the module's tensors.
  private(set) var sources: [String: @Sendable () -> TensorData] = [:]
  private var layouts: [Layout?] = []
  private var materialized: [HostTensor: Operand] = [:]

  init(_ module: Module) {
    function = FunctionBuilder("main", in: module)
  }

  var bounds: [String: Int] { function.module.bounds }

  func parameter(_ name: String, _ type: TensorType) -> ImportedValue {
    ImportedValue(.operand(function.parameter(name, type)), type)
  }

  func returns(_ value: ImportedValue, as name: String) throws {
    function.returns(try operand(value, as: name), as: name)
  }

  /// A number of rows that only running the model tells, up to a limit.
  func countOfRows(upTo limit: Int) throws -> Dim {
    try function.symbol("ROWS_", bound: limit + 1) - 1
  }

  /// A constant of the model. Integers and flags are looked into when they are few, since shapes and
  /// indices are made of them; single numbers always.
  func constant(_ name: String, _ data: TensorData) -> ImportedValue {
    let element = data.elementType.imported
    let type = TensorType(element, data.shape.map { Dim($0) })
    let isPlain = data.elementCount == 1 || !data.elementType.isFloatingPoint
    if isPlain, data.elementCount <= Self.knownLimit {
      return ImportedValue(HostTensor(data).imported).declaring(data.elementType)
    }
    weights.append(Weight(name: name, data: data))
    return ImportedValue(.weight(weights.count - 1), type).declaring(data.elementType)
  }

  /// The elements of a constant, also of one that stays in its file, when they are few.
  func loaded(_ value: ImportedValue) -> ImportedValue {
    guard case .weight(let index) = value.content else { return value }
    let data = weights[index].data
    guard data.elementCount <= Self.knownLimit else { return value }
    return ImportedValue(HostTensor(data).imported).declaring(value.declared)
  }

  // MARK: Operations

  /// The result of an operation of the IR: computed at once where its operands are known.
  func op(
    _ op: String, _ inputs: [ImportedValue?], _ attributes: Attributes = [:], as name: String
  ) throws -> ImportedValue {
    let definition = try OpRegistry.required(op)
    let site = OpSite(
      definition: definition, types: inputs.map { $0?.type }, attributes: attributes)
    if let value = try folded(site, inputs) { return value }
    var operands = try inputs.map { try $0.map { try operand($0, as: name) } }
    if op == "reshape", let x = operands[0], !canReshape(x, site) {
      operands[0] = try append("contiguous", [x], [:], "\(name).contiguous")
    }
    let result = try append(op, operands, attributes, name)
    return ImportedValue(.operand(result), function.type(of: result))
  }

  private func append(
    _ op: String, _ operands: [Operand?], _ attributes: Attributes, _ name: String
  ) throws -> Operand {
    let result = try function.append(op, operands, attributes, as: name)
    guard let id = result.value, let view = OpRegistry.definition(of: op)?.view,
      let source = operands.first ?? nil
    else { return result }
    while layouts.count <= id.index { layouts.append(nil) }
    let site = OpSite(
      definition: try OpRegistry.required(op),
      types: operands.map { $0.map { function.type(of: $0) } }, attributes: attributes)
    layouts[id.index] = try view(site, layout(of: source))
    return result
  }

  private func canReshape(_ x: Operand, _ site: OpSite) -> Bool {
    guard let layout = try? layout(of: x), let view = site.definition.view else { return false }
    return (try? view(site, layout)) != nil
  }

  private func layout(of operand: Operand) throws -> Layout {
    if let id = operand.value, id.index < layouts.count, let layout = layouts[id.index] {
      return layout
    }
    return try Layout(root: operand, rowMajor: function.type(of: operand).shape)
  }

  // MARK: Operands

  /// What operations read for a value; makes constants part of the graph.
  func operand(_ value: ImportedValue, as name: String) throws -> Operand {
    switch value.content {
    case .operand(let operand): return operand
    case .weight(let index): return plain(index)
    case .known(let value): return try operand(known: value, as: name)
    case .sizes(let sizes): return try operand(sizes: sizes, value.type, as: name)
    case .sequence: throw ONNXError("a sequence stands where a tensor is expected")
    }
  }

  /// A weight that is a matrix, transposed: kernels stream the factor of a product by its outputs.
  func transposed(_ value: ImportedValue) -> ImportedValue? {
    guard case .weight(let index) = value.content, value.rank == 2 else { return nil }
    let data = weights[index].data
    let type = value.type.with(shape: value.shape.reversed())
    if let operand = weights[index].transposed { return ImportedValue(.operand(operand), type) }
    let operand = add(weights[index].name, type, .weight) { data.transposed }
    weights[index].transposed = operand
    return ImportedValue(.operand(operand), type)
  }

  private func plain(_ index: Int) -> Operand {
    if let operand = weights[index].plain { return operand }
    let (name, data) = (weights[index].name, weights[index].data)
    let element = data.elementType.imported
    let type = TensorType(element, data.shape.map { Dim($0) })
    let kind: ModuleTensor.Kind = element.isFloatingPoint ? .weight : .buffer(persistent: true)
    let operand = add(name, type, kind) { data.importedIntegers }
    weights[index].plain = operand
    return operand
  }

  private func add(
    _ name: String, _ type: TensorType, _ kind: ModuleTensor.Kind,
    _ source: @escaping @Sendable () -> TensorData
  ) -> Operand {
    let tensor = function.add(ModuleTensor(name, type, kind))
    sources[function.module.name(of: tensor, in: function.function)] = source
    return tensor
  }

  private func operand(known value: HostTensor, as name: String) throws -> Operand {
    if let operand = materialized[value] { return operand }
    let operand: Operand
    if value.shape.count <= 1, (1...16).contains(value.count),
      !value.values.contains(where: \.isNaN)
    {
      let content: Attributes =
        value.shape.isEmpty
        ? ["value": .real(value.values[0])] : ["values": .list(value.values.map { .real($0) })]
      operand = try append(
        "constant", [], content.merging(["element": .word(value.element.rawValue)]) { $1 },
        "\(name).constant")
    } else {
      let type = TensorType(value.element, value.shape.map { Dim($0) })
      let data = value.imported.data
      operand = add("\(name).constant", type, .buffer(persistent: true)) { data }
    }
    materialized[value] = operand
    return operand
  }

  /// A vector of sizes is made of one `iota` for each of them.
  private func operand(sizes: [Dim], _ type: TensorType, as name: String) throws -> Operand {
    let parts = try sizes.map {
      try append("iota", [], ["count": .integer(1), "start": .dimension($0)], "\(name).size")
    }
    let vector =
      parts.count == 1
      ? parts[0] : try append("concat", parts, ["axis": .integer(0)], "\(name).sizes")
    return try append("reshape", [vector], ["shape": .dimensions(type.shape)], "\(name).sizes")
  }
}
