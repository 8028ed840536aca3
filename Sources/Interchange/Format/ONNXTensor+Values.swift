import Inputs
import Tensors

/// The files that values of tensors stand in.
struct ONNXFiles: Sendable {
  let model: MappedFile
  let external: ExternalFiles
}

extension ONNXTensor {
  /// Bytes and element count of the shape; throws for a shape that no tensor can have.
  func elementCount() throws -> Int {
    guard let type else {
      throw problem("has elements of type \(typeNumber), which is not supported")
    }
    do { _ = try TensorData.byteCount(type.element, shape) } catch { throw problem("is \(error)") }
    return shape.reduce(1, *)
  }

  /// The values. Raw data of a type that tensors have stay in their file.
  func data(in files: ONNXFiles) throws -> TensorData {
    let data = try storedData(in: files)
    guard
      type != .uint64 || data.elements(as: UInt64.self)?.contains(where: { $0 >> 63 != 0 }) != true
    else { throw problem("has numbers beyond 2^63, which are not supported") }
    return data
  }

  private func storedData(in files: ONNXFiles) throws -> TensorData {
    let count = try elementCount()
    guard let type else { throw problem("has no type") }
    let byteCount = (count * type.bitCount + 7) / 8
    switch place {
    case .file(let range): return try data(files.model, range, type, byteCount)
    case .external(let entries):
      let place = try files.external.place(entries, byteCount: byteCount, of: name)
      return try data(place.file, place.range, type, byteCount)
    case .bytes(let bytes):
      guard bytes.count == byteCount else { throw wrongLength(bytes.count, byteCount) }
      return try data(raw: bytes, type)
    case .floats(let values):
      guard type == .float, values.count == count else { throw wrongValues(values.count) }
      return TensorData(values, shape: shape)
    case .doubles(let values):
      guard type == .double, values.count == count else { throw wrongValues(values.count) }
      return TensorData(values, shape: shape)
    case .integers(let values): return try data(integers: values, type, count)
    case .unclear:
      throw problem("has its values in several places, or in one that is not supported")
    }
  }

  private func data(
    _ file: MappedFile, _ range: Range<Int>, _ type: ONNXDataType, _ byteCount: Int
  ) throws -> TensorData {
    guard range.count == byteCount else { throw wrongLength(range.count, byteCount) }
    if !type.isPacked {
      return try TensorData(type.element, shape: shape, file: file, range: range)
    }
    return try data(raw: file.withUnsafeBytes(in: range) { Array($0) }, type)
  }

  /// From little-endian bytes of the right number.
  private func data(raw bytes: [UInt8], _ type: ONNXDataType) throws -> TensorData {
    type.isPacked
      ? try nibbles(bytes, type) : try TensorData(type.element, shape: shape, bytes: bytes)
  }

  /// Two numbers in each byte, the first one in the low half.
  private func nibbles(_ bytes: [UInt8], _ type: ONNXDataType) throws -> TensorData {
    let values = (0..<shape.reduce(1, *)).map { index -> UInt8 in
      let nibble = index % 2 == 0 ? bytes[index / 2] & 15 : bytes[index / 2] >> 4
      return type == .int4 && nibble > 7 ? nibble | 0xF0 : nibble
    }
    return try TensorData(type.element, shape: shape, bytes: values)
  }

  /// From `int32_data`, `int64_data` or `uint64_data`, where small types stand one in each number,
  /// half precision and smaller floats as their bits, and 4-bit numbers two in each.
  private func data(
    integers values: [Int64], _ type: ONNXDataType, _ count: Int
  ) throws -> TensorData {
    let expected = type.isPacked ? (count + 1) / 2 : count
    guard values.count == expected else { throw wrongValues(values.count) }
    switch type {
    case _ where type.isPacked:
      return try nibbles(values.map { UInt8(truncatingIfNeeded: $0) }, type)
    case .float16, .bfloat16:
      let bytes = values.flatMap {
        [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
      }
      return try TensorData(type.element, shape: shape, bytes: bytes)
    case .float, .double:
      guard count == 0 else { throw wrongValues(0) }
      return try TensorData(type.element, shape: shape, bytes: [])
    default: return integers(values, type.element)
    }
  }

  private func integers(_ values: [Int64], _ element: ElementType) -> TensorData {
    let bytes = values.flatMap { value in
      (0..<element.byteCount).map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
    }
    // The shape was checked, and the bytes are as many as it takes.
    guard let data = try? TensorData(element, shape: shape, bytes: bytes) else {
      preconditionFailure("integers of a checked shape")
    }
    return data
  }

  func problem(_ text: String) -> ONNXError {
    ONNXError("tensor \"\(name.printable)\" \(text)")
  }

  private func wrongLength(_ found: Int, _ expected: Int) -> ONNXError {
    problem("has \(found) bytes, but its shape and type take \(expected); export the model again")
  }

  private func wrongValues(_ found: Int) -> ONNXError {
    problem("has \(found) values of a shape of \(shape); export the model again")
  }
}
