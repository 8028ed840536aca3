/// The header of a `.npy` file: a Python dictionary that says how the bytes after it are meant.
struct NPYHeader: Equatable {
  var elementType: ElementType
  var shape: [Int]

  /// numpy's name of an element type in little-endian files; nil for types that numpy
  /// lacks.
  static func descriptor(of type: ElementType) -> String? {
    switch type {
    case .f64: "<f8"
    case .f32: "<f4"
    case .f16: "<f2"
    case .i64: "<i8"
    case .i32: "<i4"
    case .i16: "<i2"
    case .i8: "|i1"
    case .u64: "<u8"
    case .u32: "<u4"
    case .u16: "<u2"
    case .u8: "|u1"
    case .bool: "|b1"
    default: nil
    }
  }

  static let descriptors = ElementType.allCases.compactMap(descriptor)

  init(elementType: ElementType, shape: [Int]) {
    self.elementType = elementType
    self.shape = shape
  }

  /// Understands the dictionary's text. Throws `NPYError.Problem`.
  init(parsing text: [UInt8]) throws {
    var scanner = NPYDictionaryScanner(text: text)
    let fields = try scanner.scan()
    guard let type = ElementType.allCases.first(where: { Self.descriptor(of: $0) == fields.descr })
    else { throw NPYError.Problem.unsupportedType(fields.descr) }
    // Fortran order says nothing about what has at most one axis longer than 1.
    guard !fields.isFortranOrder || fields.shape.filter({ $0 != 1 }).count <= 1 else {
      throw NPYError.Problem.fortranOrder
    }
    elementType = type
    shape = fields.shape
  }

  /// Everything in front of the values, byte for byte what numpy writes: version 1.0, room for the
  /// first extent to grow to 21 digits, and spaces up to a multiple of 64 bytes.
  ///
  /// - Precondition: numpy has the element type.
  func encoded() -> [UInt8] {
    guard let descriptor = Self.descriptor(of: elementType) else {
      preconditionFailure("numpy has no \(elementType)")
    }
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(extents)), }"
    if let first = shape.first {
      text += String(repeating: " ", count: 21 - "\(first)".utf8.count)
    }
    let prefix = 10
    let rest = (prefix + text.utf8.count + 1) % 64
    text += String(repeating: " ", count: 64 - rest) + "\n"
    let length = UInt16(text.utf8.count)
    return NPYFile.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
  }
}
