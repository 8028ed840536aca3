extension TensorData {
  /// The elements as the Swift type that matches the element type; nil for any other.
  public func elements<Element: TensorElement>(as type: Element.Type) -> [Element]? {
    guard Element.elementType == elementType else { return nil }
    return withUnsafeBytes { load(Element.self, from: $0, in: 0..<elementCount) { $0 } }
  }

  /// All elements as `Float`.
  public func floats() -> [Float] { floats(in: 0..<elementCount) }

  /// A range of the elements, in row-major order, as the nearest `Float`, ties to even. A `bool`
  /// byte other than 0 is 1.
  public func floats(in range: Range<Int>) -> [Float] {
    precondition(range.lowerBound >= 0 && range.upperBound <= elementCount)
    return withUnsafeBytes { bytes in
      switch elementType {
      case .f64: load(Double.self, from: bytes, in: range) { Float($0) }
      case .f32: load(Float.self, from: bytes, in: range) { $0 }
      case .f16: load(Float16.self, from: bytes, in: range) { Float($0) }
      case .bf16: load(BFloat16.self, from: bytes, in: range) { Float($0) }
      case .i64: load(Int64.self, from: bytes, in: range) { Float($0) }
      case .i32: load(Int32.self, from: bytes, in: range) { Float($0) }
      case .i16: load(Int16.self, from: bytes, in: range) { Float($0) }
      case .i8, .i4: load(Int8.self, from: bytes, in: range) { Float($0) }
      case .u64: load(UInt64.self, from: bytes, in: range) { Float($0) }
      case .u32: load(UInt32.self, from: bytes, in: range) { Float($0) }
      case .u16: load(UInt16.self, from: bytes, in: range) { Float($0) }
      case .u8, .u4: load(UInt8.self, from: bytes, in: range) { Float($0) }
      case .bool: load(UInt8.self, from: bytes, in: range) { $0 == 0 ? 0 : 1 }
      case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz, .f4e2m1: smallFloats(bytes, in: range)
      }
    }
  }

  private func smallFloats(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>) -> [Float] {
    guard let format = elementType.smallFloat else { return [] }
    return load(UInt8.self, from: bytes, in: range) { format.value(of: $0) }
  }

  /// All elements as `Int64`, those beyond it as the largest; nil for floating-point tensors. A `bool` byte other than 0 is 1.
  public func integers() -> [Int64]? {
    let range = 0..<elementCount
    return withUnsafeBytes { bytes in
      switch elementType {
      case .i64: load(Int64.self, from: bytes, in: range) { $0 }
      case .i32: load(Int32.self, from: bytes, in: range) { Int64($0) }
      case .i16: load(Int16.self, from: bytes, in: range) { Int64($0) }
      case .i8, .i4: load(Int8.self, from: bytes, in: range) { Int64($0) }
      case .u64: load(UInt64.self, from: bytes, in: range) { Int64(clamping: $0) }
      case .u32: load(UInt32.self, from: bytes, in: range) { Int64($0) }
      case .u16: load(UInt16.self, from: bytes, in: range) { Int64($0) }
      case .u8, .u4: load(UInt8.self, from: bytes, in: range) { Int64($0) }
      case .bool: load(UInt8.self, from: bytes, in: range) { $0 == 0 ? 0 : 1 }
      default: nil
      }
    }
  }

  /// The values of a floating-point tensor in another floating-point type, rounded to nearest, ties
  /// to even, by way of `Float` (so f64 to a 16-bit type rounds twice, as PyTorch does). Itself when
  /// it has that type already.
  public func converted(to type: ElementType) -> TensorData {
    precondition(
      type.isFloatingPoint && elementType.isFloatingPoint, "\(elementType) converted to \(type)")
    guard type != elementType else { return self }
    return TensorData(type, shape: shape) { target in
      let chunk = 1 << 16
      for start in stride(from: 0, to: elementCount, by: chunk) {
        let values = floats(in: start..<min(start + chunk, elementCount))
        switch type {
        case .f64: store(values, in: target, at: start) { Double($0) }
        case .f16: store(values, in: target, at: start) { Float16($0) }
        case .bf16: store(values, in: target, at: start) { BFloat16($0) }
        default:
          if let format = type.smallFloat {
            store(values, in: target, at: start) { format.bits(of: $0) }
          } else {
            store(values, in: target, at: start) { $0 }
          }
        }
      }
    }
  }
}

/// Reads elements at any alignment.
private func load<Element: TensorElement, Value>(
  _ type: Element.Type, from bytes: UnsafeRawBufferPointer, in range: Range<Int>,
  _ convert: (Element) -> Value
) -> [Value] {
  [Value](unsafeUninitializedCapacity: range.count) { values, count in
    for (position, index) in range.enumerated() {
      let element = bytes.loadUnaligned(
        fromByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
      values.initializeElement(at: position, to: convert(element))
    }
    count = range.count
  }
}

/// Writes elements from element `start` on.
private func store<Element: TensorElement>(
  _ values: [Float], in target: UnsafeMutableRawBufferPointer, at start: Int,
  _ convert: (Float) -> Element
) {
  for (position, value) in values.enumerated() {
    target.storeBytes(
      of: convert(value), toByteOffset: (start + position) * MemoryLayout<Element>.size,
      as: Element.self)
  }
}
