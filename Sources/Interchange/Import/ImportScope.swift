import Inputs

/// The values that nodes of one graph can name, and behind them those of the graphs around it.
final class ImportScope {
  enum Entry {
    case value(ImportedValue)
    /// An optional input of a function that its caller leaves out.
    case absent
    /// Could not be imported, which has been told.
    case failed
    /// Nothing yields it, for this reason.
    case unavailable(String)
  }

  /// What stands before the names of values, so that an inlined function's can be told apart.
  let prefix: String
  /// Versions of operator sets by domain.
  let versions: [UTF8Key: Int]
  /// Values of the attributes of the function that is inlined.
  let attributes: [UTF8Key: ONNXAttribute.Value]
  /// Functions that are being inlined.
  let depth: Int
  private let parent: ImportScope?
  private var entries: [UTF8Key: Entry] = [:]

  init(
    prefix: String = "", versions: [UTF8Key: Int], attributes: [UTF8Key: ONNXAttribute.Value] = [:],
    depth: Int = 0, parent: ImportScope? = nil
  ) {
    self.prefix = prefix
    self.versions = versions
    self.attributes = attributes
    self.depth = depth
    self.parent = parent
  }

  /// A scope for a graph within this one, which sees all of its values.
  func inner() -> ImportScope {
    ImportScope(
      prefix: prefix, versions: versions, attributes: attributes, depth: depth, parent: self)
  }

  subscript(name: String) -> Entry? {
    var scope: ImportScope? = self
    while let current = scope {
      if let entry = current.entries[UTF8Key(name)] { return entry }
      scope = current.parent
    }
    return nil
  }

  /// Throws when the name is taken: in ONNX no name may hide another.
  func define(_ name: String, _ entry: Entry) throws {
    guard self[name] == nil else {
      throw ONNXError("two values are named \"\(name.printable)\"; export the model again")
    }
    entries[UTF8Key(name)] = entry
  }
}
