import JSON
import Plans
import Tensors
import Testing

/// A step that its kernels take, and what is wrong with it after one change each.
struct KernelCase: Sendable, CustomTestStringConvertible {
  /// The names of kernels that share a binding.
  let kernels: [String]
  let operands: [CaseView?]
  let result: CaseView
  let attributes: [String: JSON]
  let flaws: [StepFlaw]
  var testDescription: String {
    "\(kernels.joined(separator: ", ")) with \(operands.count) operands"
  }

  init(
    _ kernels: String..., operands: [CaseView?], result: CaseView,
    attributes: [String: JSON] = [:], flaws: [StepFlaw] = []
  ) {
    self.init(
      kernels, operands: operands, result: result, attributes: attributes, flaws: flaws)
  }

  private init(
    _ kernels: [String], operands: [CaseView?], result: CaseView, attributes: [String: JSON],
    flaws: [StepFlaw]
  ) {
    self.kernels = kernels
    self.operands = operands
    self.result = result
    self.attributes = attributes
    self.flaws = flaws
  }
}

/// An operand or result of a case, dense unless it says otherwise.
struct CaseView: Sendable {
  enum Storage: Sendable {
    case arena
    case tensor(WeightPacking?)
    /// The one state of the plan, of which this is all, or the beginning with these strides.
    case state
  }

  var shape: Shape
  var element: ElementType
  var storage = Storage.arena
  var strides: [Dim]?

  static func f32(_ shape: Dim...) -> CaseView { CaseView(shape: shape, element: .f32) }
  static func i64(_ shape: Dim...) -> CaseView { CaseView(shape: shape, element: .i64) }
  static func bool(_ shape: Dim...) -> CaseView { CaseView(shape: shape, element: .bool) }
  static func any(_ element: ElementType, _ shape: Dim...) -> CaseView {
    CaseView(shape: shape, element: element)
  }
  static func weight(
    _ rows: Dim, _ columns: Dim, _ element: ElementType = .f32, _ packing: WeightPacking? = nil
  ) -> CaseView {
    CaseView(shape: [rows, columns], element: element, storage: .tensor(packing))
  }
  static func state(_ shape: Dim..., strides: [Dim]? = nil) -> CaseView {
    CaseView(shape: shape, element: .f32, storage: .state, strides: strides)
  }
}

/// The symbols of all cases.
enum CaseSymbols {
  static let rows = Dim(symbol: "T")
  /// What kernels that count give a value, less 1.
  static let found = (try? Dim(symbol: "N") - 1) ?? 0
  static let all = [PlanSymbol(name: "T", bound: 5), PlanSymbol(name: "N", bound: 40)]
  static let bounds = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.bound) })
}

extension KernelCase {
  /// A plan whose one function runs the step on inputs named after its operands.
  func plan(for kernel: String) throws -> Plan {
    var plan = Plan(name: kernel)
    plan.symbols = CaseSymbols.all
    var function = PlanFunction(name: "f")
    var views: [PlanView?] = []
    for (index, operand) in operands.enumerated() {
      let view = try operand.map { try plan.append($0, named: "\(index)") }
      if let view, case .arena = view.region {
        function.inputs.append(PlanPort(name: "\(index)", view: view))
      }
      views.append(view)
    }
    let result = try plan.append(result, named: "result")
    function.steps = [
      PlanStep(
        kernel: kernel, name: "y", operands: views, result: result,
        attributes: attributes.sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) })
    ]
    function.outputs = [PlanPort(name: "y", view: result)]
    plan.functions = [function]
    return plan
  }
}

extension KernelCase {
  /// The same with the constant 1 for T, which has this value then.
  func withOneRow() throws -> KernelCase {
    func one(_ view: CaseView) throws -> CaseView {
      var view = view
      view.shape = try view.shape.map { try $0.substituting(["T": 1]) }
      return view
    }
    return KernelCase(
      kernels, operands: try operands.map { try $0.map(one) }, result: try one(result),
      attributes: attributes, flaws: [])
  }
}

extension PlanStep {
  /// Sets the strides that no element depends on.
  mutating func strideOverAxesOfExtentOne(by stride: Dim) {
    func spread(_ view: PlanView) -> PlanView {
      var view = view
      for axis in view.shape.indices where view.shape[axis].isOne { view.strides[axis] = stride }
      return view
    }
    operands = operands.map { $0.map(spread) }
    result = spread(result)
  }
}

extension Plan {
  /// Memory for a view of a case, and the view on it.
  fileprivate mutating func append(_ view: CaseView, named name: String) throws -> PlanView {
    let extents = try view.shape.evaluate(CaseSymbols.bounds)
    let region: PlanView.Region
    switch view.storage {
    case .arena:
      region = .arena(offset: arenaBytes)
      let bytes = extents.reduce(view.element.byteCount, *)
      arenaBytes += max(bytes + Self.alignment - 1, 1) / Self.alignment * Self.alignment
    case .tensor(let packing):
      region = .tensor(tensors.count)
      tensors.append(
        PlanTensor(name: name, element: view.element, shape: extents, packing: packing))
    case .state:
      region = .state(0)
      if states.isEmpty {
        states = [PlanState(name: name, element: view.element, shape: extents, offset: 0)]
        stateBytes = extents.reduce(view.element.byteCount, *)
      }
    }
    return PlanView(
      region: region, element: view.element, shape: view.shape,
      strides: try view.strides ?? view.shape.rowMajorStrides())
  }
}
