import Foundation
import Tensors
import Testing

/// Floats of at most 8 bits, against ml_dtypes.
@Suite struct SmallFloatTests {
  static let types = ElementType.allCases.filter { $0.smallFloat != nil }

  static func tensor(_ name: String) throws -> [Float] {
    try SafetensorsFile(path: Fixtures.path("small_floats.safetensors")).tensor(named: name)
      .floats()
  }

  @Test(arguments: types)
  func `every byte means what it does there`(type: ElementType) throws {
    let format = try #require(type.smallFloat)
    let values = try Self.tensor("\(type.rawValue).values")
    for (bits, value) in values.enumerated() {
      let found = format.value(of: UInt8(bits))
      #expect(found == value || (found.isNaN && value.isNaN), "\(bits): \(found), \(value)")
      guard !value.isNaN else { continue }
      #expect(format.value(of: format.bits(of: value)) == value)
    }
  }

  @Test(arguments: types)
  func `numbers round as they do there`(type: ElementType) throws {
    let format = try #require(type.smallFloat)
    let rounded = try Self.tensor("\(type.rawValue).rounded")
    for (number, expected) in zip(try Self.tensor("numbers"), rounded) {
      #expect(format.value(of: format.bits(of: number)) == expected, "\(number)")
    }
  }

  @Test func `infinity and NaN stay where the format has them`() {
    #expect(SmallFloat.e5m2.value(of: SmallFloat.e5m2.bits(of: -.infinity)) == -.infinity)
    #expect(SmallFloat.e4m3.value(of: SmallFloat.e4m3.bits(of: .infinity)) == 448)
    #expect(SmallFloat.e4m3fnuz.value(of: SmallFloat.e4m3fnuz.bits(of: .nan)).isNaN)
    #expect(SmallFloat.e2m1.bits(of: .nan) == 0)
  }

  @Test func `4-bit numbers are written as numpy has them`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/a.npy"
      try NPYFile.write(try TensorData(.i4, shape: [3], bytes: [0xF8, 0, 7]), path: path)
      #expect(try NPYFile.read(path: path).integers() == [-8, 0, 7])
      #expect(try NPYFile.read(path: path).elementType == .i8)
      try NPYFile.write(try TensorData(.f8e4m3, shape: [1], bytes: [0x38]), path: path)
      #expect(try NPYFile.read(path: path).elements(as: Float.self) == [1])
    }
  }
}
