import Compiler
import Foundation
import IR
import Interchange
import JSON
import PaliGraph
import Plans
import Tensors

/// A small plan as the compiler makes it, to be edited.
struct PlanBase: Sendable {
  /// Arena and states end where a page does, so that what runs over them is noticed.
  let plan: Plan
  private let file: PlanFile
  private let bytes: [UInt8]

  static func chosen(by byte: UInt8) throws -> PlanBase {
    switch byte % 8 {
    case 0: try paligemma.get()
    case 1: try siglip.get()
    case let kind: try graphs[Int(kind - 2)].get()
    }
  }

  private static let graphs = PlanBaseGraphs.all.map { text in
    Result { try PlanBase(Module.parse(text)) }
  }
  private static let paligemma = Result {
    try PlanBase(model: "Tests/Fixtures/parity/gemma-stops-at-eos", maxTokens: 32)
  }
  private static let siglip = Result { try PlanBase(model: "Examples/mini-siglip") }

  private init(_ module: Module) throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/base.plan"
    try Compilation(module).write(to: path)
    try self.init(path: path)
  }

  /// A model of the repository.
  private init(model: String, maxTokens: Int? = nil) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let folder = try ScratchFolder()
    let path = "\(folder.path)/base.plan"
    _ = try compile(root.appendingPathComponent(model).path, to: path, maxTokens: maxTokens)
    try self.init(path: path)
  }

  private init(path: String) throws {
    file = try PlanFile(path: path)
    bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var plan = file.plan
    plan.alignEnds(to: 4096)
    self.plan = plan
  }

  /// The plan's file as if it had another step list. Throws `PlanError` unless that is sound.
  func file(replacing edited: Plan) throws -> PlanFile { try file.replacing(stepList: edited) }

  /// The bytes of that file, with a checksum that is right.
  func bytes(replacing edited: Plan) throws -> [UInt8] {
    let text = edited.json.encoded()
    let tensors = file.entries.map {
      SafetensorsLayout.Declaration($0.name, $0.elementType, shape: $0.shape)
    }
    func layout(_ checksum: String) throws -> SafetensorsLayout {
      try SafetensorsLayout(
        tensors,
        metadata: [
          .init("format", "paligraph"), .init(PlanFile.Key.version, "\(PlanFile.formatVersion)"),
          .init(PlanFile.Key.checksum, checksum), .init(PlanFile.Key.plan, text),
        ])
    }
    let draft = try layout(String(repeating: "0", count: 16))
    let header = try layout(PlanFile.checksum(plan: text, draft.entries)).header
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    let dataStart = file.entries.first?.range.lowerBound ?? bytes.count
    return length + header + bytes[dataStart...]
  }
}

extension Plan {
  /// Moves everything towards the ends of arena and states, which then are multiples of `unit`.
  fileprivate mutating func alignEnds(to unit: Int) {
    let (inArena, inStates) = ((unit - arenaBytes % unit) % unit, (unit - stateBytes % unit) % unit)
    arenaBytes += inArena
    stateBytes += inStates
    for index in states.indices { states[index].offset += inStates }
    for place in viewPlaces {
      if case .arena(let offset)? = self[place]?.region {
        self[place]?.region = .arena(offset: offset + inArena)
      }
    }
  }
}
