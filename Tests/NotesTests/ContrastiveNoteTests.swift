import Compiler
import Foundation
import IR
import Plans
import Tensors
import Testing

/// Notes 1 and 2: pictures and texts in one space, and the two losses that bring them there.
@Suite struct ContrastiveNoteTests {
  @Test(arguments: Note.Machine.allCases)
  func `a pair is probable and no other is`(machine: Note.Machine) throws {
    let scores = try #require(
      Note("siglip_scores").run(
        [Note.input("images"), Note.input("texts")], by: machine)["probabilities"])
    for (image, row) in scores.rows.enumerated() {
      for (text, probability) in row.enumerated() {
        #expect(image == text ? probability > 0.99 : probability < 0.01)
      }
    }
  }

  @Test(arguments: Note.Machine.allCases)
  func `softmax along rows and along columns differ for the same matrix`(
    machine: Note.Machine
  ) throws {
    let results = try Note("softmax_rows_and_columns").run(
      [Note.input("images"), Note.input("texts")], by: machine)
    let (rows, columns) = (try #require(results["rows"]), try #require(results["columns"]))
    #expect(rows.distance(to: columns) > 0.01)
    for index in 0..<4 {
      #expect(abs(rows.rows[index].reduce(0, +) - 1) < 1e-6)
      #expect(abs(columns.rows.reduce(0) { $0 + $1[index] } - 1) < 1e-6)
    }
    // Neither is both.
    #expect((0..<4).contains { index in abs(rows.rows.reduce(0) { $0 + $1[index] } - 1) > 0.01 })
  }

  @Test(arguments: Note.Machine.allCases)
  func `both losses are those of transformers`(machine: Note.Machine) throws {
    for (graph, reference) in [
      ("siglip_loss", "siglip_loss"), ("softmax_contrastive_loss", "softmax_loss"),
    ] {
      let loss = try #require(
        Note(graph).run([Note.input("images"), Note.input("texts")], by: machine)["loss"])
      let expected = try Note.reference(reference).values[0]
      #expect(abs(loss.values[0] - expected) < 2e-6 * max(1, expected), "\(graph)")
    }
  }

  @Test(arguments: Note.Machine.allCases)
  func `the sigmoid loss of blocks is that of the whole`(machine: Note.Machine) throws {
    for count in [2, 4, 10, 64] {
      func features(_ seed: Int, _ count: Int) -> [[Double]] {
        Note.random(seed, [count, 8]).rows.map { row in
          let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
          return row.map { $0 / length }
        }
      }
      func tensor(_ rows: some Collection<[Double]>) -> HostTensor {
        HostTensor(.f32, [rows.count, 8], rows.flatMap { $0.map { Double(Float($0)) } })
      }
      let (images, texts) = (features(1, count), features(2, count))
      let whole = try Note("siglip_loss").run([tensor(images), tensor(texts)], by: machine)
      let blocks = try Note("siglip_loss_by_blocks").run(
        [tensor(images), tensor(texts[..<(count / 2)]), tensor(texts[(count / 2)...])], by: machine)
      let (a, b) = (try #require(whole["loss"]?.values[0]), try #require(blocks["loss"]?.values[0]))
      #expect(abs(a - b) < 1e-6 * a, "\(count): \(a) and \(b)")
    }
  }

  // MARK: What they cost

  /// What a plan for 64 pairs does and needs.
  struct Cost: Equatable {
    var steps, arena, moved: Int

    init(_ name: String) throws {
      let plan = try Note(name).plan().plan
      steps = plan.functions[0].steps.count
      arena = plan.arenaBytes
      moved = try plan.functions[0].steps.reduce(0) { total, step in
        try (step.operands.compactMap { $0 } + [step.result]).reduce(total) { total, view in
          try total + view.shape.evaluate(["N": 64, "M": 32]).reduce(view.element.byteCount, *)
        }
      }
    }

    var row: String {
      func grouped(_ number: Int) -> String {
        number < 1000
          ? "\(number)" : "\(number / 1000)," + String("\(1000 + number % 1000)".dropFirst())
      }
      return "\(steps) | \(grouped(arena)) | \(grouped(moved)) |"
    }
  }

  @Test func `softmax takes more steps, more memory and moves more bytes`() throws {
    let (sigmoid, softmax, blocks) = (
      try Cost("siglip_loss"), try Cost("softmax_contrastive_loss"),
      try Cost("siglip_loss_by_blocks")
    )
    #expect(sigmoid.steps < softmax.steps)
    #expect(sigmoid.arena < softmax.arena)
    #expect(sigmoid.moved < softmax.moved)
    #expect(blocks.arena < sigmoid.arena)
  }

  @Test func `the tour tells these costs`() throws {
    let tour = try String(contentsOf: Note.folder.appending(path: "README.md"), encoding: .utf8)
    for name in ["siglip_loss", "softmax_contrastive_loss", "siglip_loss_by_blocks"] {
      let row = "| `\(name).pg` | \(try Cost(name).row)"
      let isThere = tour.contains(row)
      #expect(isThere, "\(row)")
    }
  }
}
