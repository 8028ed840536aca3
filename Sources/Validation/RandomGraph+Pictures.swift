import IR
import Tensors

/// Convolutions and pooling as importers write them: windows as columns, times a matrix.
extension RandomGraph {
  mutating func picture() throws -> Operand {
    let x = try pick { $0.element == .f32 && $0.rank == 4 && $0.shape[1] == 2 }
    let isPooling = chance(0.2)
    let edge = chance(0.5) ? 1 : 0
    var shape: Attributes = [
      "kernel": .integers([2, 2]), "strides": .integers([1, chance(0.3) ? 2 : 1]),
      "pads": .integers([edge, edge, edge, edge]),
    ]
    if isPooling { shape["value"] = .real(chance(0.8) ? -.infinity : 0) }
    let windows = try op("unfold", [x], shape)
    if isPooling { return try builder.append("max", [windows], ["axes": .integers([2])]) }
    let extents = builder.type(of: windows).shape
    let places = try extents[3] * extents[4]
    let rows = chance(0.4) ? try depthwise(windows, places) : try dense(windows, places)
    let channels = builder.type(of: rows).shape[1]
    return try followed(
      try op(
        "reshape", [rows], ["shape": .dimensions([extents[0], channels, extents[3], extents[4]])]))
  }

  private mutating func dense(_ windows: Operand, _ places: Dim) throws -> Operand {
    let batch = builder.type(of: windows).shape[0]
    let columns = try op("reshape", [windows], ["shape": .dimensions([batch, 8, places])])
    let matrix = try op(
      "reshape", [try builder.tensor("kernel")], ["shape": .integers([6, 8])])
    return try op("matmul", [matrix, columns])
  }

  /// Each channel has windows and numbers of its own.
  private mutating func depthwise(_ windows: Operand, _ places: Dim) throws -> Operand {
    let batch = builder.type(of: windows).shape[0]
    let columns = try op("reshape", [windows], ["shape": .dimensions([batch, 2, 4, places])])
    let first = try op(
      "slice", [try builder.tensor("kernel")],
      ["axis": .integer(0), "start": .integer(0), "end": .integer(1)])
    let rows = try op("reshape", [first], ["shape": .integers([2, 1, 4])])
    let product = try op("matmul", [rows, columns])
    return try op("reshape", [product], ["shape": .dimensions([batch, 2, places])])
  }

  /// Numbers for each channel and a function, as they follow a convolution.
  private mutating func followed(_ picture: Operand) throws -> Operand {
    var result = picture
    let channels = builder.type(of: picture).shape[1]
    if chance(0.2) && channels == 6 { return try batchNorm(picture) }
    for name in ["mul", "add"] where chance(0.5) && channels == 6 {
      let column = try op(
        "reshape", [try builder.tensor(word("ones", "v"))], ["shape": .integers([6, 1, 1])])
      result = try op(name, chance(0.5) ? [result, column] : [column, result])
    }
    if chance(0.2) { result = try op("add", [result, result]) }
    return chance(0.5) ? try op(word("relu", "silu", "tanh"), [result]) : result
  }
}
