import IR

/// One function while it is rewritten: its operations as nodes with definitions and use lists that
/// stay true after every committed patch.
///
/// Rules only read it. `sweep` walks the nodes in order and commits what the rules propose.
struct RewriteGraph {
  /// The module around the function. Patches may append tensors; its functions stay untouched.
  private(set) var module: Module
  let functionIndex: Int
  /// Values, parameters and results. Its list of operations is empty while the nodes hold them.
  private(set) var function: Function
  /// nil where an operation was replaced or died.
  private var nodes: [Operation?]
  private var order: [Int]
  /// Place in `order` as of the start of the sweep; new nodes stand where their anchor stood.
  private var positions: [Int]
  private var definitions: [Int?]
  /// Nodes that read each value, and with how many operands.
  private var readers: [[Int: Int]]
  /// Indices of the function results that are each value.
  private var returned: [[Int]]
  /// Nodes that write each state.
  private var writers: [TensorID: [Int]] = [:]
  /// The slices, for `equal`.
  private var slices = ExpressionIndex(op: "slice")
  private var names: UniqueNames
  /// How each node came about; nil for those that the function had from the start.
  private var derivations: [Derivation?]
  private var removals: [String: PassProvenance.Removal] = [:]

  init(_ module: Module, function index: Int) {
    self.module = module
    functionIndex = index
    function = module.functions[index]
    nodes = function.operations
    derivations = Array(repeating: nil, count: nodes.count)
    order = Array(nodes.indices)
    positions = order
    definitions = function.definitions()
    readers = function.uses().operations.map { nodes in
      nodes.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
    returned = Array(repeating: [], count: function.values.count)
    for (index, result) in function.results.enumerated() {
      if let id = result.operand.value { returned[id.index].append(index) }
    }
    names = UniqueNames(function.values.map(\.name) + module.tensors.map(\.name))
    for (node, operation) in nodes.enumerated() {
      guard let operation else { continue }
      slices.insert(node, operation)
      if let state = operation.writtenState { writers[state, default: []].append(node) }
    }
    function.operations = []
  }

  /// The module with the rewritten function in place; values that nothing defines are dropped.
  consuming func finished() -> Module {
    function.operations = order.compactMap { nodes[$0] }
    module.functions[functionIndex] = function.compacted()
    return module
  }
}

// MARK: - What rules ask

extension RewriteGraph {
  func type(of operand: Operand) -> TensorType { module.type(of: operand, in: function) }

  func name(of operand: Operand) -> String { module.name(of: operand, in: function) }

  /// The operation that computes an operand; nil for parameters and module tensors.
  func definition(of operand: Operand?) -> Operation? {
    operand?.value.flatMap { definitions[$0.index] }.flatMap { nodes[$0] }
  }

  /// The defining operation if it is one of these.
  func definition(of operand: Operand?, is ops: String...) -> Operation? {
    definition(of: operand).flatMap { ops.contains($0.op) ? $0 : nil }
  }

  /// The operations that read a value, in no particular order.
  func readers(of id: ValueID) -> [Operation] { readers[id.index].keys.compactMap { nodes[$0] } }

  /// How many operations read a value.
  func readerCount(of id: ValueID) -> Int { readers[id.index].count }

  /// A slice that equals another one and precedes it.
  func equal(slice: Operation) -> Operation? {
    guard let node = definitions[slice.result.index] else { return nil }
    let expression = Expression(slice)
    return slices.nodes(of: expression).lazy.filter { positions[$0] < positions[node] }
      .compactMap { nodes[$0] }.first { Expression($0) == expression }
  }

  func isReturned(_ id: ValueID) -> Bool { !returned[id.index].isEmpty }

  /// Whether exactly one operand reads the result and the function does not return it: fusing its
  /// operation into the reader then computes nothing twice.
  func isReadOnce(_ operation: Operation) -> Bool {
    let readers = readers[operation.result.index]
    return readers.count == 1 && readers.first?.value == 1 && !isReturned(operation.result)
  }

  func isUnused(_ id: ValueID) -> Bool { readers[id.index].isEmpty && !isReturned(id) }

  /// A patch under construction.
  func patch() -> PatchBuilder { PatchBuilder(self) }

  /// The patch that replaces a result by something that exists already.
  func replacing(with operand: Operand) throws -> Patch { try patch().replacing(with: operand) }

  /// The operation in words, for messages: `@main, %out = add`.
  func subject(_ operation: Operation) -> String {
    "@\(function.name), %\(function[operation.result].name) = \(operation.op)"
  }

