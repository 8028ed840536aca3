import Compiler
import Foundation
import IR

/// A problem in the form of MiniMalloc's: `NAME.CAPACITY.csv` with the columns id, lower, upper and
/// size; a buffer is alive from lower up to, but not at, upper.
struct ChallengeProblem {
  let name: String
  let capacity: Int
  let buffers: [ArenaBuffer]

  private static let header = "id,lower,upper,size"
  /// No number in a file is larger, so that no sum of them overflows.
  private static let largest = 1 << 40
  private static let mostBuffers = 1 << 20

  /// The problems of a folder by name.
  static func all(in directory: String) throws -> [ChallengeProblem] {
    guard let files = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
      throw ProblemError("\(directory): no folder that can be read")
    }
    let names = files.filter { $0.hasSuffix(".csv") }.sorted()
    guard !names.isEmpty else { throw ProblemError("\(directory): no .csv files in it") }
    return try names.map { try ChallengeProblem(path: "\(directory)/\($0)", name: $0) }
  }

  private init(path: String, name: String) throws {
    let parts = name.split(separator: ".")
    guard parts.count >= 3, let capacity = Self.number(parts[parts.count - 2]) else {
      throw ProblemError("\(path): the name says no capacity; it is NAME.CAPACITY.csv")
    }
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(bytes: data, encoding: .utf8)
    else { throw ProblemError("\(path): no text that can be read") }
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    guard lines.first.map(String.init) == Self.header else {
      throw ProblemError("\(path): the first line is not '\(Self.header)'")
    }
    guard lines.count <= Self.mostBuffers else { throw ProblemError("\(path): too many lines") }
    self.name = name
    self.capacity = capacity
    buffers = try lines.enumerated().dropFirst().filter { !$1.isEmpty }.map { index, line in
      guard let buffer = Self.buffer(line, index: index) else {
        throw ProblemError(
          "\(path), line \(index + 1): expected an id and three numbers, lower < upper and size")
      }
      return buffer
    }
  }

  private static func buffer(_ line: Substring, index: Int) -> ArenaBuffer? {
    let cells = line.split(separator: ",", omittingEmptySubsequences: false)
    guard cells.count == 4, let lower = number(cells[1]), let upper = number(cells[2]),
      let size = number(cells[3]), lower < upper
    else { return nil }
    return ArenaBuffer(root: ValueID(index), bytes: size, lifetime: lower...upper - 1)
  }

  private static func number(_ text: Substring) -> Int? {
    guard let value = Int(text), (0...largest).contains(value) else { return nil }
    return value
  }

  /// Where the highest buffer ends.
  func bytes(of offsets: [Int]) -> Int {
    zip(offsets, buffers).reduce(0) { max($0, $1.0 + $1.1.bytes) }
  }

  /// What is wrong with a solution, found by looking at every pair; nil when nothing is.
  func fault(in offsets: [Int]) -> String? {
    guard offsets.count == buffers.count else { return "\(offsets.count) offsets" }
    for (a, first) in buffers.enumerated() {
      if offsets[a] < 0 { return "buffer \(a) lies at \(offsets[a])" }
      for (b, second) in buffers.enumerated().prefix(a)
      where first.lifetime.overlaps(second.lifetime)
        && offsets[a] < offsets[b] + second.bytes && offsets[b] < offsets[a] + first.bytes
      { return "buffers \(b) and \(a) overlap" }
    }
    return nil
  }
}

/// What is wrong with the input, in one line.
struct ProblemError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
