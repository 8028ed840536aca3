import IR
import Tensors

/// What is known of a value while compiling.
struct KnownValue {
  /// A range of `axis` that depends on symbols: the value is `tensor[start ..< start + count]`.
  struct Window: Hashable {
    var axis: Int
    var start: Dim
    var count: Dim
  }

  var tensor: HostTensor
  /// nil when the value is the tensor itself.
  var window: Window?
  /// Whether an operation beyond `constant`, `iota` and views was needed to compute it.
  var isComputed: Bool

  /// The same value with a window of one position moved inwards over axes of extent 1, so that all
  /// spellings of a table get the same shape.
  var normalized: KnownValue {
    guard var window, window.count.isOne else { return self }
    var result = self
    while window.axis + 1 < tensor.shape.count, tensor.shape[window.axis + 1] == 1 {
      result.tensor.shape.swapAt(window.axis, window.axis + 1)
      window.axis += 1
    }
    result.window = window
    return result
  }
}

/// The values of a function that do not depend on its inputs, or only on positions.
struct KnownValues {
  private let function: Function
  private let module: Module
  private let context: PassContext
  private var known: [ValueID: KnownValue] = [:]

  /// `tableRows` is the number of positions that a table covers, `tableRows(for: module)`.
  init(of function: Function, in module: Module, _ context: PassContext, tableRows: Int) {
    self.function = function
    self.module = module
    self.context = context
    for operation in function.operations {
      // An operation that cannot be evaluated stays as it is and fails when it runs, or never does.
      known[operation.result] = try? evaluate(operation, tableRows: tableRows)
    }
  }

  /// Known values that had to be computed and that something unknown reads: folding exactly these
  /// makes the operations before them dead.
  var frontier: [ValueID: KnownValue] {
    var read = Set(function.results.compactMap(\.operand.value))
    for operation in function.operations where known[operation.result] == nil {
      read.formUnion(operation.operands.compactMap { $0?.value })
    }
    return known.filter { $0.value.isComputed && read.contains($0.key) }
  }

  /// Positions that one table must cover so that all functions of the module can share it: the
  /// largest end of any `iota` whose range depends on a symbol.
  static func tableRows(for module: Module) -> Int {
    module.functions.flatMap(\.operations).reduce(0) { rows, operation in
      guard let range = PositionRange(operation), range.constants == nil,
        let (_, end) = try? range.extremes(module.symbols)
      else { return rows }
      return max(rows, end)
    }
  }
}

/// The positions that an `iota` counts.
private struct PositionRange {
  let start: Dim
  let count: Dim

  /// nil for other operations, none of which has both attributes.
  init?(_ operation: Operation) {
    guard let start = operation.attribute("start")?.dimension,
      let count = operation.attribute("count")?.dimension
    else { return nil }
    (self.start, self.count) = (start, count)
  }

  /// Start and count when neither depends on a symbol.
  var constants: (start: Int, count: Int)? {
    guard let start = start.constant, let count = count.constant else { return nil }
    return (start, count)
  }

  /// The smallest start and the largest end, over all corners of the symbols' ranges: a polynomial
  /// without powers is extreme there.
  func extremes(_ symbols: [Symbol]) throws -> (start: Int, end: Int)? {
    let end = try start + count
    let used = symbols.filter { (start.symbols + end.symbols).contains($0.name) }
    guard used.count <= 4 else { return nil }
    var (lowest, highest) = (Int.max, 0)
    for corner in 0..<(1 << used.count) {
      let sizes = Dictionary(
        uniqueKeysWithValues: used.enumerated().map { bit, symbol in
          (symbol.name, corner & (1 << bit) == 0 ? 1 : symbol.bound)
        })
      lowest = min(lowest, try start.evaluate(sizes))
      highest = max(highest, try end.evaluate(sizes))
    }
    return (lowest, highest)
  }
}

// MARK: - Evaluation

extension KnownValues {
  private static let excluded: Set<String> = ["broadcast", "causal_mask", "patch_conv"]

  private func evaluate(_ operation: Operation, tableRows: Int) throws -> KnownValue? {
    guard let definition = OpRegistry.definition(of: operation.op),
      [.data, .view, .math].contains(definition.group), !Self.excluded.contains(operation.op)
    else { return nil }
    if operation.op == "iota" { return try positions(operation, tableRows) }
    guard operation.operands.allSatisfy({ mayBeKnown($0) }) else { return nil }
    var inputs: [KnownValue?] = []
    for operand in operation.operands {
      guard let operand else {
        inputs.append(nil)
        continue
      }
      guard let input = try value(of: operand) else { return nil }
      inputs.append(input)
    }
    let window = try window(of: operation, inputs)
    if window == nil, inputs.contains(where: { $0?.window != nil }) { return nil }
    let site = try site(operation, definition, inputs, window)
    guard let tensor = try evaluate(site, inputs.map { $0?.tensor }) else { return nil }
    let isComputed =
      definition.isView ? inputs[0]?.isComputed ?? false : operation.op != "constant"
    return KnownValue(tensor: tensor, window: window, isComputed: isComputed)
  }

  private func mayBeKnown(_ operand: Operand?) -> Bool {
    switch operand {
    case nil: true
    case .value(let id): known[id] != nil
    case .tensor(let id): module.tensor(id).kind != .weight
    }
  }

