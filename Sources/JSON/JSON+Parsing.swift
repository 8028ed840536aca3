import Inputs
import CJSON

extension JSON {
  /// What a text may cost: reading takes up to about 15 bytes per byte of text and 60 bytes per
  /// value while it goes on.
  public struct Limits: Sendable, Equatable {
    public var bytes: Int
    /// How deep arrays and objects may nest; an empty one does not count.
    public var depth: Int
    /// How many values there may be, keys included.
    public var values: Int

    public init(bytes: Int, depth: Int = 64, values: Int = 1 << 23) {
      self.bytes = bytes
      self.depth = depth
      self.values = values
    }
  }

  /// What counts as JSON.
  public enum Dialect: Sendable {
    /// RFC 8259.
    case standard
    /// What Python's `json` writes and reads: `NaN`, `Infinity` and `-Infinity` are values as well. They
    /// are read as strings of that name, so that a reader that asks for a number refuses them.
    case python
  }

  /// Reads one JSON value in UTF-8 without byte order mark, no equal keys within an object, no number
  /// beyond `Double`, nothing but white space around it.
  public static func parse(
    _ text: [UInt8], limits: Limits, dialect: Dialect = .standard
  ) throws(JSONError) -> JSON {
    guard text.count <= limits.bytes else {
      throw .tooLarge(bytes: text.count, limit: limits.bytes)
    }
    if let value = try parseNarrow(text, limits) { return value }
    // Python writes integers of any length, such as the `model_max_length` of tokenizers, and all
    // readers but simdjson take them.
    let wide: [UInt8]
    do throws(SyntaxFault) { wide = try SyntaxFault.rewritten(text, from: dialect) } catch {
      throw .malformed(error)
    }
    if let value = try parseNarrow(wide, limits) { return value }
    throw .malformed(SyntaxFault(offset: text.count, problem: "the text is not acceptable"))
  }

  /// Nil for a text that is malformed or holds what only the slow reader knows.
  private static func parseNarrow(
    _ text: [UInt8], _ limits: Limits
  ) throws(JSONError) -> JSON? {
    var document: OpaquePointer?
    let status = text.withUnsafeBytes { buffer in
      cjson_parse(
        buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, limits.depth,
        limits.values, &document)
    }
    defer { cjson_free(document) }
    switch status {
    case CJSON_OK: break
    case CJSON_TOO_DEEP: throw .tooDeep(limit: limits.depth)
    case CJSON_TOO_MANY_VALUES: throw .tooManyValues(limit: limits.values)
    case CJSON_OUT_OF_MEMORY: throw .outOfMemory
    default: return nil
    }
    var reader = ValueReader(
      values: UnsafeBufferPointer(start: cjson_values(document), count: cjson_value_count(document))
    )
    return try reader.next()
  }

  /// Reads a JSON text.
  public static func parse(_ text: String, limits: Limits) throws(JSONError) -> JSON {
    try parse(Array(text.utf8), limits: limits)
  }

  /// Reads a JSON file. The error does not name the file.
  public static func parse(path: String, limits: Limits) throws(JSONError) -> JSON {
    let file: InputFile
    do throws(InputFileError) {
      file = try InputFile(path: path)
    } catch {
      throw .unreadable(error)
    }
    return try parse(file, limits: limits)
  }

  /// Reads an open JSON file. The error does not name the file.
  public static func parse(
    _ file: borrowing InputFile, limits: Limits, dialect: Dialect = .standard
  ) throws(JSONError) -> JSON {
    guard file.byteCount <= limits.bytes else {
      throw .tooLarge(bytes: file.byteCount, limit: limits.bytes)
    }
    let text: [UInt8]
    do throws(InputFileError) { text = try file.readAll() } catch { throw .unreadable(error) }
    return try parse(text, limits: limits, dialect: dialect)
  }
}

/// Builds values from the flat list of the shim. Recursion is bounded by the depth limit.
private struct ValueReader {
  let values: UnsafeBufferPointer<cjson_value>
  var position = 0

  mutating func next() throws(JSONError) -> JSON {
    let value = take()
    switch cjson_kind(value.kind) {
    case CJSON_FALSE: return .bool(false)
    case CJSON_TRUE: return .bool(true)
    case CJSON_INTEGER: return .integer(value.payload.integer)
    case CJSON_UNSIGNED: return .unsigned(value.payload.natural)
    case CJSON_NUMBER: return .number(value.payload.number)
    case CJSON_STRING: return .string(string(value))
    case CJSON_ARRAY: return .array(try elements(count: Int(value.count)))
    case CJSON_OBJECT: return .object(try members(count: Int(value.count)))
    default: return .null
    }
  }

  private mutating func take() -> cjson_value {
    defer { position += 1 }
    return values[position]
  }

  private func string(_ value: cjson_value) -> String {
    let bytes = UnsafeRawBufferPointer(start: value.payload.bytes, count: Int(value.count))
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func elements(count: Int) throws(JSONError) -> [JSON] {
    var elements: [JSON] = []
    elements.reserveCapacity(count)
    for index in 0..<count {
      do {
        elements.append(try next())
      } catch {
        throw error.within("[\(index)]")
      }
    }
    return elements
  }

  private mutating func members(count: Int) throws(JSONError) -> [JSON.Member] {
    var members: [JSON.Member] = []
    members.reserveCapacity(count)
    for _ in 0..<count {
      let keyValue = take()
      let key = string(keyValue)
      guard cjson_kind(keyValue.kind) != CJSON_DUPLICATE_KEY else {
        throw .duplicateKey(key, path: "")
      }
      do {
        members.append(JSON.Member(key, try next()))
      } catch {
        throw error.within(key)
      }
    }
    return members
  }
}

extension JSONError {
  /// The same error as seen from the value that contains its path under `step`, a key or `[index]`.
  fileprivate func within(_ step: String) -> JSONError {
    guard case .duplicateKey(let key, let path) = self else { return self }
    return .duplicateKey(key, path: JSONField.join(step, path))
  }
}
