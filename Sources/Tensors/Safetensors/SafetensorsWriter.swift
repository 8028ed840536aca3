/// Writes a safetensors file tensor by tensor, in the order of its layout, through an `AtomicFile`:
/// needs memory for one piece at a time and leaves nothing behind unless `finish` succeeds.
///
///     var writer = try SafetensorsWriter(path: path, layout: layout)
///     try writer.append(bytes, to: "a")   // as often as it takes
///     try writer.finish()
public struct SafetensorsWriter: ~Copyable {
  public let layout: SafetensorsLayout
  private var file: AtomicFile
  /// The entry written last, or the one after it.
  private var current = 0
  private let observe: ((UnsafeRawBufferPointer) -> Void)?

  /// - Parameter observe: called with all bytes after the header, padding included, in order: for a
  ///   checksum.
  public init(
    path: String, layout: SafetensorsLayout,
    observe: ((UnsafeRawBufferPointer) -> Void)? = nil
  ) throws {
    var file = try AtomicFile(path: path)
    try file.write(Self.prefix(of: layout) + layout.header)
    self.layout = layout
    self.observe = observe
    self.file = file
  }

  /// Appends bytes to the tensor whose turn it is, which must be the named one. A tensor is
  /// complete when it has all its bytes; more are refused.
  public mutating func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws {
    guard !bytes.isEmpty else { return }
    try advance()
    guard current < layout.entries.count else { throw SafetensorsWriterError.notDeclared(name) }
    let entry = layout.entries[current]
    guard entry.name.utf8.elementsEqual(name.utf8) else {
      throw SafetensorsWriterError.outOfOrder(name, expected: entry.name)
    }
    guard bytes.count <= entry.range.upperBound - file.byteCount else {
      throw SafetensorsWriterError.tooManyBytes(name, limit: entry.range.count)
    }
    try put(bytes)
  }

  /// Appends bytes.
  public mutating func append(_ bytes: [UInt8], to name: String) throws {
    try bytes.withUnsafeBytes { try append($0, to: name) }
  }

  /// Appends a whole tensor, which must be of the declared type and shape.
  public mutating func append(_ tensor: TensorData, to name: String) throws {
    try advance()
    if current < layout.entries.count, layout.entries[current].name.utf8.elementsEqual(name.utf8) {
      let entry = layout.entries[current]
      guard tensor.elementType == entry.elementType, tensor.shape == entry.shape else {
        throw SafetensorsWriterError.otherTensor(name)
      }
    }
    try tensor.withUnsafeBytes { try append($0, to: name) }
  }

  /// Completes the file and puts it in place.
  ///
  /// - Parameter replacement: a layout that only differs in its metadata, for values that are known
  ///   at the end (a checksum of the tensors). Its header must be as long as the first one's;
  ///   metadata values of equal length make sure of it.
  public consuming func finish(replacing replacement: SafetensorsLayout? = nil) throws {
    try advance()
    guard current == layout.entries.count else {
      throw SafetensorsWriterError.incomplete(layout.entries[current].name)
    }
    if let replacement {
      guard replacement.entries == layout.entries,
        replacement.header.count == layout.header.count
      else { throw SafetensorsWriterError.otherLayout }
      try file.overwrite(at: 8, replacement.header)
    }
    try file.commit()
  }

  private mutating func put(_ bytes: UnsafeRawBufferPointer) throws {
    observe?(bytes)
    try file.write(bytes)
  }

  /// Goes past the entries that are complete, empty ones included, and writes padding.
  private mutating func advance() throws {
    while current < layout.entries.count {
      let entry = layout.entries[current]
      if entry.isPadding {
        let zeros = [UInt8](repeating: 0, count: entry.range.count)
        try zeros.withUnsafeBytes { try put($0) }
      }
      guard file.byteCount == entry.range.upperBound else { return }
      current += 1
    }
  }

  /// The length of the header, 8 bytes little-endian.
  private static func prefix(of layout: SafetensorsLayout) -> [UInt8] {
    withUnsafeBytes(of: UInt64(layout.header.count).littleEndian) { Array($0) }
  }
}

/// Wrong use of a writer: none of these depends on a file's content.
public enum SafetensorsWriterError: Error, Equatable, Sendable {
  case notDeclared(String)
  case outOfOrder(String, expected: String)
  case tooManyBytes(String, limit: Int)
  /// Another type or shape than declared.
  case otherTensor(String)
  case incomplete(String)
  /// A replacement that differs in more than metadata, or in length.
  case otherLayout
}

extension SafetensorsWriterError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notDeclared(let name): "tensor \"\(name)\" comes after all that were declared"
    case .outOfOrder(let name, let expected): "tensor \"\(name)\" comes before \"\(expected)\""
    case .tooManyBytes(let name, let limit): "tensor \"\(name)\" has only \(limit) bytes"
    case .otherTensor(let name): "tensor \"\(name)\" was declared otherwise"
    case .incomplete(let name): "tensor \"\(name)\" has not been written completely"
    case .otherLayout: "the final metadata are not as long as the first"
    }
  }
}
