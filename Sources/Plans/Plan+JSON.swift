import JSON
import Tensors

// The step list as JSON: what a plan file keeps in its metadata.

extension Plan {
  public var json: JSON {
    .object([
      .init("name", .string(name)),
      .init(
        "symbols",
        .array(symbols.map { .array([.string($0.name), .integer($0.bound)]) })),
      .init("arena_bytes", .integer(arenaBytes)),
      .init("arena_lower_bound", .integer(arenaLowerBound)),
      .init("state_bytes", .integer(stateBytes)),
      .init("tensors", .array(tensors.map { $0.json })),
      .init("states", .array(states.map { $0.json })),
      .init("functions", .array(functions.map { $0.json })),
      .init("sections", .object(sections)),
    ])
  }

  /// Reads what `json` writes. The result is well formed but not yet verified.
  public init(json: JSONField) throws(JSONError) {
    self.init(name: try json.member("name").string())
    symbols = try json.member("symbols").elements().map { field throws(JSONError) in
      let pair = try field.tuple(2)
      return PlanSymbol(name: try pair[0].string(), bound: try pair[1].int(in: 1...Dim.limit))
    }
    arenaBytes = try json.member("arena_bytes").int(in: 0...Dim.limit)
    arenaLowerBound = try json.member("arena_lower_bound").int(in: 0...Dim.limit)
    stateBytes = try json.member("state_bytes").int(in: 0...Dim.limit)
    tensors = try json.member("tensors").elements().map(PlanTensor.init(json:))
    states = try json.member("states").elements().map(PlanState.init(json:))
    functions = try json.member("functions").elements().map(PlanFunction.init(json:))
    sections = try json.member("sections").members().map { key, field throws(JSONError) in
      JSON.Member(key, field.value ?? .null)
    }
  }
}

extension PlanTensor {
  var json: JSON {
    .array([
      .string(name), .string(element.rawValue), .array(shape.map { .integer($0) }),
      packing.map { .string($0.rawValue) } ?? .null,
    ])
  }

  init(json: JSONField) throws(JSONError) {
    let fields = try json.tuple(4)
    let packing = try fields[3].present?.string()
    self.init(
      name: try fields[0].string(), element: try fields[1].elementType(),
      shape: try fields[2].extents(), packing: packing.flatMap(WeightPacking.init(rawValue:)))
    if packing != nil, self.packing == nil || shape.count != 2 {
      throw fields[3].unexpected("the packing of a matrix")
    }
  }
}

extension PlanState {
  var json: JSON {
    .array([
      .string(name), .string(element.rawValue), .array(shape.map { .integer($0) }),
      .integer(offset),
    ])
  }

  init(json: JSONField) throws(JSONError) {
    let fields = try json.tuple(4)
    self.init(
      name: try fields[0].string(), element: try fields[1].elementType(),
      shape: try fields[2].extents(), offset: try fields[3].int(in: 0...Dim.limit))
  }
}

extension PlanFunction {
  var json: JSON {
    .object([
      .init("name", .string(name)),
      .init("inputs", .array(inputs.map { $0.json })),
      .init("outputs", .array(outputs.map { $0.json })),
      .init("steps", .array(steps.map { $0.json })),
    ])
  }

  init(json: JSONField) throws(JSONError) {
    self.init(name: try json.member("name").string())
    inputs = try json.member("inputs").elements().map(PlanPort.init(json:))
    outputs = try json.member("outputs").elements().map(PlanPort.init(json:))
    steps = try json.member("steps").elements().map(PlanStep.init(json:))
  }
}

extension PlanPort {
  var json: JSON { .array([.string(name), view.json]) }

  init(json: JSONField) throws(JSONError) {
    let fields = try json.tuple(2)
    self.init(name: try fields[0].string(), view: try PlanView(json: fields[1]))
  }
}

extension PlanStep {
  var json: JSON {
    let fields: [JSON] = [
      .string(kernel), .string(name), .array(operands.map { $0?.json ?? .null }), result.json,
      .object(attributes),
    ]
    return .array(multiplyAdds == 0 ? fields : fields + [multiplyAdds.json])
  }

