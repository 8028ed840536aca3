import Inputs
import Tensors

/// One broken invariant and where it is.
public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
  public enum Place: Hashable, Sendable {
    case module
    case tensor(TensorID)
    case function(Int)
    case operation(function: Int, index: Int)
  }

  public let place: Place
  /// The place in words, such as `@main, %out = add`.
  public let subject: String
  public let message: String

  /// One line of plain text, whatever names it holds.
  public var description: String { "\(subject): \(message)".printable }
}

/// A module that breaks the IR's invariants.
public struct VerificationError: Error, Sendable, CustomStringConvertible {
  public let diagnostics: [Diagnostic]

  public var description: String {
    let more = diagnostics.count > 1 ? " (and \(diagnostics.count - 1) more)" : ""
    return "\(diagnostics[0])\(more)"
  }
}

/// The invariants of the IR, as one list: `diagnostics(of:)` reads as their table of contents.
public struct Verifier {
  /// Highest rank of any tensor.
  public static let rankLimit = 8

  private let module: Module
  private let symbols: Set<String>
  private let bounds: [String: Int]
  private var found: [Diagnostic] = []

  public static func verify(_ module: Module) throws {
    let diagnostics = diagnostics(of: module)
    if !diagnostics.isEmpty { throw VerificationError(diagnostics: diagnostics) }
  }

  public static func diagnostics(of module: Module) -> [Diagnostic] {
    var verifier = Verifier(module)
    verifier.symbolsHaveUniqueNamesAndPositiveBounds()
    verifier.namesAreUnique()
    for index in module.tensors.indices { verifier.tensorIsSound(index) }
    for index in module.functions.indices {
      verifier.valuesAreDefinedOnceAndBeforeUse(index)
      // Types and views can only be computed where every operand exists.
      guard verifier.found.isEmpty else { continue }
      verifier.operationsFollowTheirDefinitions(index)
      guard verifier.found.isEmpty else { continue }
      verifier.sizesStayInBounds(index)
      verifier.viewsFitTheirStrides(index)
    }
    return verifier.found
  }

  private init(_ module: Module) {
    self.module = module
    symbols = Set(module.symbols.map(\.name))
    bounds = module.bounds
  }

  private mutating func report(_ place: Diagnostic.Place, _ subject: String, _ message: String) {
    found.append(Diagnostic(place: place, subject: subject, message: message))
  }

  private mutating func report(_ function: Int, _ index: Int, _ message: String) {
    let owner = module.functions[function]
    let operation = owner.operations[index]
    let target = operation.results.first.flatMap { id in
      owner.values.indices.contains(id.index) ? "%\(owner[id].name) = " : nil
    }
    report(
      .operation(function: function, index: index),
      "@\(owner.name), \(target ?? "")\(operation.op)",
      message)
  }

  // MARK: The invariants

  private mutating func symbolsHaveUniqueNamesAndPositiveBounds() {
    if symbols.count != module.symbols.count {
      report(.module, "symbols", "two have the same name")
    }
    for symbol in module.symbols {
      if !Symbol.isValidName(symbol.name) {
        report(
          .module, "symbol \(symbol.name)", "the name is not upper-case letters, digits and '_'")
      }
      if symbol.bound < 1 || symbol.bound > 1 << 32 {
        report(.module, "symbol \(symbol.name)", "bound \(symbol.bound) is outside 1...2^32")
      }
    }
  }

  private mutating func namesAreUnique() {
    let tensors = Set(module.tensors.map { Array($0.name.utf8) })
    if tensors.count != module.tensors.count {
      report(.module, "tensors", "two have the same name")
    }
    if Set(module.functions.map(\.name)).count != module.functions.count {
      report(.module, "functions", "two have the same name")
    }
  }

