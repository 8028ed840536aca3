import IR
import JSON
import Plans
import Tensors

/// A module taken through all passes, and the plan that came out.
public struct Compilation: Sendable {
  /// The module after the last pass: stage `planned`.
  public let module: Module
  public let plan: Plan
  public let reports: [PassReport]
  private let context: PassContext

  /// Runs the passes and lowers the result. Throws `PassError` naming pass and operation.
  public init(
    _ module: Module, context: PassContext = PassContext(),
    manager: PassManager = PassManager(), sections: [JSON.Member] = []
  ) throws {
    var module = module
    var context = context
    reports = try manager.run(&module, context: &context)
    self.module = module
    self.context = context
    var plan = try PlanEmitter.emit(module)
    plan.sections = sections
    self.plan = plan
  }

  /// Whether a smaller arena may exist that the search did not get to.
  public var arenaSearchStopped: Bool { context.arenaSearchStopped }

  /// Where the values of weights and persistent buffers come from.
  public typealias Source = (_ name: String) throws -> TensorData?

  /// Writes the plan file.
  ///
  /// - Parameters:
  ///   - extras: tensors that no step reads, such as a tokenizer's tables.
  ///   - source: values of the tensors that come from a checkpoint.
  ///   - progress: told the bytes written so far and in total; may throw to give up.
  public func write(
    to path: String, extras: [(name: String, data: TensorData)] = [], source: Source = { _ in nil },
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws {
    let tensors = Dictionary(
      module.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    try PlanWriter.write(plan, extras: extras, to: path, progress: progress) { planned in
      let tensor = tensors[planned.name].map(module.original)
      if let tensor {
        if let initializer = tensor.initializer {
          return MadeValue(initializer, planned.element, planned.shape)
        }
        if context.constants[tensor.name] != nil || context.derived[tensor.name] != nil {
          return try withoutActuallyEscaping(source) { source in
            try context.value(of: tensor) { HostTensor(try Self.value(of: $0.name, source)) }.data
          }
        }
      }
      return try Self.value(of: tensor?.name ?? planned.name, source)
    }
  }

  private static func value(of name: String, _ source: Source) throws -> TensorData {
    guard let data = try source(name) else {
      throw PlanError("%\(name) has no value; give it one with {value = …} or compile a checkpoint")
    }
    return data
  }
}

/// What an initializer makes, piece by piece.
private struct MadeValue: PlanValue {
  let shape: [Int]
  private let initializer: Initializer
  private let element: ElementType

  init(_ initializer: Initializer, _ element: ElementType, _ shape: [Int]) {
    (self.initializer, self.element, self.shape) = (initializer, element, shape)
  }

  var elementType: ElementType { piece(0..<0).elementType }

  func piece(_ range: Range<Int>) -> TensorData {
    let values = initializer.values(element, in: range, of: shape.reduce(1, *))
    return HostTensor(element, [range.count], values).data
  }
}
