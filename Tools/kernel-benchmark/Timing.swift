import Compiler
import Foundation
import Plans
import Runtime
import Tensors

/// How long the plan of a case runs.
struct Timing {
  /// Of inputs and output.
  let bytes: Int
  /// The best of some runs: others may share the machine.
  let seconds: Double

  var bytesPerSecond: Double { Double(bytes) / seconds }

  private static let rounds = 9

  init(_ one: KernelCase, threads: Int) throws {
    let file = try Self.plan(of: one)
    guard file.plan.functions[0].steps.contains(where: { $0.kernel == one.kernel }) else {
      let found = file.plan.functions[0].steps.map(\.kernel)
      throw TimingError("\(one.name): its plan has \(found.joined(separator: ", "))")
    }
    let executor = try Executor(file, threads: threads)
    var durations: [Double] = []
    for _ in 0...Self.rounds {
      // Again each time, since an input may be written over.
      try Self.fill(executor, one)
      let clock = ContinuousClock()
      let duration = try clock.measure { try executor.run(0) }
      durations.append(duration / .seconds(1))
    }
    // The first one finds cold caches and pages that are not there yet.
    seconds = durations.dropFirst().min() ?? 0
    let ports = file.plan.functions[0]
    bytes =
      ports.inputs.indices.reduce(0) { $0 + (executor.input($1, of: 0)?.byteCount ?? 0) }
      + ports.outputs.indices.reduce(0) { $0 + (executor.output($1, of: 0)?.byteCount ?? 0) }
  }

  private static func plan(of one: KernelCase) throws -> PlanFile {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("case.plan").path
    var context = PassContext()
    context.dtype = one.dtype
    try Compilation(try one.module(), context: context).write(to: path)
    return try PlanFile(path: path)
  }

  private static func fill(_ executor: Executor, _ one: KernelCase) throws {
    var random = Sequence()
    for port in executor.file.plan.functions[0].inputs.indices {
      guard let view = executor.input(port, of: 0) else { continue }
      switch view.element {
      case .f32:
        let values = (0..<view.count).map { _ in Float(random.next() >> 40) * 0x1p-22 - 2 }
        try executor.write(values, to: port, of: 0)
      case .i64:
        let values = (0..<view.count).map { _ in
          Int64.random(in: one.integers, using: &random)
        }
        try executor.write(values, to: port, of: 0)
      case .bool:
        for index in 0..<view.byteCount {
          view.base.storeBytes(of: UInt8(random.next() & 1), toByteOffset: index, as: UInt8.self)
        }
      default:
        for index in 0..<view.byteCount {
          view.base.storeBytes(
            of: UInt8(truncatingIfNeeded: index & 3), toByteOffset: index, as: UInt8.self)
        }
      }
    }
  }
}

/// Numbers without pattern, fast.
private struct Sequence: RandomNumberGenerator {
  private var state: UInt64 = 1

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

/// What is wrong with a case.
struct TimingError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

extension BufferView {
  fileprivate var byteCount: Int { shape.elementCount * element.byteCount }
}
