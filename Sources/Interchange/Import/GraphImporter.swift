import IR
import Inputs
import Tensors

/// Turns the nodes of a graph into operations. What cannot be imported is collected, so that all of it
/// is told at once; values that depend on it are passed over.
final class GraphImporter {
  /// Most nodes after functions are inlined.
  static let nodeLimit = 1 << 18
  static let depthLimit = 32

  let builder: ImportBuilder
  private let files: ONNXFiles
  private let functions: [FunctionKey: ONNXFunction]
  private(set) var failures = ImportFailures()
  private var nodeCount = 0

  private struct FunctionKey: Hashable {
    let domain: UTF8Key
    let name: UTF8Key
    let overload: UTF8Key

    init(_ domain: String, _ name: String, _ overload: String) {
      self.domain = UTF8Key(domain.standardDomain)
      self.name = UTF8Key(name)
      self.overload = UTF8Key(overload)
    }
  }

  init(_ model: ONNXModel, _ builder: ImportBuilder, _ files: ONNXFiles) throws {
    self.builder = builder
    self.files = files
    var functions: [FunctionKey: ONNXFunction] = [:]
    for function in model.functions {
      let key = FunctionKey(function.domain, function.name, function.overload)
      guard functions.updateValue(function, forKey: key) == nil else {
        throw ONNXError("it has two functions \"\(function.name.printable)\"; export it again")
      }
    }
    self.functions = functions
  }

  /// Adds a graph's constants to a scope, then what its nodes yield.
  func add(_ graph: ONNXGraph, to scope: ImportScope) throws {
    for tensor in graph.initializers {
      let data = try tensor.data(in: files)
      let name = scope.prefix + tensor.name
      try scope.define(tensor.name, .value(builder.constant(name, data)))
    }
    try add(graph.nodes, to: scope)
  }

  func add(_ nodes: [ONNXNode], to scope: ImportScope) throws {
    for node in nodes {
      nodeCount += 1
      guard nodeCount <= Self.nodeLimit else {
        throw ONNXError("it has more than \(Self.nodeLimit) nodes with functions inlined")
      }
      let entries = try results(of: node, in: scope)
      for (output, entry) in zip(node.outputs, entries) where !output.isEmpty {
        try scope.define(output, entry)
      }
    }
  }

  /// One entry for each output of a node.
  private func results(of node: ONNXNode, in scope: ImportScope) throws -> [ImportScope.Entry] {
    let label = node.label
    do {
      let attributes = try attributes(of: node, in: scope)
      let known = try support(of: node, attributes, in: scope)
      let inputs = try inputs(of: node, in: scope)
      guard let known, let inputs else { return node.outputs.map { _ in .failed } }
      let values = try values(of: node, known, inputs, attributes, in: scope)
      return node.outputs.indices.map { index in
        index < values.count
          ? values[index]
          : .unavailable("output \(index) of \(label), which is not supported")
      }
    } catch {
      switch error {
      case is ONNXError, is OpError, is DimError, is TensorShapeError:
        failures.add(label, "\(error)")
        return node.outputs.map { _ in .failed }
      default: throw error
      }
    }
  }

  private enum Meaning {
    case function(ONNXFunction)
    case op(ONNXOperator, version: Int)
    case branch
  }

  /// What a node stands for; nil, with the failure noted, when that is not supported.
  private func support(
    of node: ONNXNode, _ attributes: [UTF8Key: ONNXAttribute.Value], in scope: ImportScope
  ) throws -> Meaning? {
    if let function = functions[FunctionKey(node.domain, node.op, node.overload)] {
      return .function(function)
    }
    guard node.domain.standardDomain.isEmpty, let version = scope.versions[UTF8Key("")] else {
      failures.addUnsupported("\(node.domain).\(node.op)", node)
      return nil
    }
    if node.op == "If" { return .branch }
    guard let known = ONNXOperator.find(node.op, version: version) else {
      failures.addUnsupported(node.op, node)
      return nil
    }
    let unknown = node.attributes.map(\.name).filter { !known.attributes.contains($0) }
    guard unknown.isEmpty else {
      throw ONNXError(
        "attribute \(unknown.map(\.printable).joined(separator: ", ")) is not supported in version "
          + "\(version)")
    }
    guard known.inputs.contains(node.inputs.count) else {
      throw ONNXError(
        "it has \(node.inputs.count) inputs, expected \(known.inputs.lowerBound) to "
          + "\(known.inputs.upperBound)")
    }
    return .op(known, version: version)
  }

  /// The values that a node reads; nil when one of them could not be imported.
  private func inputs(of node: ONNXNode, in scope: ImportScope) throws -> [ImportedValue?]? {
    var values: [ImportedValue?] = []
    var isComplete = true
    for name in node.inputs {
      if name.isEmpty {
        values.append(nil)
        continue
      }
      switch scope[name] {
      case .value(let value)?: values.append(value)
      case .absent?: values.append(nil)
      case .failed?: isComplete = false
      case .unavailable(let reason)?: throw ONNXError("it reads \(reason)")
      case nil:
        throw ONNXError(
          "it reads \"\(name.printable)\" before anything yields it; nodes must be in order")
      }
    }
    return isComplete ? values : nil
  }

