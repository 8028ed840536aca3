/// Finds messages that a table of tests does not expect.
public struct UntestedMessages {
  /// A message that a source file can fail with.
  public struct Place: Sendable {
    public let file: String
    public let line: Int
    public let pattern: MessagePattern

    public init(file: String, line: Int, pattern: MessagePattern) {
      self.file = file
      self.line = line
      self.pattern = pattern
    }
  }

  /// Where the literals in the last argument of some functions' calls are.
  public static func places(in path: String, of functions: Set<String>) throws -> [Place] {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    return try SourceCall.all(in: path).filter { functions.contains($0.name) && !$0.dropsErrors }
      .flatMap { call in
        (call.arguments.last?.literals ?? []).map {
          Place(file: file, line: call.line, pattern: $0)
        }
      }
  }

  /// The first place of each message, for tables that need each only once.
  public static func once(_ places: [Place]) -> [Place] {
    var seen: Set<MessagePattern> = []
    return places.filter { seen.insert($0.pattern).inserted }
  }

  /// One line for each message that is expected less often than it stands in the sources.
  public static func lines(_ places: [Place], expected: [String]) -> [String] {
    Dictionary(grouping: places, by: \.pattern).compactMap { pattern, places in
      let count = expected.count { pattern.matches($0) }
      guard count < places.count, let first = places.first else { return nil }
      let lines = places.map { "\($0.line)" }.joined(separator: ", ")
      return "\(first.file):\(lines): \"\(pattern)\" is expected by \(count) rows"
    }.sorted()
  }
}