  private mutating func tensorIsSound(_ index: Int) {
    let tensor = module.tensors[index]
    var messages: [String] = []
    if let problem = problem(with: tensor.type) { messages.append(problem) }
    if tensor.kind != .state, tensor.type.shape.constants == nil {
      messages.append("only a state may have symbolic extents, found \(tensor.type)")
    }
    if tensor.kind == .state, tensor.initializer != nil {
      messages.append("a state begins with zeros and takes no value")
    }
    if tensor.kind == .state {
      // The memory of a state is as large as its extents are at the bounds.
      for extent in tensor.type.shape {
        guard let most = try? extent.evaluate(bounds), let room = try? Dim(most) - extent,
          shortage(of: room) != nil
        else { continue }
        messages.append("extent \(extent) of a state is larger at smaller sizes")
      }
    }
    if let count = try? tensor.type.shape.elementCount().constant {
      if case .dense(let values) = tensor.initializer, values.count != count {
        messages.append("value has \(values.count) elements, expected \(count)")
      }
    }
    if tensor.initializer != nil, let shape = tensor.type.shape.constants,
      (try? TensorData.byteCount(tensor.type.element, shape)) ?? .max > Initializer.byteLimit
    {
      messages.append(
        "its value would be more than \(Initializer.byteLimit) bytes, the most that is made; take a "
          + "smaller shape")
    }
    if case .ropeFrequencies = tensor.initializer, tensor.type.rank != 1 {
      messages.append("rope_frequencies needs one axis, found \(tensor.type)")
    }
    if case .random(_, let scale, _) = tensor.initializer {
      if !tensor.type.element.isFloatingPoint {
        messages.append("random needs a floating-point type, found \(tensor.type)")
      }
      if !scale.isFinite { messages.append("random has the scale \(scale), expected a number") }
    }
    if let packing = tensor.packing {
      if tensor.kind == .state { messages.append("a state cannot be packed") }
      if tensor.type.rank != 2 || tensor.type.element != packing.element {
        messages.append(
          "\(packing.rawValue) needs a \(packing.element.rawValue) matrix, found \(tensor.type)"
        )
      }
    }
    if let original = tensor.original { isSoundCopy(tensor, of: original, &messages) }
    if case .buffer(persistent: false) = tensor.kind, tensor.initializer == nil {
      messages.append("a non_persistent buffer needs a value")
    }
    for message in messages { report(.tensor(TensorID(index)), "%\(tensor.name)", message) }
  }

  private func isSoundCopy(_ copy: ModuleTensor, of name: String, _ messages: inout [String]) {
    guard let original = module.tensorID(named: name).map(module.tensor) else {
      return messages.append("copy_of names %\(name), which does not exist")
    }
    if copy.kind != .weight || original.kind != .weight || original.original != nil
      || copy.initializer != original.initializer || copy.type.shape != original.type.shape
    {
      messages.append("copy_of needs a weight like %\(name), which is no copy")
    }
  }

  private mutating func valuesAreDefinedOnceAndBeforeUse(_ index: Int) {
    let function = module.functions[index]
    var defined = [Bool](repeating: false, count: function.values.count)
    func isDefined(_ operand: Operand) -> Bool {
      switch operand {
      case .value(let id): defined.indices.contains(id.index) && defined[id.index]
      case .tensor(let id): module.tensors.indices.contains(id.index)
      }
    }
    for id in function.parameters {
      if defined[id.index] {
        report(.function(index), "@\(function.name)", "%\(function[id].name) is defined twice")
      }
      defined[id.index] = true
    }
    for (position, operation) in function.operations.enumerated() {
      for case .some(let operand) in operation.operands where !isDefined(operand) {
        report(index, position, "reads a value before its definition")
      }
      for id in operation.results {
        guard defined.indices.contains(id.index), !defined[id.index] else {
          report(index, position, "defines a value twice")
          continue
        }
        defined[id.index] = true
      }
    }
    for result in function.results where !isDefined(result.operand) {
      report(.function(index), "@\(function.name)", "returns a value that is not defined")
    }
  }

  private mutating func operationsFollowTheirDefinitions(_ index: Int) {
    let function = module.functions[index]
    for (position, operation) in function.operations.enumerated() {
      do {
        let definition = try OpRegistry.required(operation.op)
        try Self.check(operation, against: definition)
        let inferred = try definition.infer(module.site(of: operation, in: function))
        let declared = operation.results.map { function[$0].type }
        if inferred != declared {
          let (want, have) = (inferred.map(\.description), declared.map(\.description))
          throw OpError(
            "result has type \(have.joined(separator: ", ")), expected \(want.joined(separator: ", "))"
          )
        }
        if definition.hasEffect, let target = operation.operands[0],
          target.tensor.map({ module.tensor($0).kind }) != .state
        {
          throw OpError("writes to %\(module.name(of: target, in: function)), which is not a state")
        }
      } catch {
        report(index, position, "\(error)")
      }
    }
  }

