import Compiler
import IR
import Testing

/// Notes 6, 10, 12 and 14: what attention knows, who hears whom, and what heads are.
@Suite struct AttentionNoteTests {
  static let orders = permutations(of: [0, 1, 2, 3])

  static func permutations(of items: [Int]) -> [[Int]] {
    guard items.count > 1 else { return [items] }
    return items.indices.flatMap { index in
      var rest = items
      let first = rest.remove(at: index)
      return permutations(of: rest).map { [first] + $0 }
    }
  }

  @Test(arguments: Note.Machine.allCases)
  func `permuting the tokens permutes the output and nothing else`(machine: Note.Machine) throws {
    let note = try Note("attention_without_positions")
    let tokens = try Note.input("tokens")
    let y = try #require(note.run([tokens], by: machine)["y"])
    for order in Self.orders {
      let turned = try #require(note.run([tokens.taking(rows: order)], by: machine)["y"])
      #expect(turned.distance(to: y.taking(rows: order)) < 1e-6)
      // Not because all outputs were alike.
      #expect(order == [0, 1, 2, 3] || turned.distance(to: y) > 0.01)
    }
  }

  @Test(arguments: Note.Machine.allCases)
  func `with positions it does not hold`(machine: Note.Machine) throws {
    let note = try Note("attention_without_positions")
    let tokens = try Note.input("tokens")
    let y = try #require(note.run([tokens], of: "with_positions", by: machine)["y"])
    for order in Self.orders.dropFirst() {
      let turned = try #require(
        note.run([tokens.taking(rows: order)], of: "with_positions", by: machine)["y"])
      #expect(turned.distance(to: y.taking(rows: order)) > 0.1)
    }
  }

  @Test(arguments: Note.Machine.allCases)
  func `a token that changes is noticed by all others in attention only`(
    machine: Note.Machine
  ) throws {
    let note = try Note("linear_and_attention")
    for tokens in try [Note.input("tokens"), Note.random(3, [1, 4, 8])] {
      let alone = try #require(note.run([tokens], of: "feed_forward", by: machine)["changed"])
        .values
      #expect(alone[0] == 0 && alone[1] == 0 && alone[2] > 0.1 && alone[3] == 0)
      let together = try #require(note.run([tokens], of: "attention", by: machine)["changed"])
        .values
      #expect(together.allSatisfy { $0 > 0.01 })
    }
  }

  // MARK: Heads

  @Test(arguments: Note.Machine.allCases)
  func `heads computed one at a time give the same result`(machine: Note.Machine) throws {
    let note = try Note("multi_head_attention")
    for count in [1, 4, 16] {
      let tokens = Note.random(count, [1, count, 8])
      let together = try #require(note.run([tokens], by: machine)["y"])
      let apart = try #require(note.run([tokens], of: "one_head_at_a_time", by: machine)["y"])
      #expect(together.distance(to: apart) < 1e-6)
      #expect(together.values.contains { abs($0) > 0.01 })
    }
  }

  /// The graph splits heads by views; the plan has one attention, which threads share.
  @Test func `heads are one operation that any number of threads computes alike`() throws {
    let note = try Note("multi_head_attention")
    #expect(note.module.counts()["transpose"] == 4 && note.module.counts()["softmax"] == 1)
    let optimised = try note.optimised().module.counts()
    #expect(optimised["attention"] == 1 && optimised["softmax"] == nil)
    let plan = try note.plan()
    let tokens = Note.random(5, [1, 16, 8])
    let alone = try Note.execute(plan, "main", [tokens], threads: 1)
    for threads in [2, 3, 8] {
      #expect(try Note.execute(plan, "main", [tokens], threads: threads) == alone)
    }
  }

  @Test(arguments: Note.Machine.allCases)
  func `a head reaches its own slice before W_O and all features behind it`(
    machine: Note.Machine
  ) throws {
    let note = try Note("multi_head_attention")
    for tokens in try [Note.input("tokens"), Note.random(4, [1, 16, 8])] {
      let results = try note.run([tokens], of: "silence_head_1", by: machine)
      let before = try #require(results["before_w_o"]).values
      #expect(before[..<4].allSatisfy { $0 == 0 } && before[4...].allSatisfy { $0 > 0.01 })
      let after = try #require(results["after_w_o"]).values
      #expect(after.allSatisfy { $0 > 0.01 })
    }
  }
}
