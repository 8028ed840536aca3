import Glibc

/// A cap that users may change: an environment variable with a number.
package struct LimitVariable: Sendable, Equatable {
  package let name: String
  /// What is counted: bytes, pixels.
  package let unit: String

  package init(_ name: String, unit: String) {
    self.name = name
    self.unit = unit
  }

  /// The variable has a value that is no number of its unit.
  package struct InvalidValue: Error, Equatable, CustomStringConvertible {
    let variable: LimitVariable
    let text: String

    package var description: String {
      "\(variable.name) is \"\(text.printable)\", which is no number of \(variable.unit)"
    }
  }

  /// The number, or nil where the variable is not set.
  package func value() throws(InvalidValue) -> Int? {
    guard let text = getenv(name).map({ String(cString: $0) }) else { return nil }
    guard let number = Int(text), number >= 0 else {
      throw InvalidValue(variable: self, text: text)
    }
    return number
  }
}
