import IR
import JSON
import Plans
import Tensors
import Testing

/// A module built from its JSON dump alone: that this is possible is what the format promises.
struct RebuiltModule {
  let module: Module

  init(_ dump: JSONField) throws {
    var module = Module(name: try dump.member("module").string())
    module.symbols = try dump.member("symbols").elements().map {
      Symbol(try $0.member("name").string(), bound: try $0.member("bound").int())
    }
    module.tensors = try dump.member("tensors").elements().map(Self.tensor)
    module.functions = try dump.member("functions").elements().map(Self.function)
    self.module = module
  }

  private static func type(_ field: JSONField) throws -> TensorType {
    let name = try field.member("element").string()
    guard let element = ElementType(rawValue: name) else { throw field.unexpected("a type") }
    return TensorType(
      element, try field.member("shape").elements().map { try Dim(json: $0) })
  }

  private static func tensor(_ field: JSONField) throws -> ModuleTensor {
    let kind: ModuleTensor.Kind
    switch try field.member("kind").string() {
    case "weight": kind = .weight
    case "buffer": kind = .buffer(persistent: false)
    case "persistent_buffer": kind = .buffer(persistent: true)
    case "state": kind = .state
    default: throw field.unexpected("a kind of tensor")
    }
    return ModuleTensor(
      try field.member("name").string(), try type(field), kind,
      try field.member("value").present.map(initializer),
      packing: try field.member("packing").present.flatMap {
        WeightPacking(rawValue: try $0.string())
      },
      original: try field.member("copy_of").present?.string())
  }

  private static func initializer(_ field: JSONField) throws -> Initializer {
    switch try field.member("kind").string() {
    case "iota": return .iota
    case "splat": return .splat(try real(field.member("value")))
    case "dense": return .dense(try field.member("values").elements().map(real))
    case "rope_frequencies": return .ropeFrequencies(base: try real(field.member("base")))
    case "random":
      let rounded = try field.member("rounded").present?.string()
      return .random(
        seed: try field.member("seed").int(), scale: try real(field.member("scale")),
        rounded: rounded.flatMap { ElementType(rawValue: $0) })
    default: throw field.unexpected("an initializer")
    }
  }

  private static func real(_ field: JSONField) throws -> Double {
    if case .string(let text)? = field.value { return Double(text) ?? .nan }
    return try field.double()
  }

  private static func function(_ field: JSONField) throws -> Function {
    var function = Function(name: try field.member("name").string())
    function.values = try field.member("values").elements().map {
      Value(
        name: try $0.member("name").string(), type: try type($0),
        offset: try $0.member("offset").present?.int())
    }
    function.parameters = try field.member("parameters").elements().map { ValueID(try $0.int()) }
    function.operations = try field.member("operations").elements().map(operation)
    function.results = try field.member("results").elements().map {
      Function.Result(
        try $0.member("name").present?.string(), try operand($0.member("operand")))
    }
    return function
  }

  private static func operand(_ field: JSONField) throws -> Operand {
    if let value = try field.member("value").present { return .value(ValueID(try value.int())) }
    return .tensor(TensorID(try field.member("tensor").int()))
  }

  private static func operation(_ field: JSONField) throws -> Operation {
    Operation(
      try field.member("op").string(),
      try field.member("operands").elements().map { $0.value == .null ? nil : try operand($0) },
      Dictionary(
        uniqueKeysWithValues: try field.member("attributes").members().map {
          ($0, try attribute($1))
        }),
      results: try field.member("results").elements().map { ValueID(try $0.int()) },
      kernel: try field.member("kernel").present?.string())
  }

  private static func attribute(_ field: JSONField) throws -> Attribute {
    let (kind, value) = try #require(field.members().first)
    switch kind {
    case "dimension": return .dimension(try Dim(json: value))
    case "real": return .real(try real(value))
    case "flag": return .flag(try value.bool())
    case "word": return .word(try value.string())
    case "list": return .list(try value.elements().map(attribute))
    default: throw field.unexpected("an attribute")
    }
  }
}
