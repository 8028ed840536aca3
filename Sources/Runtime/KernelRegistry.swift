import JSON
import Plans
import Tensors

/// A step's kernel, resolved and checked once at load.
struct BoundKernel {
  /// What it needs beside its views, at their present sizes.
  let scratch: (StepViews) -> ScratchRequirement
  let run: (StepViews, Kernels) throws -> Void
  /// Position of the symbol that running it gives its value; nil for almost all kernels.
  let measuredSymbol: Int?
  /// What `measuredSymbol` becomes. The result is then laid out for it; before, for the symbol's bound.
  let measure: (StepViews, Kernels) throws -> Int

  /// A kernel whose result has as many rows as it finds, which `measure` returns. `symbol` is that
  /// number and 1.
  init(measuring symbol: Int, _ measure: @escaping (StepViews, Kernels) throws -> Int) {
    scratch = { _ in .none }
    run = { _, _ in }
    measuredSymbol = symbol
    self.measure = { try measure($0, $1) + 1 }
  }

  init(
    scratch: @escaping (StepViews) -> ScratchRequirement = { _ in .none },
    run: @escaping (StepViews, Kernels) throws -> Void
  ) {
    self.scratch = scratch
    self.run = run
    measuredSymbol = nil
    measure = { _, _ in 1 }
  }
}

/// All kernels by the names that plans use.
package enum KernelRegistry {
  typealias Binder = @Sendable (StepSite) throws -> BoundKernel

  private static let binders: [String: Binder] = [
    LinearBinding.all, MatrixBinding.all, NormalizationBinding.all, AttentionBinding.all,
    ElementwiseBinding.all, ReductionBinding.all, DataBinding.all, IndexingBinding.all,
    SelectionBinding.all, WindowBinding.all, StateBinding.all,
  ].reduce(into: [:]) { table, group in table.merge(group) { first, _ in first } }

  /// Every kernel name that this program executes, sorted.
  package static var names: [String] { binders.keys.sorted() }

  static func bind(_ site: StepSite) throws -> BoundKernel {
    guard let binder = binders[site.step.kernel] else {
      throw PlanError("this program has no such kernel; compile the plan again")
    }
    return try binder(site)
  }
}

/// A step as its kernel checks it when a plan is loaded. Dimensions are compared as polynomials, so
/// what holds here holds at every size.
struct StepSite {
  let step: PlanStep
  /// Positions of the plan's symbols by name, and the largest value of each.
  let symbols: [String: Int]
  let bounds: [String: Int]
  /// How the plan's tensors are packed, by their positions.
  let packings: [WeightPacking?]

  func operand(_ index: Int, _ element: ElementType = .f32) throws -> PlanView {
    guard let view = optional(index) else { throw PlanError("operand \(index) is missing") }
    return try checked(view, "operand \(index)", element)
  }

  /// An operand that is a tensor in this packing, or not packed where it is nil.
  func weight(_ index: Int, _ element: ElementType, _ packing: WeightPacking?) throws -> PlanView {
    let view = try operand(index, element)
    var found: WeightPacking?
    if case .tensor(let tensor) = view.region { found = packings[tensor] }
    try require(
      found == packing,
      "operand \(index) is not \(packing.map { "in \($0.rawValue)" } ?? "row-major")")
    return view
  }

  func optional(_ index: Int) -> PlanView? {
    index < step.operands.count ? step.operands[index] : nil
  }

  /// An optional f32 operand of exactly this shape, when present.
  func optionalOperand(_ index: Int, shape: Shape) throws -> PlanView? {
    guard optional(index) != nil else { return nil }
    let view = try operand(index)
    try require(view.shape == shape, "operand \(index) has the wrong shape")
    return view
  }

  func result(_ element: ElementType = .f32) throws -> PlanView {
    try checked(step.result, "the result", element)
  }

  private func checked(
    _ view: PlanView, _ what: String, _ element: ElementType
  ) throws -> PlanView {
    try require(view.element == element, "\(what) holds \(view.element), expected \(element)")
    return view
  }

