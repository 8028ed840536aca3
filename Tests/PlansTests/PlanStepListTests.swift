import JSON
import Tensors
import Testing

@testable import Plans

/// Step lists that somebody changed and gave the right checksum.
@Suite struct PlanStepListTests {
  /// The reason for which a file of this step list is refused; nil when it is accepted.
  func problem(ofOpening stepList: String) throws -> String? {
    try withTemporaryFile(bytes: EditedPlanFile(stepList: stepList).bytes) { path in
      do {
        _ = try PlanFile(path: path)
        return nil
      } catch let error as PlanFileError {
        #expect(error.description.hasPrefix("\(path): "))
        #expect(!error.description.utf8.contains { $0 < 0x20 || $0 == 0x7F })
        return error.problem
      }
    }
  }

  /// Reads a step list as opening a file does. Expects that what is accepted is sound and reads back
  /// as it is, and that what is refused is so for one of the two reasons that opening knows.
  func isAccepted(_ stepList: String, _ change: @autoclosure () -> String) -> Bool {
    do {
      let plan = try PlanFile.plan(stepList: stepList)
      let again = try PlanFile.plan(stepList: plan.json.encoded())
      #expect(again == plan, "\(change())")
      return true
    } catch is JSONError {
    } catch is PlanError {
    } catch {
      Issue.record("\(change()): \(error)")
    }
    return false
  }

  @Test func `any flipped bit is refused or makes another sound plan`() {
    let text = Array(Plan.minimal.json.encoded().utf8)
    var accepted = 0
    for position in text.indices {
      // The eighth bit never gives UTF-8, which a header must be.
      for bit in 0..<7 {
        var changed = text
        changed[position] ^= 1 << bit
        let change = "byte \(position), bit \(bit)"
        if isAccepted(String(decoding: changed, as: UTF8.self), change) { accepted += 1 }
      }
    }
    // Names, which mean nothing to the file, and some sizes.
    #expect((1..<text.count).contains(accepted))
  }

