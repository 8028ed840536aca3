import Foundation
import Plans
import Tensors
import Testing

/// Writing is all or nothing.
@Suite struct PlanWriterTests {
  struct GaveUp: Error, Equatable {}

  /// Expects that `write` fails, and that it changes nothing: neither where there was no plan nor
  /// where there was one.
  func expectNoTrace<Failure: Error>(
    _ failure: Failure.Type, _ write: (String) throws -> Void
  ) throws -> Failure? {
    try withTemporaryFolder { folder in
      let path = "\(folder)/m.plan"
      #expect(throws: failure) { try write(path) }
      #expect(try names(in: folder) == [])
      try PlanWriter.write(.small, extras: [], to: path, value: values)
      let before = try content(of: path)
      let error = #expect(throws: failure) { try write(path) }
      #expect(try names(in: folder) == ["m.plan"])
      #expect(try content(of: path) == before)
      return error
    }
  }

  @Test(arguments: ["table", "half", "number"])
  func `a source that fails leaves no trace`(name: String) throws {
    _ = try expectNoTrace(GaveUp.self) { path in
      try PlanWriter.write(Plan.rich, extras: [], to: path) { tensor in
        if tensor.name == name { throw GaveUp() }
        return values(of: tensor)
      }
    }
  }

  @Test func `giving up leaves no trace`() throws {
    var steps: [Int] = []
    _ = try expectNoTrace(GaveUp.self) { path in
      steps = []
      try PlanWriter.write(
        Plan.rich, extras: [tokenizerTable], to: path,
        progress: { done, total in
          steps.append(done)
          if done >= 48 + 30 + 16 { throw GaveUp() }
          #expect(total > 4096)
        }, value: values)
    }
    #expect(steps == [48, 78, 94])
  }

  @Test func `a value of another shape leaves no trace`() throws {
    let error = try expectNoTrace(PlanError.self) { path in
      try PlanWriter.write(.small, extras: [], to: path) { _ in
        TensorData([Float](repeating: 0, count: 12), shape: [4, 3])
      }
    }
    #expect(error?.description == "table has shape [4, 3], expected [3, 4]")
  }

  @Test func `a value of another kind leaves no trace`() throws {
    let error = try expectNoTrace(PlanError.self) { path in
      try PlanWriter.write(.small, extras: [], to: path) { tensor in
        TensorData([Int64](repeating: 0, count: 12), shape: tensor.shape)
      }
    }
    #expect(error?.description == "a tensor of i64 cannot be stored as f32")
  }

  /// 0, 1, 2 … as far as they are asked for.
  final class CountingValue: PlanValue {
    let elementType = ElementType.f32
    let shape: [Int]
    var asked: [Int] = []

    init(shape: [Int]) { self.shape = shape }

    func piece(_ range: Range<Int>) -> TensorData {
      asked.append(range.count)
      return TensorData(range.map { Float($0 % 251) })
    }
  }

  @Test(arguments: [ElementType.f32, .bf16], [nil, WeightPacking.bf16])
  func `a value that is made is asked for in pieces`(
    element: ElementType, packing: WeightPacking?
  ) throws {
    if packing != nil, element != .bf16 { return }
    var plan = Plan(name: "m")
    let shape = [2500, 1024]
    plan.tensors = [PlanTensor(name: "w", element: element, shape: shape, packing: packing)]
    let value = CountingValue(shape: shape)
    try withTemporaryFolder { folder in
      try PlanWriter.write(plan, extras: [], to: "\(folder)/made.plan") { _ in value }
      let whole = TensorData((0..<2500 * 1024).map { Float($0 % 251) }, shape: shape)
      try PlanWriter.write(plan, extras: [], to: "\(folder)/whole.plan") { _ in whole }
      #expect(try content(of: "\(folder)/made.plan") == content(of: "\(folder)/whole.plan"))
    }
    #expect(value.asked.reduce(0, +) == 2500 * 1024)
    #expect((value.asked.max() ?? 0) <= 2 << 20)
  }

  @Test func `an unsound plan leaves no trace`() throws {
    let error = try expectNoTrace(PlanError.self) { path in
      var plan = Plan.small
      plan.functions[0].steps[0].result.region = .tensor(0)
      plan.functions[0].steps[0].result.shape = [1, 4]
      try PlanWriter.write(plan, extras: [], to: path, value: values)
    }
    #expect(error?.description == "@f, step sum writes to a weight")
  }

  @Test(arguments: ["table", "paligraph.checksums"])
  func `an extra tensor under a name that is taken leaves no trace`(name: String) throws {
    let error = try expectNoTrace(SafetensorsLayoutError.self) { path in
      try PlanWriter.write(
        .small, extras: [(name, TensorData([Int64(1)]))], to: path, value: values)
    }
    #expect(error == .duplicateName(name))
  }

  @Test(arguments: [
    ("none/m.plan", "No such file or directory; choose a path in a writable folder"),
    ("file/m.plan", "Not a directory; choose a path in a writable folder"),
    ("folder", "not a regular file; choose another name"),
  ])
  func `a place that cannot be written to is refused before any value is read`(
    place: String, reason: String
  ) throws {
    try withTemporaryFolder { folder in
      try Data().write(to: URL(filePath: "\(folder)/file"))
      try FileManager.default.createDirectory(
        atPath: "\(folder)/folder", withIntermediateDirectories: false)
      let path = "\(folder)/\(place)"
      let error = #expect(throws: OutputFileError.self) {
        try PlanWriter.write(.small, extras: [], to: path) { tensor in
          Issue.record("\(tensor.name) was asked for")
          return values(of: tensor)
        }
      }
      #expect(error?.description == "\(path): cannot be written: \(reason)")
      #expect(try names(in: folder) == ["file", "folder"])
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may write anywhere"))
  func `a folder without permission is left as it was`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/m.plan"
      try PlanWriter.write(.small, extras: [], to: path, value: values)
      let before = try content(of: path)
      chmod(folder, 0o555)
      defer { chmod(folder, 0o755) }
      #expect(throws: OutputFileError.self) {
        try PlanWriter.write(.minimal, extras: [], to: path, value: values)
      }
      #expect(try names(in: folder) == ["m.plan"])
      #expect(try content(of: path) == before)
    }
  }

  @Test func `a plan that is being read does not change when it is written anew`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/m.plan"
      try PlanWriter.write(.small, extras: [], to: path, value: values)
      let old = try PlanFile(path: path)
      try PlanWriter.write(.minimal, extras: [], to: path, value: values)
      try old.verifyTensors()
      #expect(old.plan == .small)
      #expect(try PlanFile(path: path).plan == .minimal)
      #expect(try names(in: folder) == ["m.plan"])
    }
  }
}
