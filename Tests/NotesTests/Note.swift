import Compiler
import Foundation
import IR
import Plans
import Runtime
import Tensors
import Testing
import Validation

/// A graph of `graphs/notes`, and what it computes.
struct Note {
  /// What computes: the meaning of the graph, its steps as they are, or what the compiler makes of them.
  enum Machine: CaseIterable {
    case interpreter, unoptimisedPlan, optimisedPlan
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  static let folder = root.appending(path: "graphs/notes")

  /// All of them but the one that shall be refused.
  static let names: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (files ?? []).filter { $0.hasSuffix(".pg") && $0 != "view_without_contiguous.pg" }
      .map { String($0.dropLast(3)) }.sorted()
  }()

  let module: Module

  init(_ name: String) throws {
    module = try Module.parse(Self.text(name))
  }

  static func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: "\(name).pg"), encoding: .utf8)
  }

  /// One of the inputs that the commands of the tour read.
  static func input(_ name: String) throws -> HostTensor {
    HostTensor(try NPYFile.read(path: folder.appending(path: "inputs/\(name).npy").path))
  }

  /// Numbers of PyTorch and transformers: see Tools/references/notes.py.
  static func reference(_ name: String) throws -> HostTensor {
    let file = try SafetensorsFile(
      path: root.appending(path: "Tests/Fixtures/notes/reference.safetensors").path)
    return HostTensor(try file.tensor(named: name))
  }

  /// Numbers in -1 ..< 1.
  static func random(_ seed: Int, _ shape: [Int]) -> HostTensor {
    Initializer.random(seed: seed, scale: 1).value(.f32, shape)
  }

  /// The results of a function by their names.
  func run(
    _ inputs: [HostTensor], of function: String = "main", by machine: Machine
  ) throws -> [String: HostTensor] {
    let definition = try #require(module[function: function])
    let names = definition.results.map { $0.name ?? "" }
    let values: [HostTensor]
    switch machine {
    case .interpreter:
      var interpreter = try Interpreter(module)
      values = try interpreter.run(function, inputs)
    case .unoptimisedPlan, .optimisedPlan:
      let passes = machine == .optimisedPlan ? PassManager.pipeline : PassManager.lowering
      values = try Self.execute(plan(passes), function, inputs)
    }
    return Dictionary(uniqueKeysWithValues: zip(names, values))
  }

  /// The plan, whose file is gone from its directory but stays mapped.
  func plan(_ passes: [Pass] = PassManager.pipeline) throws -> PlanFile {
    let compilation = try Compilation(module, manager: PassManager(passes: passes))
    return try withTemporaryFile { path in
      try compilation.write(to: path) { _ in nil }
      return try PlanFile(path: path)
    }
  }

  static func execute(
    _ plan: PlanFile, _ function: String, _ inputs: [HostTensor], threads: Int = 2
  ) throws -> [HostTensor] {
    let executor = try Executor(plan, threads: threads)
    let index = try #require(executor.function(named: function))
    let names = plan.plan.functions[index].inputs.map(\.name)
    let tensors = zip(names, inputs).map { (name: $0, data: $1.data) }
    return try executor.run(index, inputs: tensors).map { HostTensor($0.data) }
  }

  /// The module after some passes, and what they did.
  func optimised(
    _ passes: [Pass] = PassManager.optimizing
  ) throws -> (module: Module, reports: [PassReport]) {
    var module = module
    var context = PassContext()
    let reports = try PassManager(passes: passes).run(&module, context: &context)
    return (module, reports)
  }
}

extension HostTensor {
  /// The rows along the last axis.
  var rows: [[Double]] {
    let width = shape.last ?? 1
    return stride(from: 0, to: count, by: max(width, 1)).map { Array(values[$0..<$0 + width]) }
  }

  /// The largest difference of any element; infinite for another shape.
  func distance(to other: HostTensor) -> Double {
    guard shape == other.shape else { return .infinity }
    return zip(values, other.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  /// With its rows in another order.
  func taking(rows order: [Int]) -> HostTensor {
    let all = rows
    return HostTensor(element, shape, order.flatMap { all[$0] })
  }
}

extension Module {
  /// How often each operation stands in a function.
  func counts(_ function: String = "main") -> [String: Int] {
    (self[function: function]?.operations ?? []).reduce(into: [:]) { $0[$1.op, default: 0] += 1 }
  }
}
