/// The values of one tensor: element type, shape and row-major little-endian bytes, which are
/// owned or a range of a mapped file. Immutable; copies share the bytes.
///
/// Owned bytes start at a multiple of 64. Bytes of a mapped file stand where the file has them, so
/// they may have any alignment.
public struct TensorData: Sendable {
  public let elementType: ElementType
  public let shape: [Int]
  private let storage: Storage

  private enum Storage: Sendable {
    case owned(AlignedBytes, Range<Int>)
    case mapped(MappedFile, Range<Int>)
  }

  /// Most elements' bytes a tensor may have (2^48) and the largest extent (2^40).
  public static let byteLimit = 1 << 48
  public static let extentLimit = 1 << 40
  public static let rankLimit = 8

  /// Bytes that a tensor takes. Throws for a shape that no tensor can have; this is the check that
  /// shapes from files go through before anything is allocated.
  public static func byteCount(
    _ elementType: ElementType, _ shape: [Int]
  ) throws(TensorShapeError) -> Int {
    guard shape.count <= rankLimit else { throw .rank(shape.count) }
    for extent in shape where !(0...extentLimit).contains(extent) { throw .extent(extent) }
    var count = elementType.byteCount
    for extent in shape where extent > 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= byteLimit else { throw .tooLarge(shape) }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }

  /// A copy of row-major bytes.
  public init(
    _ elementType: ElementType, shape: [Int], copying bytes: UnsafeRawBufferPointer
  ) throws(TensorShapeError) {
    let expected = try Self.byteCount(elementType, shape)
    guard bytes.count == expected else {
      throw .byteCount(bytes.count, expected: expected, elementType, shape)
    }
    self.elementType = elementType
    self.shape = shape
    storage = .owned(AlignedBytes(copying: bytes), 0..<expected)
  }

  /// A copy of row-major bytes.
  public init(
    _ elementType: ElementType, shape: [Int], bytes: [UInt8]
  ) throws(TensorShapeError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(TensorShapeError) in
        try Self(elementType, shape: shape, copying: buffer)
      }
    }
    self = try result.get()
  }

  /// The values in row-major order; one axis of all of them when no shape is given.
  ///
  /// - Precondition: the shape has as many elements as there are values.
  public init<Element: TensorElement>(_ values: [Element], shape: [Int]? = nil) {
    let shape = shape ?? [values.count]
    precondition(shape.reduce(1, *) == values.count, "\(values.count) values in shape \(shape)")
    elementType = Element.elementType
    self.shape = shape
    let bytes = values.withUnsafeBytes { AlignedBytes(copying: $0) }
    storage = .owned(bytes, 0..<bytes.bytes.count)
  }

  /// Truth values in row-major order, one byte each.
  ///
  /// - Precondition: the shape has as many elements as there are values.
  public init(truths: [Bool], shape: [Int]) {
    precondition(shape.reduce(1, *) == truths.count, "\(truths.count) values in shape \(shape)")
    elementType = .bool
    self.shape = shape
    let bytes = truths.map { $0 ? UInt8(1) : 0 }.withUnsafeBytes { AlignedBytes(copying: $0) }
    storage = .owned(bytes, 0..<truths.count)
  }

  /// A range of a mapped file.
  public init(
    _ elementType: ElementType, shape: [Int], file: MappedFile, range: Range<Int>
  ) throws(TensorShapeError) {
    let expected = try Self.byteCount(elementType, shape)
    guard range.count == expected, range.lowerBound >= 0, range.upperBound <= file.byteCount else {
      throw .byteCount(range.count, expected: expected, elementType, shape)
    }
    self.elementType = elementType
    self.shape = shape
    storage = .mapped(file, range)
  }

  /// New owned bytes, which `fill` initializes completely.
  ///
  /// - Precondition: the shape passes `byteCount(_:_:)`'s check.
  package init(
    _ elementType: ElementType, shape: [Int], fill: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    self.elementType = elementType
    self.shape = shape
    let count = shape.reduce(elementType.byteCount, *)
    storage = .owned(AlignedBytes(count: count, fill: fill), 0..<count)
  }

  private init(_ elementType: ElementType, shape: [Int], storage: Storage) {
    self.elementType = elementType
    self.shape = shape
    self.storage = storage
  }

  public var elementCount: Int { shape.reduce(1, *) }

  public var byteCount: Int { elementCount * elementType.byteCount }

  /// Lends the row-major bytes.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch storage {
    case .owned(let memory, let range):
      try withExtendedLifetime(memory) { () throws(Failure) -> Result in
        try body(UnsafeRawBufferPointer(rebasing: memory.bytes[range]))
      }
    case .mapped(let file, let range):
      try file.withUnsafeBytes(in: range, body)
    }
  }

  /// The mapped file and the range in it, when the bytes are not owned.
  public var mapping: (file: MappedFile, range: Range<Int>)? {
    guard case .mapped(let file, let range) = storage else { return nil }
    return (file, range)
  }

  /// A range of the outermost axis, sharing the bytes.
  ///
  /// - Precondition: there is an axis and the range lies within it.
  public func rows(_ range: Range<Int>) -> TensorData {
    precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0])
    let rowBytes = shape.dropFirst().reduce(elementType.byteCount, *)
    func inner(_ outer: Range<Int>) -> Range<Int> {
      let start = outer.lowerBound + range.lowerBound * rowBytes
      return start..<start + range.count * rowBytes
    }
    let storage: Storage =
      switch storage {
      case .owned(let memory, let outer): .owned(memory, inner(outer))
      case .mapped(let file, let outer): .mapped(file, inner(outer))
      }
    return TensorData(elementType, shape: [range.count] + shape.dropFirst(), storage: storage)
  }

  /// The same bytes as elements of another type of their size.
  package func relabelled(_ type: ElementType) -> TensorData {
    precondition(type.byteCount == elementType.byteCount, "\(elementType) read as \(type)")
    return TensorData(type, shape: shape, storage: storage)
  }

  /// The same values under another shape of as many elements.
  public func reshaped(_ shape: [Int]) -> TensorData {
    precondition(shape.reduce(1, *) == elementCount, "\(self.shape) reshaped to \(shape)")
    return TensorData(elementType, shape: shape, storage: storage)
  }
}

/// A shape no tensor can have, or bytes that are not those of the shape.
public enum TensorShapeError: Error, Equatable, Sendable {
  case rank(Int)
  case extent(Int)
  case tooLarge([Int])
  case byteCount(Int, expected: Int, ElementType, [Int])
}

extension TensorShapeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .rank(let rank):
      "a tensor of \(rank) axes; at most \(TensorData.rankLimit) are supported"
    case .extent(let extent):
      "an extent of \(extent); it must be 0 to \(TensorData.extentLimit)"
    case .tooLarge(let shape):
      "shape \(shape) has too many elements"
    case .byteCount(let count, let expected, let type, let shape):
      "\(count) bytes for \(type.rawValue)\(shape), which takes \(expected)"
    }
  }
}
