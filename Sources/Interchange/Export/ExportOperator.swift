/// How an operation of the IR is written in the standard operators of ONNX.
struct ExportOperator: Sendable {
  typealias Build = @Sendable (NodeExport) throws -> ExportedValue

  /// Name of the IR's operation.
  let name: String
  let build: Build

  init(_ name: String, _ build: @escaping Build) {
    self.name = name
    self.build = build
  }

  /// The versions of the standard operators that can be written.
  static let versions = 13...23

  private static let byName = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0) })

  static func find(_ name: String) -> ExportOperator? { byName[name] }
}
