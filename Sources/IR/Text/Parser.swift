import Tensors

extension Module {
  /// Longest textual graph that is read: 64 MiB.
  public static let textLimit = 64 << 20

  /// Reads a textual graph and verifies it. Throws `TextError` with up to 20 places.
  public static func parse(_ text: String) throws -> Module {
    try parse(bytes: Array(text.utf8))
  }

  public static func parse(bytes: [UInt8]) throws -> Module {
    guard bytes.count <= textLimit else {
      throw TextError(
        SourceLocation(line: 1, column: 1), "the text is larger than \(textLimit) bytes")
    }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw TextError(SourceLocation(line: 1, column: 1), "the text is not UTF-8")
    }
    var parser = try Parser(bytes)
    let module = try parser.module()
    let items = Verifier.diagnostics(of: module).prefix(20).map { diagnostic in
      TextError.Item(
        location: parser.location(of: diagnostic, in: module), message: diagnostic.message)
    }
    if !items.isEmpty { throw TextError(Array(items)) }
    return module
  }
}

/// Recursive descent over the grammar of the textual graph. Names and operands are resolved here;
/// types and everything else are the verifier's.
struct Parser {
  private var lexer: Lexer
  private(set) var token: Lexer.Token = .end
  private(set) var location = SourceLocation(line: 1, column: 1)

  private var tensorNames: [String: TensorID] = [:]
  private var symbolNames: Set<String> = []
  private var tensorLocations: [SourceLocation] = []
  private var functionLocations: [(name: SourceLocation, operations: [SourceLocation])] = []

  init(_ bytes: [UInt8]) throws {
    lexer = Lexer(bytes)
    try advance()
  }

  func location(of diagnostic: Diagnostic, in module: Module) -> SourceLocation {
    switch diagnostic.place {
    case .module: SourceLocation(line: 1, column: 1)
    case .tensor(let id): tensorLocations[id.index]
    case .function(let function): functionLocations[function].name
    case .operation(let function, let index): functionLocations[function].operations[index]
    }
  }

  // MARK: Module level

  mutating func module() throws -> Module {
    try expect(word: "module")
    var module = Module(name: try global())
    try expect("{")
    while token != .punctuation("}") {
      switch token {
      case .word("symbol"): try symbol(into: &module)
      case .word("weight"): try tensor(.weight, into: &module)
      case .word("buffer"): try tensor(.buffer(persistent: true), into: &module)
      case .word("state"): try tensor(.state, into: &module)
      case .word("func"): try function(into: &module)
      default: throw unexpected("symbol, weight, buffer, state, func or '}'")
      }
    }
    try advance()
    guard token == .end else { throw unexpected("the end of the text") }
    return module
  }

  private mutating func symbol(into module: inout Module) throws {
    try advance()
    let start = location
    let name = try word()
    guard Symbol.isValidName(name) else {
      throw TextError(start, "symbol '\(name)' is not made of upper-case letters, digits and '_'")
    }
    guard symbolNames.insert(name).inserted else {
      throw TextError(start, "symbol '\(name)' is defined twice")
    }
    try expect("<")
    try expect("=")
    module.symbols.append(Symbol(name, bound: try integer()))
  }

  private mutating func tensor(_ kind: ModuleTensor.Kind, into module: inout Module) throws {
    try advance()
    let start = location
    let name = try value()
    guard tensorNames[name] == nil else { throw TextError(start, "%\(name) is defined twice") }
    try expect(":")
    var tensor = ModuleTensor(name, try type(), kind)
    if token == .punctuation("{") { try tensorOptions(&tensor) }
    tensorNames[name] = TensorID(module.tensors.count)
    tensorLocations.append(start)
    module.tensors.append(tensor)
  }

  /// `{non_persistent, copy_of = %w, packing = bf16_panels, value = iota}`.
  private mutating func tensorOptions(_ tensor: inout ModuleTensor) throws {
    try list("{", "}") { parser in
      let start = parser.location
      switch try parser.word() {
      case "non_persistent":
        guard case .buffer = tensor.kind else {
          throw TextError(start, "only a buffer can be non_persistent")
        }
        tensor.kind = .buffer(persistent: false)
      case "value":
        try parser.expect("=")
        tensor.initializer = try parser.initializer()
      case "copy_of":
        try parser.expect("=")
        tensor.original = try parser.value()
      case "packing":
        try parser.expect("=")
        tensor.packing = try parser.packing()
      case let option:
        throw TextError(
          start, "unknown option '\(option)', expected non_persistent, copy_of, packing or value")
      }
    }
  }

