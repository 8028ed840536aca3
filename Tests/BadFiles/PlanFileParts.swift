import Foundation
import JSON
import Tensors

@testable import Plans

/// A plan file taken apart, to be put together again with other parts and right checksums: what an
/// attacker can write.
struct PlanFileParts {
  var version = "\(PlanFile.formatVersion)"
  var stepList: String
  var tensors: [SafetensorsLayout.Declaration]
  /// The bytes behind the header.
  var data: [UInt8]

  init(path: String) throws {
    let file = try SafetensorsFile(path: path)
    tensors = file.entries.filter { !$0.isPadding }.map {
      SafetensorsLayout.Declaration($0.name, $0.elementType, shape: $0.shape)
    }
    stepList = file.metadata(PlanFile.Key.plan) ?? ""
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    data = Array(bytes.dropFirst(8 + file.header.count))
  }

  init(bytes: [UInt8]) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "parts-\(UUID()).plan")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    try self.init(path: url.path)
  }

  /// Length and header of a file with these tensors, and the size of the whole.
  func header(
    alignment: (data: Int, tensor: Int) = (4096, 64)
  ) throws -> (bytes: [UInt8], fileSize: Int) {
    func layout(_ checksum: String) throws -> SafetensorsLayout {
      try SafetensorsLayout(
        tensors,
        metadata: [
          .init("format", "paligraph"), .init(PlanFile.Key.version, version),
          .init(PlanFile.Key.checksum, checksum), .init(PlanFile.Key.plan, stepList),
        ], dataAlignment: alignment.data, tensorAlignment: alignment.tensor)
    }
    let draft = try layout(String(repeating: "0", count: 16))
    let final = try layout(PlanFile.checksum(plan: stepList, draft.entries))
    let length = withUnsafeBytes(of: UInt64(final.header.count).littleEndian) { Array($0) }
    return (length + final.header, final.fileSize)
  }

  var bytes: [UInt8] { get throws { try header().bytes + data } }

  /// Changes the plan that the step list says.
  mutating func edit(_ change: (inout Plan) throws -> Void) throws {
    var plan = try Plan(json: JSONField(JSON.parse(stepList, limits: JSON.Limits(bytes: 1 << 28))))
    try change(&plan)
    stepList = plan.json.encoded()
  }
}
