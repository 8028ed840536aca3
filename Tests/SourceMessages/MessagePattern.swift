/// A string literal of a source file: text with a hole for each interpolation.
public struct MessagePattern: Hashable, Sendable, CustomStringConvertible {
  /// The text around the holes, one piece more than there are holes.
  public private(set) var pieces: [String]

  public init(_ pieces: String...) { self.pieces = pieces }

  init(pieces: [String]) { self.pieces = pieces }

  /// The literal that `+` makes of this one and the next.
  func joined(to next: MessagePattern) -> MessagePattern {
    let seam = (pieces.last ?? "") + (next.pieces.first ?? "")
    return MessagePattern(pieces: pieces.dropLast() + [seam] + next.pieces.dropFirst())
  }

  /// The message that begins with this and ends with `text`.
  public func followed(by text: String) -> MessagePattern {
    joined(to: MessagePattern(text))
  }

  /// The message that begins with this.
  public var followedByAnything: MessagePattern { MessagePattern(pieces: pieces + [""]) }

  /// Whether the holes can be filled so that `message` results.
  public func matches(_ message: String) -> Bool {
    guard pieces.count > 1, let first = pieces.first, let last = pieces.last else {
      return message == pieces.first
    }
    guard message.hasPrefix(first) else { return false }
    var rest = message.dropFirst(first.count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let place = rest.firstRange(of: piece) else { return false }
      rest = rest[place.upperBound...]
    }
    return rest.hasSuffix(last)
  }

  public var description: String { pieces.joined(separator: "…") }
}
