import Inputs

/// numpy's file of one array: format versions 1 to 3 in, version 1.0 out.
///
/// Read are little-endian arrays in C order of the element types that numpy and this project share.
/// Bytes after the array are refused.
public enum NPYFile {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// A header of a supported array takes a few hundred bytes.
  static let headerLimit = 1 << 16

  /// The array, lent from the mapped file. Throws `NPYError`.
  public static func read(path: String) throws -> TensorData {
    do {
      let file = try InputFile(path: path)
      let (header, dataStart) = try readHeader(of: file)
      let count = try TensorData.byteCount(header.elementType, header.shape)
      guard file.byteCount - dataStart == count else {
        throw NPYError.Problem.dataSize(file.byteCount - dataStart, expected: count)
      }
      return try TensorData(
        header.elementType, shape: header.shape, file: MappedFile(file),
        range: dataStart..<dataStart + count)
    } catch let problem as NPYError.Problem {
      throw NPYError(path: path, problem: problem)
    } catch let error as InputFileError {
      throw NPYError(path: path, problem: .unreadable(error))
    } catch let error as TensorShapeError {
      throw NPYError(path: path, problem: .shape(error))
    }
  }

  /// Writes the file that numpy writes for the C-order array. Of types that numpy lacks, floats become f32
  /// and 4-bit integers 8-bit ones.
  /// Throws `OutputFileError`.
  public static func write(_ tensor: TensorData, path: String) throws {
    var file = try AtomicFile(path: path)
    try write(tensor, to: &file)
    try file.commit()
  }

  /// The same for several arrays: all of them, or none under a name that was free.
  public static func write(_ arrays: [(tensor: TensorData, path: String)]) throws {
    try AtomicFiles.write(arrays.map(\.path)) { index, file in
      try write(arrays[index].tensor, to: &file)
    }
  }

  private static func write(_ tensor: TensorData, to file: inout AtomicFile) throws {
    let tensor = tensor.ofNumPy
    let header = NPYHeader(elementType: tensor.elementType, shape: tensor.shape)
    try file.write(header.encoded())
    try tensor.withUnsafeBytes { try file.write($0) }
  }

  /// `\x93NUMPY`, two bytes of version, the header's length (2 bytes little-endian in version 1,
  /// 4 in later ones), the header.
  private static func readHeader(
    of file: borrowing InputFile
  ) throws -> (header: NPYHeader, dataStart: Int) {
    guard file.byteCount >= 12 else { throw NPYError.Problem.notNPY }
    let start = try file.read(count: 12)
    guard start.starts(with: magic) else { throw NPYError.Problem.notNPY }
    let (major, minor) = (start[6], start[7])
    guard 1...3 ~= major, minor == 0 else { throw NPYError.Problem.version(major, minor) }
    let lengthBytes = major == 1 ? 2 : 4
    let length = start[8..<8 + lengthBytes].reversed().reduce(0) { $0 << 8 | Int($1) }
    let textStart = 8 + lengthBytes
    guard length <= headerLimit, length <= file.byteCount - textStart else {
      throw NPYError.Problem.headerSize(length)
    }
    let text = try file.read(offset: textStart, count: length)
    return (try NPYHeader(parsing: text), textStart + length)
  }
}

extension TensorData {
  /// The same values in a type that numpy has.
  fileprivate var ofNumPy: TensorData {
    switch elementType {
    case .i4: relabelled(.i8)
    case .u4: relabelled(.u8)
    case let type where NPYHeader.descriptor(of: type) == nil: converted(to: .f32)
    default: self
    }
  }
}

/// What is wrong with a `.npy` file. The description is one printable line that begins with the
/// file.
public struct NPYError: Error, Equatable, Sendable {
  public var path: String
  public var problem: Problem

  public enum Problem: Error, Equatable, Sendable {
    case unreadable(InputFileError)
    case notNPY
    case version(UInt8, UInt8)
    case headerSize(Int)
    /// The header's text is wrong at this byte of it.
    case header(offset: Int, String)
    case unsupportedType(String)
    case fortranOrder
    case shape(TensorShapeError)
    /// Bytes after the header, and how many there should be.
    case dataSize(Int, expected: Int)
  }
}

extension NPYError: CustomStringConvertible {
  public var description: String { "\(path.printable): \(problem)" }
}

extension NPYError.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let error):
      "\(error)"
    case .notNPY:
      "not a .npy file"
    case .version(let major, let minor):
      ".npy version \(major).\(minor); versions 1.0, 2.0 and 3.0 are supported"
    case .headerSize(let length):
      "a .npy header of \(length) bytes; the file is cut short or no .npy file"
    case .header(let offset, let problem):
      ".npy header at byte \(offset): \(problem.printable)"
    case .unsupportedType(let descriptor):
      "element type '\(descriptor.printable)' is not supported; supported are "
        + NPYHeader.descriptors.joined(separator: ", ")
    case .fortranOrder:
      "the array is in Fortran order; save numpy.ascontiguousarray of it"
    case .shape(let error):
      "\(error)"
    case .dataSize(let size, let expected):
      "\(size) bytes of values where the header promises \(expected)"
    }
  }
}