  @Test func `a step list cut off anywhere is refused`() throws {
    let text = Plan.minimal.json.encoded()
    for count in 0..<text.utf8.count {
      let error = #expect(throws: JSONError.self) {
        try PlanFile.plan(stepList: String(text.prefix(count)))
      }
      guard case .malformed? = error else {
        Issue.record("\(count) bytes: \(String(describing: error))")
        continue
      }
    }
    #expect(
      try problem(ofOpening: String(text.dropLast()))
        == "its step list is broken: not valid JSON at byte \(text.utf8.count - 1): "
        + "the text ends too early; compile it again")
  }

  /// What may stand in the place of any value. None of them may be a trap.
  static let intruders: [JSON] = [
    .null, .bool(true), 0, 1, -1, 64, 2.5, .integer(1 << 48), .integer(1 << 60),
    .integer(Int64.max), .integer(Int64.min), .unsigned(UInt64.max), "T", "f64", "arena", [],
    [[1, "T"]], [[1, "U"]], [[-1, "T", "T"], [3]], [[281_474_976_710_656, "T", "T", "T"]],
    ["a": [["b": .null]]],
  ]

  @Test(arguments: intruders)
  func `any value may be replaced by any other`(intruder: JSON) throws {
    for changed in try Plan.rich.json.variants(replacingEachValueBy: intruder) {
      // As in opening a file, without the text.
      do {
        let plan = try Plan(json: JSONField(changed))
        try PlanVerifier.verify(plan)
        #expect(try Plan(json: JSONField(plan.json)) == plan)
        #expect(!plan.text().isEmpty)
      } catch is JSONError {
      } catch is PlanError {
      }
    }
  }

  @Test(arguments: [
    (
      #""arena_bytes":128"#, #""arena_bytes":1152921504606846976"#,
      "arena_bytes: expected an integer from 0 to 281474976710656, found 1152921504606846976"
    ),
    (
      #""arena_bytes":128"#, #""arena_bytes":-64"#,
      "arena_bytes: expected an integer from 0 to 281474976710656, found -64"
    ),
    (
      #""arena_bytes":128"#, #""arena_bytes":128.0"#,
      "arena_bytes: expected an integer from 0 to 281474976710656, found 128.0"
    ),
    (
      #""arena_bytes":128"#, #""arena_bytes":128,"arena_bytes":128"#,
      #"the top level has the key "arena_bytes" twice"#
    ),
    (#""arena_bytes":128,"#, "", "arena_bytes is missing"),
    (
      #"["T",2]"#, #"["T",0]"#,
      "symbols[0][1]: expected an integer from 1 to 281474976710656, found 0"
    ),
    (
      #"["T",2]"#, #"["T",2,3]"#, "symbols[0]: expected an array of 2 elements, found an array of 3"
    ),
    (
      #"["w","f32",[1],null]"#, #"["w","f33",[1],null]"#,
      #"tensors[0][1]: expected an element type, found "f33""#
    ),
    (
      #"["w","f32",[1],null]"#, #"["w","f32",[-1],null]"#,
      "tensors[0][2][0]: expected an integer from 0 to 1099511627776, found -1"
    ),
    (
      #"["w","f32",[1],null]"#, #"["w","f32",[1,1],"int9"]"#,
      #"tensors[0][3]: expected the packing of a matrix, found "int9""#
    ),
    (
      #"["w","f32",[1],null]"#, #"["w","f32",[1],"f32_panels"]"#,
      #"tensors[0][3]: expected the packing of a matrix, found "f32_panels""#
    ),
    (
      #"["tensor",0,"f32",[1]]"#, #"["weight",0,"f32",[1]]"#,
      "functions[0].steps[0][2][1][0]: expected arena, tensor or state, found \"weight\""
    ),
    (
      #"["tensor",0,"f32",[1]]"#, #"["tensor",-1,"f32",[1]]"#,
      "functions[0].steps[0][2][1][1]: expected an integer from 0 to 281474976710656, found -1"
    ),
    (
      #"["tensor",0,"f32",[1]]"#, #"["tensor",0,"f32",[1],[1]]"#,
      "functions[0].steps[0][2][1]: expected a view of 4 or 6 fields, found an array of 5"
    ),
    (
      #"["tensor",0,"f32",[1]]"#,
      #"["tensor",0,"f32",[1,281474976710656,281474976710656]]"#,
      "functions[0].steps[0][2][1][3]: expected extents whose product is small enough, "
        + "found an array of 3"
    ),
    // -2^15 times 2^48 is the smallest integer, whose magnitude is none.
    (
      #"["tensor",0,"f32",[1]]"#, #"["tensor",0,"f32",[1,-32768,281474976710656]]"#,
      "functions[0].steps[0][2][1][3]: expected extents whose product is small enough, "
        + "found an array of 3"
    ),
  ])
  func `fields that are wrong are named`(
    field: String, replacement: String, reason: String
  ) throws {
    let text = Plan.minimal.json.encoded()
    let changed = text.replacing(field, with: replacement, maxReplacements: 1)
    #expect(changed != text)
    #expect(
      try problem(ofOpening: changed)
        == "its step list is broken: \(reason); compile it again")
  }

  @Test func `what makes sizes costly is refused`() throws {
    let manyTerms = (0..<100).map { #"[1,"T\#($0)"]"# }.joined(separator: ",")
    let manySymbols = (0..<100_000).map { _ in #""T""# }.joined(separator: ",")
    for size in [manyTerms, "[1,\(manySymbols)]"] {
      let text = Plan.minimal.json.encoded()
        .replacing(#"["tensor",0,"f32",[1]]"#, with: #"["tensor",0,"f32",[[\#(size)]]]"#)
      let found = try problem(ofOpening: text)
      #expect(found?.contains("[3][0]: expected a dimension that is small enough") == true)
    }
    // Each of the sizes is small, their product would have 10^8 terms.
    let sum = (0..<10).map { #"[1,"T\#($0)"]"# }.joined(separator: ",")
    let sizes = [String](repeating: "[\(sum)]", count: 8).joined(separator: ",")
    let text = Plan.minimal.json.encoded()
      .replacing(#"["tensor",0,"f32",[1]]"#, with: #"["tensor",0,"f32",[\#(sizes)]]"#)
    let found = try problem(ofOpening: text)
    #expect(found?.contains("[3]: expected extents whose product is small enough") == true)
  }

  @Test func `nesting is bounded`() throws {
    let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    let text = Plan.minimal.json.encoded().replacing(
      #""sections":{}"#, with: #""sections":{"a":\#(deep)}"#)
    #expect(
      try problem(ofOpening: text)
        == "its step list is broken: JSON nested more than 64 levels deep; compile it again")
  }
}

extension JSON {
  /// This value with one value in it, or itself, replaced, for each in turn.
  fileprivate func variants(replacingEachValueBy intruder: JSON) -> [JSON] {
    var variants = [intruder]
    switch self {
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        for variant in element.variants(replacingEachValueBy: intruder) {
          var changed = elements
          changed[index] = variant
          variants.append(.array(changed))
        }
      }
    case .object(let members):
      for (index, member) in members.enumerated() {
        for variant in member.value.variants(replacingEachValueBy: intruder) {
          var changed = members
          changed[index].value = variant
          variants.append(.object(changed))
        }
      }
    default: break
    }
    return variants
  }
}