  private mutating func packing() throws -> WeightPacking {
    let start = location
    let name = try word()
    guard let packing = WeightPacking(rawValue: name) else {
      let known = WeightPacking.allCases.map(\.rawValue).joined(separator: ", ")
      throw TextError(start, "unknown packing '\(name)', expected \(known)")
    }
    return packing
  }

  private mutating func initializer() throws -> Initializer {
    if token == .punctuation("[") {
      guard let values = try attribute().reals else { throw unexpected("a list of numbers") }
      return .dense(values)
    }
    if case .word(let word) = token {
      switch word {
      case "iota":
        try advance()
        return .iota
      case "splat":
        try advance()
        return .splat(try argument())
      case "rope_frequencies":
        try advance()
        return .ropeFrequencies(base: try argument())
      case "random":
        try advance()
        return try random()
      default: break
      }
    }
    throw unexpected("iota, splat(x), rope_frequencies(base), random(seed) or a list of numbers")
  }

  private mutating func argument() throws -> Double {
    try expect("(")
    guard let value = try attribute().real else { throw unexpected("a number") }
    try expect(")")
    return value
  }

  /// `(seed)`, `(seed, scale)` or `(seed, scale, element type)`.
  private mutating func random() throws -> Initializer {
    try expect("(")
    let seed = try integer()
    var scale = 1.0
    if token == .punctuation(",") {
      try advance()
      guard let value = try attribute().real else { throw unexpected("a number") }
      scale = value
    }
    var rounded: ElementType?
    if token == .punctuation(",") {
      try advance()
      guard let name = try attribute().word, let type = ElementType(rawValue: name),
        type.isFloatingPoint
      else { throw unexpected("a floating-point type") }
      rounded = type
    }
    try expect(")")
    return .random(seed: seed, scale: scale, rounded: rounded)
  }

  // MARK: Functions

  private mutating func function(into module: inout Module) throws {
    try advance()
    let start = location
    var function = Function(name: try global())
    guard module[function: function.name] == nil else {
      throw TextError(start, "function @\(function.name) is defined twice")
    }
    var names: [String: ValueID] = [:]
    try list("(", ")") { parser in
      let place = parser.location
      let name = try parser.value()
      try parser.expect(":")
      let id = function.addValue(name, try parser.type())
      try parser.define(name, id, in: &names, at: place)
      function.parameters.append(id)
    }
    guard token == .arrow else { throw unexpected("'->'") }
    try advance()
    var declared: [(name: String?, type: TensorType, location: SourceLocation)] = []
    try list("(", ")") { parser in declared.append(try parser.declaredResult()) }
    try expect("{")
    functionLocations.append((start, []))
    while token != .word("return") {
      functionLocations[functionLocations.count - 1].operations.append(location)
      function.operations.append(try operation(in: &function, &names))
    }
    try returns(declared, into: &function, names, module)
    try expect("}")
    module.functions.append(function)
  }

  private mutating func declaredResult() throws -> (String?, TensorType, SourceLocation) {
    let start = location
    if case .quoted(let name) = token {
      try advance()
      try expect(":")
      return (name, try type(), start)
    }
    let first = try word()
    if token == .punctuation(":") {
      try advance()
      return (first, try type(), start)
    }
    return (nil, try type(named: first, at: start), start)
  }

  private mutating func returns(
    _ declared: [(name: String?, type: TensorType, location: SourceLocation)],
    into function: inout Function, _ names: [String: ValueID], _ module: Module
  ) throws {
    try advance()
    let start = location
    var operands: [Operand] = []
    while case .value = token {
      operands.append(try operand(names))
      guard token == .punctuation(",") else { break }
      try advance()
    }
    guard operands.count == declared.count else {
      throw TextError(start, "returns \(operands.count) values, expected \(declared.count)")
    }
    for (operand, result) in zip(operands, declared) {
      let type = module.type(of: operand, in: function)
      guard type == result.type else {
        throw TextError(start, "returns \(type), expected \(result.type)")
      }
      function.results.append(Function.Result(result.name, operand))
    }
  }

  private mutating func define(
    _ name: String, _ id: ValueID, in names: inout [String: ValueID], at place: SourceLocation
  ) throws {
    guard tensorNames[name] == nil, names.updateValue(id, forKey: name) == nil else {
      throw TextError(place, "%\(name) is defined twice")
    }
  }

