import CXXHash
import Inputs
import JSON
import Tensors

/// Writes a plan file: the plan's tensors, whatever else a session maps (tokenizer tables), and a
/// checksum of each. Streams piece by piece, so a checkpoint of any size needs little memory; the
/// same content gives the same bytes; nothing appears under the name before all is on disk.
public enum PlanWriter {
  /// Bytes that are converted and written at once.
  private static let pieceBytes = 8 << 20

  /// - Parameters:
  ///   - extras: further tensors by name, stored after the plan's own.
  ///   - value: the value of a plan tensor, in any floating-point type; rounded to the plan's type.
  ///     Asked for one piece after the other.
  ///   - progress: told the bytes written so far and in total; may throw to give up.
  public static func write(
    _ plan: Plan, extras: [(name: String, data: TensorData)], to path: String,
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in },
    value: (PlanTensor) throws -> any PlanValue
  ) throws {
    try PlanVerifier.verify(plan)
    let layout = try layout(of: plan, extras)
    var writer = try SafetensorsWriter(path: path, layout: layout)
    var checksums: [Int64] = []
    var done = 0
    func append(
      _ data: any PlanValue, as tensor: PlanTensor, _ writer: inout SafetensorsWriter
    ) throws {
      let hash = StreamHash()
      try pieces(of: data, as: tensor) { piece in
        try piece.withUnsafeBytes { bytes in
          hash.update(bytes)
          try writer.append(bytes, to: tensor.name)
        }
        done += piece.byteCount
        try progress(done, layout.fileSize)
      }
      checksums.append(Int64(bitPattern: hash.digest))
    }
    for tensor in plan.tensors {
      let data = try value(tensor)
      guard data.shape == tensor.shape else {
        throw PlanError(
          "\(tensor.name.printable) has shape \(data.shape), expected \(tensor.shape)")
      }
      try append(data, as: tensor, &writer)
    }
    for extra in extras {
      let tensor = PlanTensor(
        name: extra.name, element: extra.data.elementType, shape: extra.data.shape)
      try append(extra.data, as: tensor, &writer)
    }
    try writer.append(TensorData(checksums), to: PlanFile.checksumTensor)
    try writer.finish()
  }

  private static func layout(
    of plan: Plan, _ extras: [(name: String, data: TensorData)]
  ) throws -> SafetensorsLayout {
    typealias Declaration = SafetensorsLayout.Declaration
    let declarations =
      plan.tensors.map { Declaration($0.name, $0.storedElement, shape: $0.storedShape) }
      + extras.map { Declaration($0.name, $0.data.elementType, shape: $0.data.shape) }
    let all =
      declarations + [Declaration(PlanFile.checksumTensor, .i64, shape: [declarations.count])]
    let text = plan.json.encoded()
    func layout(checksum: String) throws -> SafetensorsLayout {
      try SafetensorsLayout(
        all,
        metadata: [
          .init("format", "paligraph"),
          .init(PlanFile.Key.version, "\(PlanFile.formatVersion)"),
          .init(PlanFile.Key.checksum, checksum),
          .init(PlanFile.Key.plan, text),
        ])
    }
    // Every checksum has 16 digits, so the places do not depend on it.
    let draft = try layout(checksum: String(repeating: "0", count: 16))
    return try layout(checksum: PlanFile.checksum(plan: text, draft.entries))
  }

  /// The tensor in pieces of limited size, in the element type and order asked for.
  private static func pieces(
    of data: any PlanValue, as tensor: PlanTensor, _ body: (TensorData) throws -> Void
  ) throws {
    let element = tensor.element
    if let packing = tensor.packing {
      guard data.elementType.isFloatingPoint else {
        throw PlanError("a tensor of \(data.elementType) cannot be packed as \(packing.rawValue)")
      }
      return try packing.pieces(of: data, sourceBytes: pieceBytes, body)
    }
    let step = pieceBytes / max(element.byteCount, data.elementType.byteCount)
    for start in stride(from: 0, to: data.elementCount, by: step) {
      let piece = data.piece(start..<min(start + step, data.elementCount))
      if data.elementType == element {
        try body(piece)
      } else {
        guard data.elementType.isFloatingPoint, element.isFloatingPoint else {
          throw PlanError("a tensor of \(data.elementType) cannot be stored as \(element)")
        }
        try body(piece.converted(to: element))
      }
    }
  }
}

/// XXH3 over bytes that come in pieces.
private final class StreamHash {
  private let state = XXH3_createState()

  init() { XXH3_64bits_reset(state) }

  deinit { XXH3_freeState(state) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    XXH3_64bits_update(state, bytes.baseAddress, bytes.count)
  }

  var digest: UInt64 { XXH3_64bits_digest(state) }
}
