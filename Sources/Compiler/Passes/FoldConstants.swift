import IR
import Tensors

extension Pass {
  /// `fold_constants` replaces what does not depend on the inputs by its value.
  ///
  /// A value that depends on a position only, such as RoPE's sines of `iota {count = T, start = P}`,
  /// becomes a slice of one table that is computed for all positions. Values of one element become
  /// `constant`, small ones a buffer with its elements in the module, others a persistent buffer whose
  /// elements are in `PassContext.constants`. Masks stay computed: `causal_mask` is cheaper than
  /// memory.
  ///
  /// Every operation is evaluated in double precision and rounded to its element type.
  static let foldConstants = Pass(
    "fold_constants", .reassociating,
    "Replaces what does not depend on the inputs by its value, and what depends on positions only"
      + " by slices of tables.",
    rewrites: [
      Rewrite(
        "fold", "f(constants) => its value; f(iota {start = P}) => slice(table) {start = P}")
    ]
  ) { module, context in
    var folding = ConstantFolding(module, context)
    for index in module.functions.indices {
      try folding.fold(function: index, of: &module, &context)
    }
  }
}

/// The state of the pass over all functions: equal tables are shared between them.
private struct ConstantFolding {
  /// Buffers of up to so many elements keep them in the module's text.
  static let inlineLimit = 16

  private var names: UniqueNames
  private let tableRows: Int
  private var folded: [HostTensor: String] = [:]
  private var made: [String: HostTensor] = [:]

  init(_ module: Module, _ context: PassContext) {
    names = UniqueNames(
      module.tensors.map(\.name) + module.functions.flatMap { $0.values.map(\.name) })
    tableRows = KnownValues.tableRows(for: module)
  }

  mutating func fold(
    function index: Int, of module: inout Module, _ context: inout PassContext
  ) throws {
    let known = KnownValues(
      of: module.functions[index], in: module, context, tableRows: tableRows)
    var graph = RewriteGraph(module, function: index)
    let frontier = known.frontier
    // A value whose views could not view its table waits until they are folded themselves.
    while try graph.sweep(
      { operation, graph in
        // Ids of values that exist already do not change while patches are committed.
        guard let value = frontier[operation.result] else { return nil }
        return ("fold", try patch(value.normalized, for: operation, in: graph))
      }, accept: { context.takeRewrite($0, $1) })
    {}
    module = context.finish(graph)
    for tensor in module.tensors {
      if let value = made[tensor.name] { context.constants[tensor.name] = value }
    }
  }

  private mutating func patch(
    _ known: KnownValue, for operation: Operation, in graph: RewriteGraph
  ) throws -> Patch {
    var patch = graph.patch()
    if known.window == nil, known.tensor.shape.isEmpty,
      let value = known.tensor.values.first
    {
      let constant = try patch.append(
        "constant", [], Self.constantAttributes(value, known.tensor.element))
      return try patch.replacing(with: constant)
    }
    let name = graph.name(of: .value(operation.result))
    let table = tensor(holding: known.tensor, for: name, &patch, graph)
    guard let window = known.window else { return try patch.replacing(with: table) }
    let slice = try patch.append(
      "slice", [table],
      [
        "axis": .integer(window.axis), "start": .dimension(window.start),
        "end": .dimension(try window.start + window.count),
      ])
    return try patch.replacing(with: slice)
  }

  private static func constantAttributes(_ value: Double, _ element: ElementType) -> Attributes {
    element == .f32
      ? ["value": .real(value)]
      : ["value": .real(value), "element": .word(element.rawValue)]
  }

  /// The buffer with these elements, made when there is none yet.
  private mutating func tensor(
    holding value: HostTensor, for name: String, _ patch: inout PatchBuilder, _ graph: RewriteGraph
  ) -> Operand {
    if let existing = folded[value], let id = graph.module.tensorID(named: existing) {
      return .tensor(id)
    }
    let name = names.unique("\(name).folded")
    folded[value] = name
    let type = TensorType(value.element, value.shape.map { Dim($0) })
    guard value.count > Self.inlineLimit else {
      return patch.append(
        ModuleTensor(name, type, .buffer(persistent: false), .dense(value.values)))
    }
    made[name] = value
    return patch.append(ModuleTensor(name, type, .buffer(persistent: true)))
  }
}