  /// `%y, %z = op(%x, bias = %b) {attributes} : (type, type) at 4096 using kernel`.
  private mutating func operation(
    in function: inout Function, _ names: inout [String: ValueID]
  ) throws -> Operation {
    var targets: [(name: String, location: SourceLocation)] = []
    repeat {
      if !targets.isEmpty { try advance() }
      let place = location
      targets.append((try value(), place))
    } while token == .punctuation(",")
    try expect("=")
    let place = location
    let name = try word()
    guard let definition = OpRegistry.definition(of: name) else {
      throw TextError(place, "unknown operation '\(name)'")
    }
    var operation = Operation(name, [], results: [])
    operation.operands = try operands(of: definition, names)
    if token == .punctuation("{") { operation.attributes = try attributes() }
    try expect(":")
    for (target, type) in zip(targets, try resultTypes(count: targets.count)) {
      let id = function.addValue(target.name, type)
      try define(target.name, id, in: &names, at: target.location)
      operation.results.append(id)
    }
    if token == .word("at") {
      try advance()
      function[operation.result].offset = try integer()
    }
    if token == .word("using") {
      try advance()
      operation.kernel = try word()
    }
    return operation
  }

  private mutating func resultTypes(count: Int) throws -> [TensorType] {
    if count == 1, token != .punctuation("(") { return [try type()] }
    let start = location
    var types: [TensorType] = []
    try list("(", ")") { types.append(try $0.type()) }
    guard types.count == count else {
      throw TextError(start, "\(types.count) types for \(count) results")
    }
    return types
  }

  private mutating func operands(
    of definition: OpDefinition, _ names: [String: ValueID]
  ) throws -> [Operand?] {
    let isVariadic = definition.operands.last.map { $0.kind == .variadic } ?? false
    var operands: [Operand?] =
      isVariadic ? [] : Array(repeating: nil, count: definition.operands.count)
    var position = 0
    try list("(", ")") { parser in
      let place = parser.location
      var index = position
      if case .word(let name) = parser.token {
        guard let named = definition.operands.firstIndex(where: { $0.name == name }) else {
          throw TextError(place, "\(definition.name) has no operand '\(name)'")
        }
        try parser.advance()
        try parser.expect("=")
        index = named
      } else {
        position += 1
      }
      let operand = try parser.operand(names)
      if isVariadic {
        operands.append(operand)
      } else {
        guard index < operands.count else {
          throw TextError(place, "\(definition.name) takes at most \(operands.count) operands")
        }
        guard operands[index] == nil else {
          throw TextError(place, "operand '\(definition.operands[index].name)' is given twice")
        }
        operands[index] = operand
      }
    }
    return operands
  }

  private mutating func operand(_ names: [String: ValueID]) throws -> Operand {
    let place = location
    let name = try value()
    if let id = names[name] { return .value(id) }
    if let id = tensorNames[name] { return .tensor(id) }
    throw TextError(place, "%\(name) is not defined")
  }

  // MARK: Attributes, types, dimensions

  private mutating func attributes() throws -> Attributes {
    var attributes: Attributes = [:]
    try list("{", "}") { parser in
      let place = parser.location
      let name = try parser.word()
      try parser.expect("=")
      guard attributes.updateValue(try parser.attribute(), forKey: name) == nil else {
        throw TextError(place, "attribute \(name) is given twice")
      }
    }
    return attributes
  }

  private mutating func attribute(depth: Int = 0) throws -> Attribute {
    switch token {
    case .punctuation("["):
      guard depth < 4 else { throw TextError(location, "lists are nested too deeply") }
      var values: [Attribute] = []
      try list("[", "]") { values.append(try $0.attribute(depth: depth + 1)) }
      return .list(values)
    case .word("true"), .word("false"):
      let value = token == .word("true")
      try advance()
      return .flag(value)
    case .word("inf"), .word("nan"): return .real(try real(negative: false))
    case .word(let word) where !Symbol.isValidName(word):
      try advance()
      return .word(word)
    case .number(let text) where !text.allSatisfy(\.isNumber):
      return .real(try real(negative: false))
    case .punctuation("-"):
      let place = location
      try advance()
      if case .number(let text) = token, text.allSatisfy(\.isNumber) {
        return .dimension(try dimension(negated: true, at: place))
      }
      if case .word(let word) = token, Symbol.isValidName(word) {
        return .dimension(try dimension(negated: true, at: place))
      }
      return .real(try real(negative: true))
    default: return .dimension(try dimension(negated: false, at: location))
    }
  }

  private mutating func real(negative: Bool) throws -> Double {
    let text: String
    switch token {
    case .number(let digits): text = digits
    case .word("inf"): text = "inf"
    case .word("nan"): text = "nan"
    default: throw unexpected("a number")
    }
    guard let value = Double(text), value.isFinite || text == "inf" || text == "nan" else {
      throw TextError(location, "the number \(text) is too large")
    }
    try advance()
    return negative ? -value : value
  }

