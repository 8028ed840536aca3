/// A string as a dictionary key that equals another only when their UTF-8 bytes are equal.
///
/// Names from files need it: `String` takes canonically equivalent spellings for the same key.
package struct UTF8Key: Hashable, Sendable {
  package let string: String

  package init(_ string: String) {
    self.string = string
  }

  package static func == (a: UTF8Key, b: UTF8Key) -> Bool {
    a.string.hasSameBytes(as: b.string)
  }

  package func hash(into hasher: inout Hasher) {
    var string = string
    string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension String {
  /// Equality of the UTF-8 bytes, where `==` would also accept canonically equivalent text.
  package func hasSameBytes(as other: String) -> Bool {
    utf8.elementsEqual(other.utf8)
  }
}