  /// Whether a state is written by an operation that stands after `operation`.
  func isWritten(_ state: TensorID, after operation: Operation) -> Bool {
    guard let node = definitions[operation.result.index] else { return false }
    return writers[state, default: []].contains { positions[$0] > positions[node] }
  }
}

// MARK: - Walking and committing

extension RewriteGraph {
  /// Visits the operations in order, those that patches insert excepted, and commits each patch that
  /// `visit` returns if `accept` agrees. Returns whether anything changed.
  mutating func sweep(
    _ visit: (Operation, RewriteGraph) throws -> (rule: String, patch: Patch)?,
    accept: (_ rule: String, _ subject: String) -> Bool
  ) throws -> Bool {
    var changed = false
    let walk = order
    order.removeAll(keepingCapacity: true)
    for (position, node) in walk.enumerated() { positions[node] = position }
    for node in walk {
      guard let operation = nodes[node] else { continue }
      guard let (rule, patch) = try visit(operation, self),
        !carriesReadPastWrite(patch, to: node), try !breaksViews(patch, of: operation),
        accept(rule, subject(operation))
      else {
        order.append(node)
        continue
      }
      if let problem = problem(with: patch, at: operation) {
        throw RewriteFailure(rule: rule, subject: subject(operation), reason: problem)
      }
      commit(patch, at: node, rule)
      changed = true
    }
    order.removeAll { nodes[$0] == nil }
    return changed
  }

  /// Removes operations whose results nobody reads, and what only they read, as far as `accept`
  /// agrees.
  mutating func removeUnused(_ rule: String, accept: (_ rule: String, _ subject: String) -> Bool) {
    for node in order.reversed() {
      guard let operation = nodes[node], !operation.isKept,
        operation.results.allSatisfy(isUnused)
      else { continue }
      guard accept(rule, subject(operation)) else { break }
      note(removed: kill(node), rule, replacement: nil)
    }
    order.removeAll { nodes[$0] == nil }
  }

  /// Whether a view of the anchor's result could not view the replacement without a copy: a reshape
  /// of a sum may merge axes that it cannot merge in the transposed summand.
  private func breaksViews(_ patch: Patch, of anchor: Operation) throws -> Bool {
    var pending = [(anchor.result, patch.layout)]
    while let (id, layout) = pending.popLast() {
      for reader in readers(of: id) where reader.operands.first == .value(id) {
        guard OpRegistry.definition(of: reader.op)?.isView == true else { continue }
        guard let viewed = try? self.layout(of: reader, over: layout) else { return true }
        pending.append((reader.result, viewed))
      }
    }
    return false
  }

  private func problem(with patch: Patch, at anchor: Operation) -> String? {
    let found: TensorType =
      switch patch.replacement {
      case .value(let id) where id.index >= function.values.count:
        patch.values[id.index - function.values.count].type
      case .tensor(let id) where id.index >= module.tensors.count:
        patch.tensors[id.index - module.tensors.count].type
      case let existing: type(of: existing)
      }
    let expected = function[anchor.result].type
    return found == expected ? nil : "the replacement has type \(found), expected \(expected)"
  }

  /// Whether a state would be read behind a write that it was read before. An operation that reads the
  /// state itself then sees what was written; a view keeps what it showed, but by a copy of it.
  private func carriesReadPastWrite(_ patch: Patch, to anchor: Int) -> Bool {
    func isWritten(_ state: TensorID, since read: Int) -> Bool {
      writers[state, default: []].contains {
        positions[$0] > positions[read] && positions[$0] < positions[anchor]
      }
    }
    guard !writers.isEmpty else { return false }
    var operands = patch.operations.flatMap { $0.operands.compactMap { $0 } }
    if case .tensor(let id) = patch.replacement {
      // The anchor's readers may stand anywhere behind it.
      if writers[id, default: []].contains(where: { positions[$0] > positions[anchor] }) {
        return true
      }
      operands.append(patch.replacement)
    }
    return operands.contains { operand in
      switch operand {
      case .tensor(let id): reads(of: id, leadingTo: anchor).contains { isWritten(id, since: $0) }
      case .value(let id) where id.index < function.values.count:
        stateView(operand).map { isWritten($0.state, since: $0.origin) } ?? false
      case .value: false
      }
    }
  }

  /// The operations that read a state, without writing to it, and that a node depends on.
  private func reads(of state: TensorID, leadingTo node: Int) -> [Int] {
    guard writers[state] != nil else { return [] }
    var (pending, seen, found) = ([node], Set([node]), [Int]())
    while let next = pending.popLast() {
      guard let operation = nodes[next] else { continue }
      if operation.writtenState == nil, operation.operands.contains(.tensor(state)) {
        found.append(next)
      }
      for case .value(let id)? in operation.operands {
        if let source = definitions[id.index], seen.insert(source).inserted {
          pending.append(source)
        }
      }
    }
    return found
  }

  /// The state that an operand is a view of, and the node that looked at it first.
  private func stateView(_ operand: Operand) -> (state: TensorID, origin: Int)? {
    var current = operand
    while let node = current.value.flatMap({ definitions[$0.index] }), let operation = nodes[node],
      OpRegistry.definition(of: operation.op)?.isView == true,
      let source = operation.operands.first ?? nil
    {
      if let id = source.tensor { return module.tensor(id).kind == .state ? (id, node) : nil }
      current = source
    }
    return nil
  }

