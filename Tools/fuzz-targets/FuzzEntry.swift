/// One reader of untrusted bytes, called as the library calls it.
public struct FuzzEntry: Sendable {
  /// Reads one input; throws what the reader throws.
  public typealias Read = ([UInt8]) throws -> Void

  public let name: String
  let prepare: @Sendable (ScratchFolder) throws -> Read

  init(
    _ name: String,
    _ prepare: @escaping @Sendable (ScratchFolder) throws -> Read
  ) {
    self.name = name
    self.prepare = prepare
  }

  public static func named(_ name: String) -> FuzzEntry? { all.first { $0.name == name } }
}

/// Calls one entry again and again.
public struct FuzzSession {
  public let entry: FuzzEntry
  private let read: FuzzEntry.Read

  public enum Outcome: Equatable {
    case taken
    /// The reader's line.
    case refused(String)
    /// Another format's input.
    case foreign
  }

  public init(_ entry: FuzzEntry) throws {
    self.entry = entry
    read = try entry.prepare(try ScratchFolder())
  }

  /// Whatever the bytes are, this returns. What a user would be told must be one line of plain text.
  public func run(_ bytes: [UInt8]) -> Outcome {
    do {
      try read(bytes)
      return .taken
    } catch is ForeignInput {
      return .foreign
    } catch {
      let line = "\(error)"
      require(
        !line.isEmpty
          && line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
        "an error is one line of plain text: \(line.debugDescription)")
      return .refused(line)
    }
  }
}

/// Thrown by entries for what another entry reads.
struct ForeignInput: Error {}
