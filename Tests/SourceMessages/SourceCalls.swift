import Foundation

/// A call in a Swift source file, as far as a test needs it that looks for messages nobody tests.
public struct SourceCall: Sendable {
  /// The function's name without what it is called on; `return` for a returned literal.
  public let name: String
  /// The word before the name's dot.
  public let receiver: String?
  public let line: Int
  /// Whether errors are dropped (`try?`).
  public let dropsErrors: Bool
  public let arguments: [Argument]

  public struct Argument: Sendable {
    /// As it is written.
    public let text: String
    /// The string literals in it, those joined by `+` as one; none of calls inside it.
    public let literals: [MessagePattern]
  }

  /// All calls in the file at `path`, inner ones before those around them.
  public static func all(in path: String) throws -> [SourceCall] {
    var scanner = SourceScanner(try String(contentsOfFile: path, encoding: .utf8))
    return scanner.calls()
  }
}

/// Splits source text into calls: knows comments, string literals and brackets, nothing else of Swift.
private struct SourceScanner {
  private struct Frame {
    var name: String?
    var receiver: String?
    var line: Int
    var dropsErrors = false
    var start: Int
    var literals: [MessagePattern] = []
    var arguments: [SourceCall.Argument] = []
  }

  private let text: [Character]
  private var position = 0
  private var line = 1
  private var found: [SourceCall] = []
  private var frames: [Frame]
  /// The last word, and whether something other than white space followed it.
  private var word = ""
  private var wordIsOver = false
  private var previous: Character = " "
  /// Whether the statement so far says `try?`.
  private var dropsErrors = false

  init(_ text: String) {
    self.text = Array(text)
    frames = [Frame(name: nil, line: 1, start: 0)]
  }

  mutating func calls() -> [SourceCall] {
    while position < text.count { step() }
    return found
  }

  private func next(_ offset: Int = 1) -> Character {
    position + offset < text.count ? text[position + offset] : " "
  }

  private mutating func step() {
    let character = text[position]
    switch character {
    case "/" where next() == "/":
      while position < text.count, text[position] != "\n" { position += 1 }
      return
    case "\"":
      readLiteral()
      return
    case "(", "[", "{": open(character)
    case ")", "]", "}": close()
    case ",": endArgument()
    case "\n":
      line += 1
      if frames.last?.name == nil { dropsErrors = false }
    case "?" where word == "try" && !wordIsOver: dropsErrors = true
    default: break
    }
    readWord(character)
    position += 1
  }

  private mutating func readWord(_ character: Character) {
    if character.isLetter || character.isNumber || character == "_" {
      if wordIsOver { word = "" }
      wordIsOver = false
      word.append(character)
    } else {
      wordIsOver = true
    }
    if !character.isWhitespace { previous = character }
  }

  private mutating func open(_ character: Character) {
    let isCall = character == "(" && !wordIsOver && !word.isEmpty
    frames.append(
      Frame(
        name: isCall ? word : nil, receiver: isCall ? receiver : nil, line: line,
        dropsErrors: dropsErrors, start: position + 1))
    if isCall { dropsErrors = false }
  }

  /// What the word that ends here is a member of.
  private var receiver: String? {
    let end = position - word.count - 1
    guard end > 0, text[end] == "." else { return nil }
    var start = end
    while start > 0, text[start - 1].isLetter || text[start - 1].isNumber { start -= 1 }
    return String(text[start..<end])
  }

  private mutating func close() {
    endArgument()
    guard frames.count > 1, let frame = frames.popLast(), let name = frame.name else { return }
    found.append(
      SourceCall(
        name: name, receiver: frame.receiver, line: frame.line, dropsErrors: frame.dropsErrors,
        arguments: frame.arguments))
  }

  private mutating func endArgument() {
    var frame = frames.removeLast()
    let written = String(text[frame.start..<position]).trimmingCharacters(
      in: .whitespacesAndNewlines)
    if !written.isEmpty {
      frame.arguments.append(SourceCall.Argument(text: written, literals: frame.literals))
    }
    frame.literals = []
    frame.start = position + 1
    frames.append(frame)
  }

  private mutating func readLiteral() {
    let isReturned = word == "return" && previous == "n"
    let continues = previous == "+"
    let literal = parseLiteral()
    var frame = frames.removeLast()
    if continues, let last = frame.literals.popLast() {
      frame.literals.append(last.joined(to: literal))
    } else {
      frame.literals.append(literal)
    }
    frames.append(frame)
    if isReturned {
      found.append(
        SourceCall(
          name: "return", receiver: nil, line: line, dropsErrors: false,
          arguments: [SourceCall.Argument(text: "", literals: [literal])]))
    }
    previous = "\""
    wordIsOver = true
  }

  /// Reads a literal from its first quotation mark to behind its last.
  private mutating func parseLiteral() -> MessagePattern {
    var pieces = [""]
    position += 1
    while position < text.count, text[position] != "\"" {
      if text[position] == "\\" {
        position += 1
        if text[position] == "(" {
          skipInterpolation()
          pieces.append("")
          continue
        }
        pieces[pieces.count - 1].append(text[position] == "n" ? "\n" : text[position])
      } else {
        pieces[pieces.count - 1].append(text[position])
      }
      position += 1
    }
    position += 1
    return MessagePattern(pieces: pieces)
  }

  /// From the opening bracket of an interpolation to behind the closing one.
  private mutating func skipInterpolation() {
    var depth = 0
    repeat {
      switch text[position] {
      case "(": depth += 1
      case ")": depth -= 1
      case "\"":
        _ = parseLiteral()
        continue
      default: break
      }
      position += 1
    } while depth > 0 && position < text.count
  }
}
