import IR
import Inputs
import Tensors

extension ONNXExport {
  /// Bytes that are read, converted and written at once.
  private static let pieceBytes = 8 << 20
  /// Where tensors begin in a file of their own: pages, so that they can be mapped.
  private static let alignment = 4096

  /// The file beside a model that holds its weights when they are too large for one.
  public static func dataPath(of path: String) -> String { "\(path).data" }

  /// Writes the model, with its weights in `dataPath(of:)` when all would be more than 2 GB. The files
  /// have their names when all is on disk.
  ///
  /// Throws `ONNXError`, `OutputFileError` or what the source throws.
  ///
  /// - Parameter progress: told the bytes of weights written so far and in total; may throw to give up.
  public func write(
    to path: String, progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws {
    let inside = model.encoding(.inside)
    let graphBytes = inside.graphByteCount(withValues: true)
    let start = inside.start(graphByteCount: graphBytes)
    if start.count + graphBytes <= options.fileLimit {
      try write(inside, start, to: path, progress)
    } else {
      try writeApart(to: path, progress)
    }
  }

  /// Whether `write` makes a second file.
  public var needsDataFile: Bool {
    let encoding = model.encoding(.inside)
    let graphBytes = encoding.graphByteCount(withValues: true)
    return encoding.start(graphByteCount: graphBytes).count + graphBytes > options.fileLimit
  }

  private func write(
    _ encoding: ExportedModel.Encoding, _ start: [UInt8], to path: String,
    _ progress: (Int, Int) throws -> Void
  ) throws {
    var file = try AtomicFile(path: path)
    try file.write(start)
    try file.write(encoding.graph)
    var done = 0
    for (initializer, bytes) in encoding.headers {
      try file.write(bytes)
      try append(initializer, to: &file, &done, progress)
    }
    try file.commit()
  }

  private func writeApart(to path: String, _ progress: (Int, Int) throws -> Void) throws {
    let dataPath = Self.dataPath(of: path)
    let place = dataPath.utf8.lastIndex(of: UInt8(ascii: "/"))
    let name = place.map { String(dataPath[dataPath.utf8.index(after: $0)...]) } ?? dataPath
    var data = try AtomicFile(path: dataPath)
    var file = try AtomicFile(path: path)
    var (offsets, done): ([Int], Int) = ([], 0)
    for (initializer, _) in model.encoding(.nowhere).headers {
      let padding = (Self.alignment - data.byteCount % Self.alignment) % Self.alignment
      try data.write([UInt8](repeating: 0, count: padding))
      offsets.append(data.byteCount)
      try append(initializer, to: &data, &done, progress)
    }
    let encoding = model.encoding(.outside(file: name, offsets: offsets))
    let graphBytes = encoding.graphByteCount(withValues: false)
    try file.write(encoding.start(graphByteCount: graphBytes))
    try file.write(encoding.graph)
    for (_, bytes) in encoding.headers { try file.write(bytes) }
    try data.commit()
    try file.commit()
  }

  /// The values of a tensor of the module, in pieces.
  private func append(
    _ initializer: ExportedModel.Initializer, to file: inout AtomicFile, _ done: inout Int,
    _ progress: (Int, Int) throws -> Void
  ) throws {
    guard case .tensor(let tensor) = initializer.content else { return }
    let total = weightBytes
    let count = initializer.shape.reduce(1, *)
    let data = tensor.initializer == nil ? try value(of: tensor, initializer.shape) : nil
    let step = Self.pieceBytes / 8
    for start in stride(from: 0, to: count, by: step) {
      let range = start..<min(start + step, count)
      if let data {
        let piece = data.reshaped([count]).rows(range)
        try converted(piece, to: initializer.element, tensor).withUnsafeBytes {
          try file.write($0)
        }
        // What has been written is not needed in memory any more.
        if let (mapped, bytes) = piece.mapping { mapped.advise(.dontNeed, in: bytes) }
      } else if let made = tensor.initializer {
        try file.write(
          initializer.element.bytes(of: made.values(tensor.type.element, in: range, of: count)))
      }
      done += range.count * initializer.element.byteCount
      try progress(done, total)
    }
  }

  private func value(of tensor: ModuleTensor, _ shape: [Int]) throws -> TensorData {
    guard let data = try source(tensor) else {
      throw ONNXError(
        "%\(tensor.name.printable) has no value; give it one with {value = …} or export a checkpoint"
      )
    }
    guard data.shape == shape else {
      throw ONNXError("%\(tensor.name.printable) has shape \(data.shape), expected \(shape)")
    }
    return data
  }

  private func converted(
    _ data: TensorData, to element: ElementType, _ tensor: ModuleTensor
  ) throws -> TensorData {
    if data.elementType == element { return data }
    guard data.elementType.isFloatingPoint, element.isFloatingPoint else {
      throw ONNXError(
        "%\(tensor.name.printable) has elements of \(data.elementType), expected \(element)")
    }
    // Through the type that the module has, which may round.
    let stored = tensor.type.element
    return (stored.isFloatingPoint ? data.converted(to: stored) : data).converted(to: element)
  }
}