  /// A sum of products of integers and symbols.
  private mutating func dimension(negated: Bool, at place: SourceLocation) throws -> Dim {
    do {
      var total = try product()
      if negated { total = try total * -1 }
      while token == .punctuation("+") || token == .punctuation("-") {
        let minus = token == .punctuation("-")
        try advance()
        let term = try product()
        total = minus ? try total - term : try total + term
      }
      return total
    } catch is DimError {
      throw TextError(place, "the dimension is too large")
    }
  }

  private mutating func product() throws -> Dim {
    var result = try factor()
    while token == .punctuation("*") {
      try advance()
      result = try result * factor()
    }
    return result
  }

  private mutating func factor() throws -> Dim {
    if case .word(let name) = token {
      guard symbolNames.contains(name) else {
        throw TextError(location, "symbol '\(name)' is not defined")
      }
      try advance()
      return Dim(symbol: name)
    }
    return Dim(try integer())
  }

  private mutating func integer() throws -> Int {
    guard case .number(let text) = token, text.allSatisfy(\.isNumber) else {
      throw unexpected("an integer")
    }
    guard let value = Int(text), value <= Dim.limit else {
      throw TextError(location, "the integer \(text.prefix(24)) is too large")
    }
    try advance()
    return value
  }

  private mutating func type() throws -> TensorType {
    let place = location
    return try type(named: try word(), at: place)
  }

  /// The rest of a type whose element name has just been read; the current token is its `[`.
  private mutating func type(named name: String, at place: SourceLocation) throws -> TensorType {
    guard let element = ElementType(rawValue: name) else {
      throw TextError(place, "unknown element type '\(name)'")
    }
    guard token == .punctuation("[") else { throw unexpected("'[' and a shape") }
    let shapePlace = location
    let text = try lexer.shapeText()
    try advance()
    return TensorType(element, try shape(text, at: shapePlace))
  }

  /// `1x(P+1)x256`: extents separated by `x`; sums stand in parentheses.
  private func shape(_ text: String, at place: SourceLocation) throws -> Shape {
    guard !text.isEmpty else { return [] }
    return try text.split(separator: "x", omittingEmptySubsequences: false).map { part in
      var body = part
      if body.hasPrefix("("), body.hasSuffix(")") { body = body.dropFirst().dropLast() }
      do {
        var inner = try Parser(Array(body.utf8))
        inner.symbolNames = symbolNames
        let value = try inner.dimension(negated: false, at: place)
        guard inner.token == .end else { throw TextError(place, "") }
        return value
      } catch let error as TextError {
        let reason = error.items[0].message.isEmpty ? "" : ": \(error.items[0].message)"
        throw TextError(place, "'\(part)' is not an extent\(reason)")
      }
    }
  }

  // MARK: Tokens

  private mutating func advance() throws {
    lexer.skipBlanks()
    location = lexer.location
    token = try lexer.next()
  }

  private mutating func expect(_ punctuation: Character) throws {
    guard token == .punctuation(punctuation) else { throw unexpected("'\(punctuation)'") }
    try advance()
  }

  private mutating func expect(word: String) throws {
    guard token == .word(word) else { throw unexpected("'\(word)'") }
    try advance()
  }

  private mutating func word() throws -> String {
    guard case .word(let text) = token else { throw unexpected("a word") }
    try advance()
    return text
  }

  private mutating func value() throws -> String {
    guard case .value(let name) = token else { throw unexpected("a %name") }
    try advance()
    return name
  }

  private mutating func global() throws -> String {
    guard case .global(let name) = token else { throw unexpected("an @name") }
    try advance()
    return name
  }

  /// Comma-separated items between two brackets; may be empty.
  private mutating func list(
    _ open: Character, _ close: Character, _ item: (inout Parser) throws -> Void
  ) throws {
    try expect(open)
    while token != .punctuation(close) {
      try item(&self)
      if token == .punctuation(",") {
        try advance()
      } else if token != .punctuation(close) {
        throw unexpected("',' or '\(close)'")
      }
    }
    try advance()
  }

  private func unexpected(_ expectation: String) -> TextError {
    TextError(location, "expected \(expectation), found \(token.shown)")
  }
}

extension Lexer.Token {
  var shown: String {
    switch self {
    case .word(let text), .number(let text): "'\(text.prefix(40))'"
    case .value(let name): "'%\(name.prefix(40))'"
    case .global(let name): "'@\(name.prefix(40))'"
    case .punctuation(let character): "'\(character)'"
    case .arrow: "'->'"
    case .quoted(let name): "'\"\(name.prefix(40))\"'"
    case .end: "the end of the text"
    }
  }
}
