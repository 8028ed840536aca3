import JSON
import Plans
import Tensors
import Testing

@Suite struct PlanRoundTripTests {
  static let plans: [(name: String, plan: Plan)] = [
    ("empty", Plan(name: "")), ("minimal", .minimal), ("small", .small),
  ]

  func read(_ bytes: [UInt8]) throws -> PlanFile {
    try withTemporaryFile(bytes: bytes) { try PlanFile(path: $0) }
  }

  @Test(arguments: plans)
  func `a plan reads back as it was written`(name: String, plan: Plan) throws {
    #expect(try read(file(of: plan)).plan == plan)
  }

  @Test func `all that a plan can say reads back`() throws {
    let plan = try Plan.rich
    let found = try read(file(of: plan, extras: [tokenizerTable])).plan
    #expect(found == plan)
    for (attribute, written) in zip(found.functions[0].steps[3].attributes, Plan.attributes) {
      #expect(attribute == written)
    }
  }

  @Test func `the step list is the same text after reading it`() throws {
    let text = try Plan.rich.json.encoded()
    let json = try JSON.parse(text, limits: JSON.Limits(bytes: 1 << 20))
    #expect(try Plan(json: JSONField(json)).json.encoded() == text)
  }

  @Test func `writing twice gives the same bytes`() throws {
    let plan = try Plan.rich
    #expect(
      try file(of: plan, extras: [tokenizerTable]) == file(of: plan, extras: [tokenizerTable]))
  }

  @Test func `what was read writes the same bytes`() throws {
    let bytes = try file(of: Plan.rich, extras: [tokenizerTable])
    try withTemporaryFolder { folder in
      let original = try read(bytes)
      let extra = try #require(try original.tensor(named: tokenizerTable.name))
      try PlanWriter.write(
        original.plan, extras: [(tokenizerTable.name, extra)], to: "\(folder)/copy.plan"
      ) { tensor in
        try #require(try original.tensor(named: tensor.name))
      }
      #expect(try content(of: "\(folder)/copy.plan") == bytes)
    }
  }

  @Test func `values are rounded to the type that the plan asks for`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/m.plan"
      try PlanWriter.write(Plan.rich, extras: [], to: path) { tensor in
        guard tensor.name == "half" else { return values(of: tensor) }
        return TensorData([Float](repeating: 1 + 0x1p-8 + 0x1p-16, count: 15), shape: [5, 3])
      }
      let half = try #require(try PlanFile(path: path).tensor(named: "half"))
      #expect(half.elementType == .bf16)
      #expect(half.floats() == [Float](repeating: 1 + 0x1p-7, count: 15))
    }
  }
}
