import Foundation
import Tensors
import Testing

@Suite struct NPYFileTests {
  static let shapes = [[], [1], [7], [2, 3], [0, 4], [12, 1, 3], [1, 1, 1, 1, 1, 1, 1, 1]]
  static let types = ElementType.allCases.filter {
    $0.safetensorsName != nil && $0 != .bf16
  }

  @Test(arguments: types, shapes)
  func `reads and rewrites what numpy writes`(type: ElementType, shape: [Int]) throws {
    let name = shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: "x")
    let path = Fixtures.path("\(type.rawValue)_\(name).npy")
    let tensor = try NPYFile.read(path: path)
    #expect(tensor.elementType == type)
    #expect(tensor.shape == shape)
    #expect(tensor.floats() == Fixtures.values(type, count: tensor.elementCount))
    try withTemporaryFolder { folder in
      try NPYFile.write(tensor, path: "\(folder)/copy.npy")
      #expect(
        try Data(contentsOf: URL(filePath: "\(folder)/copy.npy"))
          == Data(contentsOf: URL(filePath: path)))
    }
  }

  @Test(arguments: ["version2.npy", "version3.npy"])
  func `reads later versions`(name: String) throws {
    let tensor = try NPYFile.read(path: Fixtures.path(name))
    #expect(tensor.shape == [2, 3])
    #expect(tensor.floats() == Fixtures.values(.f32, count: 6))
  }

  @Test(arguments: [
    ("fortran.npy", "Fortran order"), ("big_endian.npy", "'>f4' is not supported"),
    ("every_type.safetensors", "not a .npy file"), ("none.npy", "cannot be read"),
  ])
  func `refuses other files with the reason`(name: String, reason: String) {
    let error = #expect(throws: NPYError.self) { try NPYFile.read(path: Fixtures.path(name)) }
    #expect(error?.description.contains(reason) == true)
  }

  @Test func `bfloat16 becomes float`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/a.npy"
      try NPYFile.write(TensorData([BFloat16(1.5), BFloat16(-2)]), path: path)
      let tensor = try NPYFile.read(path: path)
      #expect(tensor.elements(as: Float.self) == [1.5, -2])
    }
  }

  static func npy(
    _ header: String, data: Int, version: [UInt8] = [1, 0], length: Int? = nil
  ) -> [UInt8] {
    let length = length ?? header.utf8.count
    return [0x93] + Array("NUMPY".utf8) + version
      + [UInt8(length & 0xFF), UInt8(length >> 8)]
      + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
    "{'shape':(2,),\"fortran_order\":False , 'descr':'<f4' , }\n",
    "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2, 1), }   \n",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}",
  ])
  func `other spellings of the header are read`(header: String) throws {
    try withTemporaryFile(bytes: Self.npy(header, data: 8)) { path in
      let tensor = try NPYFile.read(path: path)
      #expect(tensor.floats() == [0, 0])
    }
  }

  /// Wrong headers in front of 8 bytes of values.
  @Test(arguments: [
    ("", "expected '{'"),
    ("{}", "not all there"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "promises 12"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "promises 4"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "promises 4"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", "expected a tuple"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': 2, }", "expected '('"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "expected an extent"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (02,), }", "expected an extent"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,), }", "expected a tuple"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (,), }", "expected an extent"),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999999999,), }",
      "expected an extent"
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807), }",
      "9223372036854775807"
    ),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2), }", "9 axes"),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", "expected True or False"),
    ("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2, 2), }", "Fortran order"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "expected a string"),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "'|O' is not supported"),
    ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "key 'descr'"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 'y'}", "the key 'x'"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} + {}", "more text"),
    ("{'descr': '<f4", "a string without end"),
    ("{'descr': '\u{1B}[2J'}", "unexpected character"),
  ])
  func `wrong headers are refused with the reason`(header: String, reason: String) throws {
    try expectRefusal(of: Self.npy(header, data: 8), reason: reason)
  }

  @Test(
    arguments: [
      ([], "not a .npy file"),
      (npy("{}", data: 8, version: [4, 0]), "version 4.0"),
      (npy("{}", data: 8, version: [1, 1]), "version 1.1"),
      (npy("{}", data: 0, length: 3), "cut short"),
      (npy("{}", data: 8, length: 65535), "cut short"),
      (npy("\u{1}\u{1}", data: 99, version: [2, 0], length: 65535), "header of 16908287"),
    ] as [([UInt8], String)])
  func `wrong files are refused with the reason`(bytes: [UInt8], reason: String) throws {
    try expectRefusal(of: bytes, reason: reason)
  }

  @Test func `every truncation of a file is refused`() throws {
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: Fixtures.path("f32_7.npy"))))
    for count in bytes.indices {
      try expectRefusal(of: Array(bytes[..<count]), reason: "/file: ")
    }
  }

  func expectRefusal(of bytes: [UInt8], reason: String) throws {
    try withTemporaryFile(bytes: bytes) { path in
      let error = #expect(throws: NPYError.self) { try NPYFile.read(path: path) }
      let message = error?.description ?? ""
      #expect(message.contains(reason))
      #expect(!message.utf8.contains { $0 < 0x20 })
    }
  }
}