  init(json: JSONField) throws(JSONError) {
    let fields = try json.elements()
    guard fields.count == 5 || fields.count == 6 else {
      throw json.unexpected("a step of 5 or 6 fields")
    }
    self.init(
      kernel: try fields[0].string(), name: try fields[1].string(),
      operands: try fields[2].elements().map { field throws(JSONError) in
        field.value == .null ? nil : try PlanView(json: field)
      },
      result: try PlanView(json: fields[3]),
      attributes: try fields[4].members().map { key, field throws(JSONError) in
        JSON.Member(key, field.value ?? .null)
      }, multiplyAdds: fields.count == 6 ? try Dim(json: fields[5]) : 0)
  }
}

extension PlanView {
  /// `["arena", offset, element, shape]`, with strides and start behind it unless row-major.
  var json: JSON {
    let (kind, index): (String, Int) =
      switch region {
      case .arena(let offset): ("arena", offset)
      case .tensor(let index): ("tensor", index)
      case .state(let index): ("state", index)
      }
    var fields: [JSON] = [
      .string(kind), .integer(index), .string(element.rawValue), .array(shape.map { $0.json }),
    ]
    if !isRowMajor { fields += [.array(strides.map { $0.json }), start.json] }
    return .array(fields)
  }

  private var isRowMajor: Bool { start == 0 && (try? shape.rowMajorStrides()) == strides }

  init(json: JSONField) throws(JSONError) {
    let fields = try json.elements()
    guard fields.count == 4 || fields.count == 6 else {
      throw json.unexpected("a view of 4 or 6 fields")
    }
    let index = try fields[1].int(in: 0...Dim.limit)
    let region: Region
    switch try fields[0].string() {
    case "arena": region = .arena(offset: index)
    case "tensor": region = .tensor(index)
    case "state": region = .state(index)
    default: throw fields[0].unexpected("arena, tensor or state")
    }
    let shape = try fields[3].elements().map(Dim.init(json:))
    let element = try fields[2].elementType()
    if fields.count == 6 {
      self.init(
        region: region, element: element, shape: shape,
        strides: try fields[4].elements().map(Dim.init(json:)), start: try Dim(json: fields[5]))
      return
    }
    guard let strides = try? shape.rowMajorStrides() else {
      throw fields[3].unexpected("extents whose product is small enough")
    }
    self.init(region: region, element: element, shape: shape, strides: strides)
  }
}

extension Dim {
  /// A number, or a list of `[coefficient, symbol…]` terms.
  public var json: JSON {
    if let constant { return .integer(constant) }
    return .array(
      products.map { .array([.integer($0.coefficient)] + $0.symbols.map { .string($0) }) })
  }

  public init(json: JSONField) throws(JSONError) {
    let limits = -Self.limit...Self.limit
    guard case .array? = json.value else {
      self.init(try json.int(in: limits))
      return
    }
    var sum: Dim = 0
    do {
      for term in try json.elements() {
        let fields = try term.elements()
        guard let first = fields.first else { throw term.unexpected("[coefficient, symbol…]") }
        var product = Dim(try first.int(in: limits))
        for field in fields.dropFirst() { product = try product * Dim(symbol: try field.string()) }
        sum = try sum + product
      }
    } catch let error as JSONError {
      throw error
    } catch {
      throw json.unexpected("a dimension that is small enough")
    }
    self = sum
  }
}

extension JSONField {
  /// The elements of an array of exactly `count`.
  func tuple(_ count: Int) throws(JSONError) -> [JSONField] {
    let fields = try elements()
    guard fields.count == count else { throw unexpected("an array of \(count) elements") }
    return fields
  }

  func elementType() throws(JSONError) -> ElementType {
    guard let element = ElementType(rawValue: try string()) else {
      throw unexpected("an element type")
    }
    return element
  }

  func extents() throws(JSONError) -> [Int] {
    try elements().map { field throws(JSONError) in try field.int(in: 0...TensorData.extentLimit) }
  }
}
