/// One version of an operator: from which version of its operator set on it means what `build` makes.
/// It holds until the next one of the same name in the table.
struct ONNXOperator: Sendable {
  typealias Build = @Sendable (NodeImport) throws -> [ImportedValue]

  let name: String
  let since: Int
  let inputs: ClosedRange<Int>
  let attributes: [String]
  let build: Build

  init(
    _ name: String, _ since: Int, _ inputs: ClosedRange<Int>, _ attributes: [String],
    _ build: @escaping Build
  ) {
    self.name = name
    self.since = since
    self.inputs = inputs
    self.attributes = attributes
    self.build = build
  }

  init(_ name: String, _ since: Int, _ inputs: ClosedRange<Int>, _ build: @escaping Build) {
    self.init(name, since, inputs, [], build)
  }

  init(
    _ name: String, _ since: Int, _ inputs: Int, _ attributes: [String], _ build: @escaping Build
  ) {
    self.init(name, since, inputs...inputs, attributes, build)
  }

  init(_ name: String, _ since: Int, _ inputs: Int, _ build: @escaping Build) {
    self.init(name, since, inputs...inputs, [], build)
  }

  /// The versions of the standard operators that are known.
  static let versions = 1...24
  static let irVersions = 3...13
  /// Most inputs of operators that take any number of them.
  static let anyNumber = 1...4096

  private static let byName = Dictionary(grouping: table, by: \.name)

  /// What an operator means in a version of its set; nil for one that is not supported.
  static func find(_ name: String, version: Int) -> ONNXOperator? {
    byName[name]?.filter { $0.since <= version }.max { $0.since < $1.since }
  }
}
