import Foundation
import Plans
import SourceMessages
import Tensors
import Testing

@testable import Runtime

/// What each kernel takes and refuses when a plan is loaded, whatever the file says.
@Suite struct BindingTests {
  @Test(arguments: BindingTable.all.flatMap(\.cases))
  func `a sound step binds, runs and leaves nothing unwritten`(c: KernelCase) throws {
    for kernel in c.kernels {
      let plan = try c.plan(for: kernel)
      let executor = try ExecutorTests.executor(plan)
      for rows in [5, 1, 4] {
        try executor.setSymbol(0, to: rows)
        // Bits that depend on what was in memory before were read or left there without leave.
        let bits = try [UInt8(0), 0xFF].map { filler in
          executor.clearStates()
          executor.overwriteMemory(with: filler)
          return try executor.run(0, inputs: Self.inputs(of: plan, rows)).map(\.data.bytes)
        }
        #expect(bits[0] == bits[1], "\(kernel) at T = \(rows)")
      }
    }
  }

  /// Views in a file may have any, so no kernel may step or count by it.
  @Test(arguments: BindingTable.all.flatMap(\.cases))
  func `the stride of an axis of extent 1 means nothing`(c: KernelCase) throws {
    let c = try c.withOneRow()
    for kernel in c.kernels {
      let plan = try c.plan(for: kernel)
      var odd = plan
      odd.functions[0].steps[0].strideOverAxesOfExtentOne(by: 4096)
      let results = try [plan, odd].map { plan -> [[UInt8]]? in
        // A kernel may refuse them.
        guard let executor = try? ExecutorTests.executor(plan) else { return nil }
        executor.overwriteMemory()
        return try executor.run(0, inputs: Self.inputs(of: plan, 1)).map(\.data.bytes)
      }
      #expect(results[0] != nil && (results[1] == nil || results[0] == results[1]), "\(kernel)")
    }
  }

  @Test(arguments: BindingTable.all.flatMap(\.cases))
  func `each flaw of a step is refused`(c: KernelCase) throws {
    for kernel in c.kernels {
      let plan = try c.plan(for: kernel)
      for flaw in c.flaws {
        var (step, packings) = (plan.functions[0].steps[0], plan.tensors.map(\.packing))
        try flaw.change(&step, &packings)
        #expect(Self.refusal(of: step, packings) == flaw.message, "\(kernel)")
      }
    }
  }

  /// What is said about the step; nil when its kernel takes it.
  private static func refusal(of step: PlanStep, _ packings: [WeightPacking?]) -> String? {
    let symbols = Dictionary(
      uniqueKeysWithValues: CaseSymbols.all.enumerated().map { ($1.name, $0) })
    do {
      let site = StepSite(
        step: step, symbols: symbols, bounds: CaseSymbols.bounds, packings: packings)
      _ = try KernelRegistry.bind(site)
      return nil
    } catch { return "\(error)" }
  }

  private static func inputs(of plan: Plan, _ rows: Int) throws -> [(
    name: String, data: TensorData
  )] {
    try plan.functions[0].inputs.map { port in
      let shape = try port.view.shape.evaluate(CaseSymbols.bounds.merging(["T": rows]) { $1 })
      let count = shape.reduce(1, *)
      guard !port.view.element.isFloatingPoint else {
        let values = (0..<count).map { Float(($0 * 7) % 5) - 1.5 }
        return (port.name, TensorData(values, shape: shape))
      }
      // The first row of every table, and every other flag.
      let size = port.view.element.byteCount
      let bytes = (0..<count * size).map { size == 1 ? UInt8($0 % 2) : 0 }
      let data = try TensorData(port.view.element, shape: shape, bytes: bytes)
      return (port.name, data)
    }
  }

  @Test func `no kernel is missing`() {
    let tested = Set(BindingTable.all.flatMap(\.cases).flatMap(\.kernels))
    #expect(tested.sorted() == KernelRegistry.names)
  }

  @Test func `a kernel that there is not is refused`() throws {
    var step = try KernelCase.data[0].plan(for: "copy").functions[0].steps[0]
    step.kernel = "copies"
    #expect(
      Self.refusal(of: step, []) == "this program has no such kernel; compile the plan again")
  }

  /// Each check of a binding has a row of its own that it refuses.
  @Test(arguments: BindingTable.all)
  func `no check of a binding is untested`(table: BindingTable) throws {
    let places = try BindingSource.places(in: table.file)
    let expected = table.cases.flatMap(\.flaws).map(\.message)
    #expect(!places.isEmpty)
    #expect(UntestedMessages.lines(places, expected: expected) == [])
  }

  /// The words of checks that bindings share.
  @Test func `no shared check is untested`() throws {
    let expected =
      BindingTable.all.flatMap(\.cases).flatMap(\.flaws).map(\.message)
      + ["this program has no such kernel; compile the plan again"]
    let places = try UntestedMessages.places(
      in: BindingSource.path("KernelRegistry.swift"), of: ["require", "PlanError"])
    #expect(places.count > 10)
    #expect(UntestedMessages.lines(places, expected: expected) == [])
  }

  @Test func `every file of bindings has a table`() throws {
    let files = try FileManager.default.contentsOfDirectory(
      atPath: BindingSource.path("Bindings")
    ).filter { $0.hasSuffix("Binding.swift") }
    #expect(files.sorted() == BindingTable.all.map(\.file).sorted())
  }
}

/// The cases of the kernels that one source file binds.
struct BindingTable: Sendable, CustomTestStringConvertible {
  /// Its name in `Sources/Runtime/Bindings`.
  let file: String
  let cases: [KernelCase]
  var testDescription: String { file }

  static let all = [
    BindingTable(file: "AttentionBinding.swift", cases: KernelCase.attention),
    BindingTable(file: "CastBinding.swift", cases: KernelCase.cast),
    BindingTable(file: "DataBinding.swift", cases: KernelCase.data),
    BindingTable(file: "ElementwiseBinding.swift", cases: KernelCase.elementwise),
    BindingTable(file: "IndexingBinding.swift", cases: KernelCase.indexing),
    BindingTable(file: "LinearBinding.swift", cases: KernelCase.linear),
    BindingTable(file: "MatrixBinding.swift", cases: KernelCase.matrix),
    BindingTable(file: "NormalizationBinding.swift", cases: KernelCase.normalization),
    BindingTable(file: "ReductionBinding.swift", cases: KernelCase.reduction),
    BindingTable(file: "SelectionBinding.swift", cases: KernelCase.selection),
    BindingTable(file: "StateBinding.swift", cases: KernelCase.state),
    BindingTable(file: "WindowBinding.swift", cases: KernelCase.window),
  ]
}

extension TensorData {
  fileprivate var bytes: [UInt8] { withUnsafeBytes { Array($0) } }
}
