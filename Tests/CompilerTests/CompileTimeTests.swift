import Glibc
import IR
import Testing

@testable import Compiler

/// That the time of a compile grows with the number of operations, however many of them read one value.
@Suite struct CompileTimeTests {
  /// A graph of about `count` operations that is hard for one part of the compiler.
  struct Shape: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: @Sendable (_ count: Int) -> String

    init(_ sentence: String, _ text: @escaping @Sendable (_ count: Int) -> String) {
      testDescription = sentence
      self.text = text
    }

    /// Processor seconds that this thread takes to compile, the least of some runs.
    func seconds(_ count: Int, runs: Int) throws -> Double {
      let module = try Module.parse(text(count))
      return try (0..<runs).map { _ in
        let start = Self.threadSeconds
        _ = try Compilation(module, manager: PassManager(passes: PassManager.pipeline))
        return Self.threadSeconds - start
      }.min() ?? 0
    }

    private static var threadSeconds: Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
  }

  /// `%s1 = op(%v, %x)`, then each next one of `%v` and the one before.
  private static func chain(_ count: Int, op: String) -> [String] {
    ["%s0 = \(op)(%v, %x) : f32[4]"]
      + (1..<count).map { "%s\($0) = \(op)(%v, %s\($0 - 1)) : f32[4]" }
  }

  /// `@main` of `%v` and `%x`, both of four elements, and `%y`, from which slices of four are taken.
  private static func module(_ count: Int, _ lines: [String], returns: String) -> String {
    """
    module @many {
      func @main(%v: f32[4], %x: f32[4], %y: f32[\(count + 4)]) -> (f32[4]) {
        \(lines.joined(separator: "\n    "))
        return %\(returns)
      }
    }
    """
  }

  private static func slices(_ count: Int, from value: String = "y") -> [String] {
    (0..<count).map {
      "%t\($0) = slice(%\(value)) {axis = 0, start = \($0), end = \($0 + 4)} : f32[4]"
    }
  }

  private static func sum(_ count: Int, of name: String) -> [String] {
    ["%s1 = add(%\(name)0, %\(name)1) : f32[4]"]
      + (2..<count).map { "%s\($0) = add(%s\($0 - 1), %\(name)\($0)) : f32[4]" }
  }

  static let shapes = [
    // Following a chain of storages is quick, so it takes a long one to show.
    Shape("each result takes over the storage of the one before") { count in
      module(8 * count, chain(8 * count, op: "maximum"), returns: "s\(8 * count - 1)")
    },
    Shape("one value has many slices") { count in
      module(
        count, slices(count) + sum(count, of: "t"), returns: "s\(count - 1)")
    },
    Shape("one sum has many readers that could be part of an activation") { count in
      let products = (0..<count).flatMap {
        ["%m\($0) = mul(%p, %t\($0)) : f32[4]", "%e\($0) = tanh(%m\($0)) : f32[4]"]
      }
      return module(
        count,
        ["%p = add(%v, %x) : f32[4]"] + slices(count) + products + sum(count, of: "e"),
        returns: "s\(count - 1)")
    },
    Shape("one operation is written many times") { count in
      let copies = (0..<count).map { "%e\($0) = add(%v, %x) : f32[4]" }
      return module(count, copies + sum(count, of: "e"), returns: "s\(count - 1)")
    },
  ]

  @Test(arguments: shapes)
  func `eight times the operations take far less than 64 times as long`(shape: Shape) throws {
    let (few, many) = (try shape.seconds(250, runs: 3), try shape.seconds(2000, runs: 1))
    #expect(many < 14 * few, "\(few) s and \(many) s")
  }
}