  private func attributes(
    of node: ONNXNode, in scope: ImportScope
  ) throws -> [UTF8Key: ONNXAttribute.Value] {
    var attributes: [UTF8Key: ONNXAttribute.Value] = [:]
    for attribute in node.attributes {
      var value: ONNXAttribute.Value? = attribute.value
      if case .reference(let name) = attribute.value { value = scope.attributes[UTF8Key(name)] }
      guard let value else { continue }
      guard attributes.updateValue(value, forKey: UTF8Key(attribute.name)) == nil else {
        throw ONNXError("it has attribute \(attribute.name.printable) twice")
      }
    }
    return attributes
  }

  private func values(
    of node: ONNXNode, _ meaning: Meaning, _ inputs: [ImportedValue?],
    _ attributes: [UTF8Key: ONNXAttribute.Value], in scope: ImportScope
  ) throws -> [ImportScope.Entry] {
    switch meaning {
    case .function(let function):
      return try inlined(function, for: node, inputs, attributes, in: scope)
    case .branch: return try branch(of: node, inputs, attributes, in: scope)
    case .op(let known, let version):
      let name = node.outputs.first { !$0.isEmpty } ?? node.op
      let site = NodeImport(
        builder: builder, node: node, version: version, name: scope.prefix + name, inputs: inputs,
        attributes: attributes, files: files)
      return try known.build(site).map { .value($0.declared == nil ? site.inheriting($0) : $0) }
    }
  }

  private func inlined(
    _ function: ONNXFunction, for node: ONNXNode, _ inputs: [ImportedValue?],
    _ attributes: [UTF8Key: ONNXAttribute.Value], in scope: ImportScope
  ) throws -> [ImportScope.Entry] {
    guard scope.depth < Self.depthLimit else {
      throw ONNXError("functions call each other more than \(Self.depthLimit) deep")
    }
    guard inputs.count <= function.inputs.count else {
      throw ONNXError(
        "it has \(inputs.count) inputs, but the function takes \(function.inputs.count)")
    }
    var given: [UTF8Key: ONNXAttribute.Value] = [:]
    for attribute in function.defaults { given[UTF8Key(attribute.name)] = attribute.value }
    given.merge(attributes) { $1 }
    let label = node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? node.op : node.name
    let inner = ImportScope(
      prefix: "\(scope.prefix)\(label)/", versions: try function.imports.versions(),
      attributes: given, depth: scope.depth + 1)
    for (index, name) in function.inputs.enumerated() {
      let value = index < inputs.count ? inputs[index] : nil
      try inner.define(name, value.map { .value($0) } ?? .absent)
    }
    try add(function.nodes, to: inner)
    return function.outputs.map {
      inner[$0] ?? .unavailable("an output that its function never makes")
    }
  }

  /// `If` with a condition that is known: the nodes of the branch that is taken.
  private func branch(
    of node: ONNXNode, _ inputs: [ImportedValue?], _ attributes: [UTF8Key: ONNXAttribute.Value],
    in scope: ImportScope
  ) throws -> [ImportScope.Entry] {
    guard let condition = inputs.first??.known, condition.count == 1 else {
      throw ONNXError("its condition depends on data; only conditions that are known are supported")
    }
    let name = condition.values[0] != 0 ? "then_branch" : "else_branch"
    guard case .graph(let graph)? = attributes[UTF8Key(name)] else {
      throw ONNXError("it has no \(name)")
    }
    let inner = scope.inner()
    try add(graph, to: inner)
    return graph.outputs.map {
      inner[$0.name] ?? .unavailable("an output that its branch never makes")
    }
  }
}

extension ONNXNode {
  /// How messages call it.
  var label: String {
    let name = name.isEmpty ? outputs.first { !$0.isEmpty } ?? "" : name
    return "node \"\(name.printable)\" (\(op.printable))"
  }
}

extension String {
  /// The standard operators' domain has two spellings.
  var standardDomain: String { self == "ai.onnx" ? "" : self }
}

extension [ONNXOperatorSet] {
  func versions() throws -> [UTF8Key: Int] {
    var versions: [UTF8Key: Int] = [:]
    for set in self {
      let domain = set.domain.standardDomain
      let known = versions.updateValue(set.version, forKey: UTF8Key(domain))
      guard known == nil || known == set.version else {
        throw ONNXError("it imports operator set \"\(domain.printable)\" in two versions")
      }
      guard !domain.isEmpty || ONNXOperator.versions.contains(set.version) else {
        throw ONNXError(
          "it uses version \(set.version) of the operators; versions "
            + "\(ONNXOperator.versions.lowerBound) to \(ONNXOperator.versions.upperBound) are "
            + "supported")
      }
    }
    return versions
  }
}
