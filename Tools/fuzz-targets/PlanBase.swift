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
    switch byte % 4 {
    case 0: try paligemma.get()
    case 1: try siglip.get()
    default: try graph.get()
    }
  }

  private static let graph = Result { try PlanBase(Module.parse(text)) }
  private static let paligemma = Result {
    try PlanBase(model: "Tests/Fixtures/parity/gemma-stops-at-eos", maxTokens: 32)
  }
  private static let siglip = Result { try PlanBase(model: "Examples/mini-siglip") }

  /// Most kinds of steps: what looks up by ids, appends to a state, measures, and needs scratch.
  private static let text = """
    module @g {
      symbol T <= 9
      symbol P <= 8
      symbol N <= 10
      weight %table : f32[16x8] {value = iota}
      weight %w : f32[8x8] {value = iota}
      state %k : f32[1x1x24x8]
      func @main(%ids: i64[T], %x: f32[Tx8], %names: i64[T], %q: f32[1x1xTx8]) -> (y: f32[Tx8], seen: f32[1x1xTx8], named: i64[T], best: i64[Tx2]) {
        %e = embedding(%table, %ids) : f32[Tx8]
        %a = add(%e, %x) : f32[Tx8]
        %s = softmax(%a) : f32[Tx8]
        %y = linear(%s, %w, residual = %a) : f32[Tx8]
        %kv = cache_append(%k, %q) {at = P} : f32[1x1x(P+T)x8]
        %seen = attention(%q, %kv, %kv) {scale = 0.5} : f32[1xTx1x8]
        %turned = transpose(%seen) {perm = [0, 2, 1, 3]} : f32[1x1xTx8]
        %kept = contiguous(%turned) : f32[1x1xTx8]
        %named = gather(%names, %ids) : i64[T]
        %best = top_k(%a) {k = 2, axis = 1} : i64[Tx2]
        return %y, %kept, %named, %best
      }
      func @found(%flags: bool[9], %rows: f32[9x4]) -> (rows: f32[(N-1)x4], size: i64[1]) {
        %at = nonzero(%flags) {count = N-1} : i64[(N-1)x1]
        %places = reshape(%at) {shape = [N-1]} : i64[N-1]
        %picked = gather(%rows, %places) : f32[(N-1)x4]
        %size = iota() {count = 1, start = N-1} : i64[1]
        return %picked, %size
      }
    }
    """

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

  /// The plan's file with another step list, and a checksum that is right.
  func file(of edited: Plan) throws -> [UInt8] {
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
