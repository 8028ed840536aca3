import JSON
import Tensors

@testable import Plans

/// The file of the minimal plan with some of its metadata exchanged: what an attacker can write.
struct EditedPlanFile {
  var version: String? = "\(PlanFile.formatVersion)"
  /// nil: the right one.
  var checksum: String?
  var stepList: String? = Plan.minimal.json.encoded()
  /// The plan's tensor, and whether it begins where plans put it.
  var tensor = SafetensorsLayout.Declaration("w", .f32, shape: [1])
  var isAligned = true
  /// How many checksums of tensors there are.
  var checksumCount = 1

  var bytes: [UInt8] {
    get throws {
      let declarations =
        (isAligned ? [] : [.init("first", .f32, shape: [1])]) + [
          tensor, .init(PlanFile.checksumTensor, .i64, shape: [checksumCount]),
        ]
      func layout(_ checksum: String) throws -> SafetensorsLayout {
        let metadata = [
          ("format", "paligraph"), (PlanFile.Key.version, version),
          (PlanFile.Key.checksum, checksum), (PlanFile.Key.plan, stepList),
        ]
        return try SafetensorsLayout(
          declarations,
          metadata: metadata.compactMap { key, value in value.map { .init(key, $0) } },
          dataAlignment: 64, tensorAlignment: isAligned ? 64 : 4)
      }
      let draft = try layout(checksum ?? String(repeating: "0", count: 16))
      let right = PlanFile.checksum(plan: stepList ?? "", draft.entries)
      let final = try layout(checksum ?? right)
      return withUnsafeBytes(of: UInt64(final.header.count).littleEndian) { Array($0) }
        + final.header + [UInt8](repeating: 0, count: final.fileSize - 8 - final.header.count)
    }
  }
}
