import Compiler
import Foundation
import IR
import Tensors
import Testing

/// Notes 7, 8, 9 and 11: batch norm, layer norm and activations.
@Suite struct NormalizationNoteTests {
  static func column(_ index: Int, of x: HostTensor) -> [Double] { x.rows.map { $0[index] } }
  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
  static func variance(_ values: [Double]) -> Double {
    let mean = mean(values)
    return Self.mean(values.map { ($0 - mean) * ($0 - mean) })
  }

  @Test(arguments: Note.Machine.allCases)
  func `what a layer sees moves with the batch, and not behind batch norm`(
    machine: Note.Machine
  ) throws {
    let note = try Note("batch_norm_training")
    let (desert, sea) = (
      try note.run([Note.input("desert")], by: machine),
      try note.run([Note.input("sea")], by: machine)
    )
    let moved = try #require(desert["mean"]).distance(to: #require(sea["mean"]))
    #expect(moved > 0.5)
    for output in 0..<2 {
      func centres(_ name: String) throws -> [Double] {
        try [desert, sea].map { Self.mean(Self.column(output, of: try #require($0[name]))) }
      }
      let (without, with) = (try centres("without"), try centres("with"))
      #expect(abs(without[0] - without[1]) > 0.3)
      #expect(abs(with[0]) < 1e-5 && abs(with[1]) < 1e-5)
    }
  }

  @Test(arguments: Note.Machine.allCases)
  func `statistics are those of the batch`(machine: Note.Machine) throws {
    let desert = try Note.input("desert")
    let results = try Note("batch_norm_training").run([desert], by: machine)
    for feature in 0..<3 {
      let column = Self.column(feature, of: desert)
      let (mean, variance) = (try #require(results["mean"]), try #require(results["variance"]))
      #expect(mean.shape == [1, 3] && variance.shape == [1, 3])
      #expect(abs(mean.values[feature] - Self.mean(column)) < 1e-6)
      #expect(abs(variance.values[feature] - Self.variance(column)) < 1e-6)
    }
    // The layer behind has rows (1, 0.5, -1) and (-0.5, 1, 1); the reference has what is before it.
    let expected = try Note.reference("batch_norm").rows.flatMap {
      [$0[0] + 0.5 * $0[1] - $0[2], -0.5 * $0[0] + $0[1] + $0[2]]
    }
    let with = try #require(results["with"])
    #expect(with.distance(to: HostTensor(.f32, [6, 2], expected)) < 1e-4)
  }

  @Test(arguments: Note.Machine.allCases)
  func `in training a sample's output depends on its batch-mates`(machine: Note.Machine) throws {
    let note = try Note("batch_norm_training")
    func first(_ batch: String) throws -> [Double] {
      try #require(note.run([Note.input(batch)], by: machine)["with"]).rows[0]
    }
    // The same picture of a desert, among others and among pictures of the sea.
    let (home, abroad) = (try first("desert"), try first("desert_among_sea"))
    #expect(abs(home[0] - abroad[0]) > 1)
    // A batch of one has no spread: nothing of the picture is left.
    let alone = HostTensor(.f32, [1, 3], try Note.input("desert").rows[0])
    let nothing = try #require(note.run([alone], by: machine)["with"])
    #expect(nothing.values.allSatisfy { abs($0) < 1e-6 })
  }

  @Test(arguments: Note.Machine.allCases)
  func `with kept statistics it does not`(machine: Note.Machine) throws {
    let note = try Note("batch_norm_inference")
    func first(_ batch: String) throws -> [Double] {
      try #require(note.run([Note.input(batch)], by: machine)["y"]).rows[0]
    }
    #expect(try first("desert") == first("desert_among_sea"))
  }

  @Test(arguments: [("main", "matmul"), ("patches", "patch_conv")])
  func `then it folds into the layer before it`(function: String, layer: String) throws {
    let note = try Note("batch_norm_inference")
    #expect(note.module.counts(function)["batch_norm"] == 1)
    let folded = try note.optimised([PassManager.pass(named: "fold_batch_norm")]).module
    #expect(folded.counts(function)["batch_norm"] == nil && folded.counts(function)[layer] == 1)
    // All that is left of it is in the weights.
    let optimised = try note.optimised().module.counts(function)
    #expect(optimised["linear"] == 1)
    #expect(Set(optimised.keys).isSubset(of: ["linear", "reshape", "transpose", "contiguous"]))
  }

  @Test(arguments: Note.Machine.allCases)
  func `layer norm does not look at the batch`(machine: Note.Machine) throws {
    let note = try Note("layer_norm")
    func results(_ batch: HostTensor) throws -> [String: HostTensor] {
      try note.run([batch], by: machine)
    }
    let desert = try Note.input("desert")
    let among = try results(desert)
    #expect(among["mean"]?.shape == [6, 1] && among["variance"]?.shape == [6, 1])
    let y = try #require(among["y"])
    #expect(y.distance(to: try Note.reference("layer_norm")) < 1e-4)
    let mixed = try #require(results(Note.input("desert_among_sea"))["y"])
    #expect(mixed.rows[0] == y.rows[0])
    for index in 0..<6 {
      let alone = try #require(results(HostTensor(.f32, [1, 3], desert.rows[index]))["y"])
      #expect(alone.values == y.rows[index])
    }
  }

  // MARK: Activations

  @Test(arguments: Note.Machine.allCases)
  func `relu flattens negative inputs and gelu bends`(machine: Note.Machine) throws {
    let results = try Note("relu_and_gelu").run([Note.input("numbers")], by: machine)
    let numbers = try Note.input("numbers").values
    let (relu, slope) = (
      try #require(results["relu"]).values, try #require(results["relu_slope"]).values
    )
    for (index, x) in numbers.enumerated() {
      #expect(relu[index] == max(x, 0) && slope[index] == (x < 0 ? 0 : 1))
    }
    for name in ["gelu", "gelu_tanh", "gelu_slope"] {
      let found = try #require(results[name])
      let difference = found.distance(to: try Note.reference(name))
      #expect(difference < (name == "gelu_slope" ? 2e-4 : 2e-6), "\(name): \(difference)")
    }
    let gelu = try #require(results["gelu_slope"]).values
    #expect(zip(numbers, gelu).allSatisfy { $0 > 0 || abs($1) > 0.01 })
  }
}