  private func value(of operand: Operand) throws -> KnownValue? {
    switch operand {
    case .value(let id): known[id]
    case .tensor(let id):
      try context.knownValue(of: module.tensor(id)).map {
        KnownValue(tensor: $0, window: nil, isComputed: false)
      }
    }
  }

  private func positions(_ iota: Operation, _ tableRows: Int) throws -> KnownValue? {
    guard let range = PositionRange(iota) else { return nil }
    if let (first, count) = range.constants {
      guard first >= 0, fits(.i64, [count]) else { return nil }
      let tensor = HostTensor(.i64, [count], (0..<count).map { Double(first + $0) })
      return KnownValue(tensor: tensor, window: nil, isComputed: false)
    }
    guard let (lowest, _) = try range.extremes(module.symbols), lowest >= 0,
      fits(.i64, [tableRows])
    else { return nil }
    return KnownValue(
      tensor: HostTensor(.i64, [tableRows], (0..<tableRows).map { Double($0) }),
      window: KnownValue.Window(axis: 0, start: range.start, count: range.count), isComputed: false)
  }

  private func fits(_ element: ElementType, _ shape: [Int]) -> Bool {
    context.byteCount(element, shape) <= context.foldedByteLimit
  }

  /// The operation on whole tables instead of the windows into them.
  private func site(
    _ operation: Operation, _ definition: OpDefinition, _ inputs: [KnownValue?],
    _ window: KnownValue.Window?
  ) throws -> OpSite {
    var attributes = operation.attributes
    if let window, operation.op == "reshape", var shape = attributes["shape"]?.dimensions,
      let rows = inputs[0].flatMap({ input in input.window.map { input.tensor.shape[$0.axis] } })
    {
      shape[window.axis] = Dim(rows)
      attributes["shape"] = .dimensions(shape)
    }
    return OpSite(
      definition: definition,
      types: inputs.map { input in
        input.map { TensorType($0.tensor.element, $0.tensor.shape.map { Dim($0) }) }
      }, attributes: attributes)
  }

  private func evaluate(_ site: OpSite, _ inputs: [HostTensor?]) throws -> HostTensor? {
    guard let type = try site.definition.infer(site).first, let shape = type.shape.constants,
      type.element.safetensorsName != nil, fits(type.element, shape)
    else { return nil }
    if site.definition.name == "matmul", let a = inputs[0] {
      let inner = a.shape[a.shape.count - (site.attribute("transpose_a")?.flag == true ? 2 : 1)]
      guard shape.reduce(1, *) <= context.foldedWorkLimit / max(inner, 1) else { return nil }
    }
    let evaluation = Evaluation(
      site: site, inputs: inputs, bindings: [:], results: [(type.element, shape)])
    return try site.definition.evaluate(evaluation).first?.rounded(to: type.element)
  }
}

// MARK: - Windows

extension KnownValues {
  /// Where the result of an operation on windows is a window of the result on tables; nil when there
  /// is no window, or when it is not so.
  private func window(
    of operation: Operation, _ inputs: [KnownValue?]
  ) throws -> KnownValue.Window? {
    let windows = inputs.compactMap { $0?.window }
    guard var window = windows.first,
      windows.allSatisfy({ $0.start == window.start && $0.count == window.count })
    else { return nil }
    let shape = function[operation.result].type.shape
    switch operation.op {
    case "reshape":
      guard let operand = operation.operands[0] else { return nil }
      let old = module.type(of: operand, in: function).shape
      guard let axis = try axis(of: window, reshaping: old, to: shape) else { return nil }
      window.axis = axis
    case "transpose":
      guard let axis = operation.attributes["perm"]?.integers?.firstIndex(of: window.axis) else {
        return nil
      }
      window.axis = axis
    case "concat":
      // Tables have more rows than what else could stand there, so that they do not join with it.
      guard operation.axis("axis", rank: shape.count) != window.axis else { return nil }
    case "matmul":
      guard let a = inputs[0], inputs[1]?.window == nil,
        !operation.isFlagSet("transpose_a"), window.axis == a.tensor.shape.count - 2,
        (inputs[1]?.tensor.shape.count ?? 0) <= a.tensor.shape.count
      else { return nil }
    default:
      guard OpRegistry.isElementwise(operation.op),
        let axis = alignedAxis(inputs, rank: shape.count)
      else { return nil }
      window.axis = axis
    }
    return window
  }

  /// The axis of the result that all windows run along, when every other operand is repeated there.
  private func alignedAxis(_ inputs: [KnownValue?], rank: Int) -> Int? {
    var found: Int?
    for case .some(let input) in inputs {
      let lead = rank - input.tensor.shape.count
      guard let axis = input.window.map({ $0.axis + lead }) else { continue }
      guard found == nil || found == axis else { return nil }
      found = axis
    }
    guard let found else { return nil }
    for case .some(let input) in inputs where input.window == nil {
      let own = found - (rank - input.tensor.shape.count)
      guard own < 0 || input.tensor.shape[own] == 1 else { return nil }
    }
    return found
  }

  /// The axis of `new` that holds the window's axis of `old`: as long as it, with as many elements
  /// before and after it.
  private func axis(
    of window: KnownValue.Window, reshaping old: Shape, to new: Shape
  ) throws -> Int? {
    let before = try Array(old[..<window.axis]).elementCount()
    return try new.indices.first { axis in
      try new[axis] == window.count && Array(new[..<axis]).elementCount() == before
    }
  }
}
