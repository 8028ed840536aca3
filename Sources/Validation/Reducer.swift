import IR

/// Makes a module on which something fails smaller while it still fails: first by cutting out the
/// surroundings of one operation, then by leaving out more and more operations (delta debugging;
/// Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
///
/// What a removed operation computed becomes a parameter.
struct Reducer {
  private let module: Module
  private let anchor: (function: Int, operation: Int)?
  private let fails: (Module) -> Bool

  /// - Parameters:
  ///   - anchor: an operation that takes part in the failure, if one is known.
  ///   - fails: whether a module, which is valid, fails in the same way.
  init(
    _ module: Module, near anchor: (function: Int, operation: Int)?,
    fails: @escaping (Module) -> Bool
  ) {
    (self.module, self.anchor, self.fails) = (module, anchor, fails)
  }

  /// The smallest module found; nil when not even a single whole function fails.
  func reduced() -> Module? {
    guard let start = start() else { return nil }
    let (index, kept) = start
    let operations = minimal(kept.sorted()) { attempt(index, Set($0)) != nil }
    return attempt(index, Set(operations))
  }

  /// A function and operations of it that fail without the rest.
  private func start() -> (function: Int, operations: Set<Int>)? {
    if let anchor {
      var kept: Set<Int> = [anchor.operation]
      let neighbours = Neighbours(module.functions[anchor.function])
      while true {
        if attempt(anchor.function, kept) != nil { return (anchor.function, kept) }
        let grown = neighbours.around(neighbours.around(kept))
        if grown == kept { break }
        kept = grown
      }
    }
    for index in module.functions.indices {
      let all = Set(module.functions[index].operations.indices)
      if attempt(index, all) != nil { return (index, all) }
    }
    return nil
  }

  /// The failing module with only these operations, if there is one. What it returns matters: some
  /// rules ask whether a value is read once, or at all, and an inner value may be the only wrong one.
  private func attempt(_ function: Int, _ operations: Set<Int>) -> Module? {
    for returned in FunctionCut.Returned.allCases {
      guard let candidate = module.cut(function, to: operations, returning: returned) else {
        continue
      }
      if Verifier.diagnostics(of: candidate).isEmpty, fails(candidate) { return candidate }
    }
    return nil
  }

  /// A part of the list that still fails, of which no single element can be left out.
  private func minimal(_ list: [Int], fails: ([Int]) -> Bool) -> [Int] {
    var list = list
    var chunk = max(1, list.count / 2)
    while true {
      var (start, removed) = (0, false)
      while start < list.count, list.count > 1 {
        let candidate = Array(list[..<start] + list[min(start + chunk, list.count)...])
        if !candidate.isEmpty, fails(candidate) {
          list = candidate
          removed = true
        } else {
          start += chunk
        }
      }
      if chunk == 1, !removed { return list }
      chunk = max(1, chunk / 2)
    }
  }
}

/// Which operations of a function read each other's results.
private struct Neighbours {
  private var edges: [Set<Int>]

  init(_ function: Function) {
    edges = Array(repeating: [], count: function.operations.count)
    let definitions = function.definitions()
    for (index, operation) in function.operations.enumerated() {
      for case .some(.value(let id)) in operation.operands {
        guard let source = definitions[id.index] else { continue }
        edges[index].insert(source)
        edges[source].insert(index)
      }
    }
  }

  func around(_ operations: Set<Int>) -> Set<Int> {
    operations.reduce(into: operations) { $0.formUnion(edges[$1]) }
  }
}

extension Module {
  /// Only some operations of one function: values that they read and do not compute are parameters. nil
  /// when nothing would be returned.
  fileprivate func cut(
    _ index: Int, to operations: Set<Int>, returning returned: FunctionCut.Returned
  ) -> Module? {
    var cut = FunctionCut(functions[index])
    let kept = functions[index].operations.indices.filter(operations.contains)
    cut.take(kept)
    cut.returnValues(returned, of: kept)
    guard !cut.result.results.isEmpty else { return nil }
    var result = self
    result.functions = [cut.result]
    return result.withoutUnused()
  }

  /// Drops the tensors that no function reads.
  private func withoutUnused() -> Module {
    var result = self
    let operands = functions.flatMap { function in
      function.operations.flatMap(\.operands).compactMap { $0?.tensor }
        + function.results.compactMap(\.operand.tensor)
    }
    let read = Set(operands.map(\.index))
    let originals = Set(read.compactMap { tensors[$0].original })
    let used = tensors.indices.filter { read.contains($0) || originals.contains(tensors[$0].name) }
    let renumbered = Dictionary(uniqueKeysWithValues: zip(used, used.indices))
    func moved(_ operand: Operand) -> Operand {
      guard let id = operand.tensor, let new = renumbered[id.index] else { return operand }
      return .tensor(TensorID(new))
    }
    result.tensors = used.map { tensors[$0] }
    for index in result.functions.indices {
      for operation in result.functions[index].operations.indices {
        result.functions[index].operations[operation].operands =
          functions[index].operations[operation].operands.map { $0.map(moved) }
      }
      for position in result.functions[index].results.indices {
        result.functions[index].results[position].operand =
          moved(functions[index].results[position].operand)
      }
    }
    return result
  }
}

/// Copies operations of a function into a new one.
private struct FunctionCut {
  /// Which values the new function returns.
  enum Returned: CaseIterable {
    /// Those that no operation of it reads.
    case ends
    /// Those that the function returned or that operations read which are not in it.
    case readElsewhere
    case both
    case all
  }

  private let source: Function
  private(set) var result: Function
  private var ids: [ValueID: ValueID] = [:]

  init(_ source: Function) {
    self.source = source
    result = Function(name: source.name)
  }

  mutating func take(_ indices: [Int]) {
    for index in indices {
      var operation = source.operations[index]
      operation.operands = operation.operands.map { operand in
        guard case .value(let id)? = operand else { return operand }
        return .value(ids[id] ?? parameter(id))
      }
      operation.results = operation.results.map { define($0) }
      result.operations.append(operation)
    }
  }

  private mutating func define(_ id: ValueID) -> ValueID {
    let new = result.addValue(source[id].name, source[id].type)
    ids[id] = new
    return new
  }

  private mutating func parameter(_ id: ValueID) -> ValueID {
    let new = define(id)
    result.parameters.append(new)
    return new
  }

  mutating func returnValues(_ returned: Returned, of kept: [Int]) {
    let (users, results) = source.uses()
    let inside = Set(kept)
    for id in kept.flatMap({ source.operations[$0].results }) {
      let readers = users[id.index]
      let isEnd = !readers.contains(where: inside.contains)
      let isRead = results[id.index] > 0 || readers.contains { !inside.contains($0) }
      let isWanted =
        switch returned {
        case .ends: isEnd
        case .readElsewhere: isRead
        case .both: isEnd || isRead
        case .all: true
        }
      if isWanted, let new = ids[id] { result.results.append(Function.Result(nil, .value(new))) }
    }
  }
}