  /// Row-major without gaps.
  func requireDense(_ view: PlanView, _ what: String) throws {
    try require(try view.isDense, "\(what) is not dense")
  }

  /// Consecutive elements in the last axis, and one uniform distance between rows.
  func requireRows(_ view: PlanView, _ what: String) throws {
    guard let last = view.shape.last else { throw PlanError("\(what) has no axes") }
    try require(last.isOne || view.strides.last == 1, "\(what) has gaps within its rows")
    var inner: (extent: Dim, stride: Dim)?
    for axis in view.shape.indices.dropLast().reversed() where !view.shape[axis].isOne {
      if let inner {
        try require(
          view.strides[axis] == inner.stride * inner.extent, "\(what) has rows at uneven distances")
      }
      inner = (view.shape[axis], view.strides[axis])
    }
  }

  /// Whether `shape` broadcasts to `target` by NumPy's rules.
  func requireBroadcast(_ shape: Shape, to target: Shape, _ what: String) throws {
    let lead = target.count - shape.count
    try require(
      lead >= 0 && shape.indices.allSatisfy { shape[$0].isOne || shape[$0] == target[lead + $0] },
      "\(what) does not broadcast to the result")
  }

  func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    guard condition else { throw PlanError(message()) }
  }

  // MARK: Attributes

  private func field(_ name: String) -> JSONField {
    JSONField(JSON.object(step.attributes)[name], path: name)
  }

  func real(_ name: String) throws -> Float { Float(try field(name).real()) }
  func double(_ name: String) throws -> Double { try field(name).real() }
  func optionalReal(_ name: String) throws -> Float? {
    try field(name).present.map { Float(try $0.real()) }
  }
  func integer(_ name: String) throws -> Int { try field(name).int(in: -Dim.limit...Dim.limit) }
  func optionalInteger(_ name: String) throws -> Int? {
    try field(name).present?.int(in: -Dim.limit...Dim.limit)
  }
  /// A size whose evaluation overflows at no values of the symbols.
  func dim(_ name: String) throws -> CompiledDim {
    let dim = try Dim(json: field(name))
    try require((try? dim.range(bounds)) != nil, "\(name) depends on no symbols or is too large")
    return try CompiledDim(dim, symbols: symbols)
  }
  /// The symbol that `count` is one less than: its position, and `count`.
  func measuredSymbol() throws -> (symbol: Int, count: Dim) {
    let count = try Dim(json: field("count"))
    guard let name = count.symbols.first, let symbol = symbols[name],
      try count == Dim(symbol: name) - 1
    else { throw PlanError("count is no symbol less 1") }
    return (symbol, count)
  }
  func flag(_ name: String) throws -> Bool { try field(name).bool() }
  func word(_ name: String) throws -> String { try field(name).string() }
  func optionalWord(_ name: String) throws -> String? { try field(name).present?.string() }
  func integers(_ name: String) throws -> [Int] {
    try field(name).elements().map { try $0.int(in: -Dim.limit...Dim.limit) }
  }
  /// A list of so many numbers that no arithmetic on sizes overflows with.
  func extents(_ name: String, _ count: Int, from least: Int) throws -> [Int] {
    let values = try integers(name)
    try require(
      values.count == count && values.allSatisfy { (least...1 << 20).contains($0) },
      "\(name) is not \(count) numbers from \(least) to \(1 << 20)")
    return values
  }
  func reals(_ name: String) throws -> [Double]? {
    try field(name).present?.elements().map { try $0.real() }
  }

  /// An axis counted from the front.
  func axis(_ name: String, rank: Int) throws -> Int {
    let axis = try integer(name)
    let wrapped = axis < 0 ? axis + rank : axis
    try require((0..<rank).contains(wrapped), "\(name) = \(axis) is out of range")
    return wrapped
  }
}

extension JSONField {
  /// A number; `inf`, `-inf` and `nan`, which JSON cannot write as numbers, are strings.
  fileprivate func real() throws -> Double {
    switch value {
    case .string("inf")?: .infinity
    case .string("-inf")?: -.infinity
    case .string("nan")?: .nan
    default: try double()
    }
  }
}