  private mutating func commit(_ patch: Patch, at anchor: Int, _ rule: String) {
    guard let old = nodes[anchor] else { return }
    let firstNewNode = nodes.count
    module.tensors += patch.tensors
    for tensor in patch.tensors { names.insert(tensor.name) }
    let firstNew = function.values.count
    let anchorName = function[old.result].name
    for (value, base) in zip(patch.values, patch.nameBases) {
      var value = value
      value.name = names.unique("\(base ?? anchorName).\(value.name)")
      function.values.append(value)
      definitions.append(nil)
      readers.append([:])
      returned.append([])
    }
    for operation in patch.operations { insert(operation, at: anchor) }
    if let id = patch.replacement.value, id.index >= firstNew {
      // The value keeps its name, so that dumps of successive stages line up.
      names.remove(function[id].name)
      function[id].name = anchorName
    } else {
      names.remove(anchorName)
    }
    replaceUses(of: old.result, with: patch.replacement)
    let removed = kill(anchor)
    let derivation = derivation(from: removed, rule)
    for node in firstNewNode..<nodes.count { derivations[node] = derivation }
    note(removed: removed, rule, replacement: name(of: patch.replacement))
  }

  private mutating func insert(_ operation: Operation, at anchor: Int) {
    let node = nodes.count
    nodes.append(operation)
    derivations.append(nil)
    positions.append(positions[anchor])
    order.append(node)
    slices.insert(node, operation)
    for result in operation.results { definitions[result.index] = node }
    for operand in operation.operands {
      if let id = operand?.value { readers[id.index][node, default: 0] += 1 }
    }
    if let state = operation.writtenState { writers[state, default: []].append(node) }
  }

  private mutating func replaceUses(of old: ValueID, with new: Operand) {
    let users = readers[old.index]
    readers[old.index] = [:]
    for node in users.keys {
      guard var operation = nodes[node] else { continue }
      operation.operands = operation.operands.map { $0 == .value(old) ? new : $0 }
      slices.insert(node, operation)
      nodes[node] = operation
    }
    for index in returned[old.index] { function.results[index].operand = new }
    if let id = new.value {
      readers[id.index].merge(users, uniquingKeysWith: +)
      returned[id.index] += returned[old.index]
    }
    returned[old.index] = []
  }

  /// Drops a node and every node without effect whose result was read by it alone. Returns them.
  private mutating func kill(_ first: Int) -> [(node: Int, operation: Operation)] {
    var pending = [first]
    var killed: [(node: Int, operation: Operation)] = []
    while let node = pending.popLast() {
      guard let operation = nodes[node] else { continue }
      nodes[node] = nil
      killed.append((node, operation))
      for result in operation.results { definitions[result.index] = nil }
      if let state = operation.writtenState { writers[state]?.removeAll { $0 == node } }
      for id in Set(operation.operands.compactMap { $0?.value }) {
        readers[id.index][node] = nil
        if isUnused(id), let source = definitions[id.index], nodes[source]?.isKept == false {
          pending.append(source)
        }
      }
    }
    return killed
  }
}

// MARK: - Where operations came from

extension RewriteGraph {
  /// What became of the function's operations so far.
  var provenance: PassProvenance.Function {
    var made: [String: Derivation] = [:]
    for (operation, derivation) in zip(nodes, derivations) {
      if let operation, let derivation { made[function[operation.result].name] = derivation }
    }
    return PassProvenance.Function(
      name: function.name, made: made, removed: removals.filter { made[$0.key] == nil })
  }

  private func derivation(
    from removed: [(node: Int, operation: Operation)], _ rule: String
  ) -> Derivation {
    var result = Derivation(rules: [], sources: [])
    for (node, operation) in removed {
      let known = derivations[node]
      result.add(rules: known?.rules ?? [])
      result.add(sources: known?.sources ?? [function[operation.result].name])
    }
    result.add(rules: [rule])
    return result
  }

  private mutating func note(
    removed: [(node: Int, operation: Operation)], _ rule: String, replacement: String?
  ) {
    for (index, entry) in removed.enumerated() where derivations[entry.node] == nil {
      removals[function[entry.operation.result].name] = PassProvenance.Removal(
        rule: rule, replacement: index == 0 ? replacement : nil)
    }
  }
}

extension Operation {
  var hasEffect: Bool { OpRegistry.definition(of: op)?.hasEffect ?? true }

  /// It stays where nothing reads its result.
  var isKept: Bool {
    OpRegistry.definition(of: op).map { $0.hasEffect || $0.measuresSize } ?? true
  }

  /// The state that this operation writes.
  var writtenState: TensorID? {
    hasEffect ? operands.first.flatMap { $0?.tensor } : nil
  }
}