  /// Operand count and attribute names and kinds.
  package static func check(_ operation: Operation, against definition: OpDefinition) throws {
    let isVariadic = definition.operands.last.map { $0.kind == .variadic } ?? false
    let required = definition.operands.filter { $0.kind == .required }.count
    if isVariadic {
      guard !operation.operands.isEmpty, !operation.operands.contains(nil) else {
        throw OpError("has no operands, expected at least 1")
      }
    } else {
      guard operation.operands.count == definition.operands.count else {
        throw OpError(
          "has \(operation.operands.count) operands, expected \(definition.operands.count)")
      }
      for (operand, spec) in zip(operation.operands, definition.operands)
      where operand == nil && spec.kind == .required {
        throw OpError("operand '\(spec.name)' is missing, expected \(required) operands")
      }
    }
    for name in operation.attributes.keys.sorted() {
      guard let spec = definition.attributes.first(where: { $0.name == name }) else {
        throw OpError("has no attribute '\(name)'")
      }
      if let attribute = operation.attributes[name], !spec.accepts(attribute) {
        throw OpError("attribute \(name) = \(attribute), expected \(spec.expectation)")
      }
    }
    for spec in definition.attributes
    where !spec.isOptional && operation.attributes[spec.name] == nil {
      throw OpError("attribute \(spec.name) is missing, expected \(spec.expectation)")
    }
  }

  private mutating func sizesStayInBounds(_ index: Int) {
    let function = module.functions[index]
    for id in function.parameters {
      if let problem = problem(with: function[id].type) {
        report(.function(index), "@\(function.name), %\(function[id].name)", problem)
      }
    }
    for (position, operation) in function.operations.enumerated() {
      for id in operation.results {
        if let problem = problem(with: function[id].type) { report(index, position, problem) }
      }
      if let problem = overrun(of: operation, in: function) { report(index, position, problem) }
    }
  }

  /// A slice or cache write that leaves its operand at some size of the symbols.
  private func overrun(of operation: Operation, in function: Function) -> String? {
    guard operation.op == "slice" || operation.op == "cache_append",
      let source = operation.operands[0].map({ module.type(of: $0, in: function) })
    else { return nil }
    let isSlice = operation.op == "slice"
    let axis = isSlice ? (operation.attributes["axis"]?.integer ?? 0) : 2
    let extent = source.shape[axis < 0 ? axis + source.rank : axis]
    let end =
      isSlice
      ? operation.attributes["end"]?.dimension : function[operation.result].type.shape[2]
    let start = operation.attributes[isSlice ? "start" : "at"]?.dimension
    guard let start, let end else { return nil }
    if let sizes = shortage(of: start) { return "begins at \(Self.value(of: start, at: sizes))" }
    if let room = try? extent - end, let sizes = shortage(of: room) {
      let (end, extent) = (Self.value(of: end, at: sizes), Self.value(of: extent, at: sizes))
      return "reaches \(end) of an axis of extent \(extent)"
    }
    return nil
  }

  /// Values of the symbols at which a size is below 0, empty where only trying too many would tell;
  /// nil when it never is.
  private func shortage(of size: Dim) -> [String: Int]? {
    guard let smallest = try? size.minimum(bounds) else { return [:] }
    return smallest.value < 0 ? smallest.sizes ?? [:] : nil
  }

  /// The number that a size is, or the size where it is none.
  private static func value(of size: Dim, at sizes: [String: Int]) -> String {
    (try? size.evaluate(sizes)).map { "\($0)" } ?? "\(size)"
  }

  private mutating func viewsFitTheirStrides(_ index: Int) {
    do { _ = try Layout.analyze(module.functions[index], in: module) } catch {
      report(index, (error as? LayoutError)?.operation ?? 0, "\(error)")
    }
  }

  /// What is wrong with a type by itself: rank, unknown symbols, extents below 0, too many elements.
  private func problem(with type: TensorType) -> String? {
    if type.rank > Self.rankLimit { return "rank \(type.rank) is above \(Self.rankLimit)" }
    for extent in type.shape {
      if let unknown = extent.symbols.first(where: { !symbols.contains($0) }) {
        return "symbol '\(unknown)' is not defined"
      }
      guard (try? extent.largest(bounds)) != nil, let smallest = try? extent.minimum(bounds) else {
        return "extent \(extent) is too large"
      }
      if smallest.value < 0 {
        return smallest.sizes == nil
          ? "extent \(extent) cannot be shown to be 0 or more"
          : "extent \(extent) becomes \(smallest.value)"
      }
    }
    guard let count = try? type.shape.elementCount(), (try? count.largest(bounds)) != nil else {
      return "\(type) has too many elements"
    }
    return nil
  }
}
