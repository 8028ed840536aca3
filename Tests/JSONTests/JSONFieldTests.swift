import JSON
import Testing

@Suite struct JSONFieldTests {
  let root = JSONField([
    "text_config": ["hidden_size": 2.5, "layers": 18, "eps": 1e-6, "name": "ge\u{1B}mma"],
    "eos": [1, "x"], "nothing": nil, "flag": true, "huge": .unsigned(UInt64.max),
  ])

  @Test func `values come out with their types and ranges`() throws {
    let text = try root.member("text_config")
    #expect(try text.member("layers").int(in: 1...512) == 18)
    #expect(try text.member("layers").double() == 18)
    #expect(try text.member("eps").double(in: 0...1) == 1e-6)
    #expect(try root.member("flag").bool())
    #expect(try root.member("eos").elements().first?.int() == 1)
    #expect(try text.members().map(\.key) == ["hidden_size", "layers", "eps", "name"])
  }

  @Test func `absent and null fields are not present`() throws {
    #expect(try root.member("nothing").present == nil)
    #expect(try root.member("vision_config").member("layers").present?.int() == nil)
    #expect(try root.member("flag").present != nil)
  }

  /// A wrong question to a field and the answer to it.
  struct Misreading: Sendable {
    let message: String
    let read: @Sendable (JSONField) throws -> Void

    init(_ message: String, read: @escaping @Sendable (JSONField) throws -> Void) {
      self.message = message
      self.read = read
    }
  }

  @Test(arguments: [
    Misreading("text_config.hidden_size: expected an integer, found 2.5") {
      _ = try $0.member("text_config").member("hidden_size").int()
    },
    Misreading("text_config.layers: expected an integer from 1 to 4, found 18") {
      _ = try $0.member("text_config").member("layers").int(in: 1...4)
    },
    Misreading("text_config.name: expected a number, found \"ge\\u{1b}mma\"") {
      _ = try $0.member("text_config").member("name").double()
    },
    Misreading("text_config.layers: expected true or false, found 18") {
      _ = try $0.member("text_config").member("layers").bool()
    },
    Misreading("text_config.none is missing") {
      _ = try $0.member("text_config").member("none").string()
    },
    Misreading("eos: expected an object, found an array of 2") {
      _ = try $0.member("eos").member("a")
    },
    Misreading("eos[1]: expected an integer, found \"x\"") {
      _ = try $0.member("eos").elements().last?.int()
    },
    Misreading("text_config: expected an array, found an object") {
      _ = try $0.member("text_config").elements()
    },
    Misreading("huge: expected an integer, found 18446744073709551615") {
      _ = try $0.member("huge").int()
    },
    Misreading("nothing: expected a string, found null") { _ = try $0.member("nothing").string() },
  ])
  func `errors name the field`(misreading: Misreading) {
    let error = #expect(throws: JSONError.self) { try misreading.read(root) }
    #expect(error.map { "\($0)" } == misreading.message)
  }
}
