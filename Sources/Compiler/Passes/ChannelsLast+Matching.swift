import IR
import Tensors

extension PatchBuilder {
  /// A picture with its channels last, row-major.
  mutating func pixels(_ operand: Operand) throws -> Operand {
    let turned = try append(
      "transpose", [operand], ["perm": .integers(ChannelsLastRules.toLast)])
    return try append("contiguous", [turned])
  }
}

extension RewriteGraph {
  /// x and how it is turned, when an operand is the result of a convolution or pooling, or of what
  /// kept their order, with the channels brought to the second place.
  func channelsFirst(_ operand: Operand?) -> (x: Operand, permutation: [Int])? {
    guard let transpose = definition(of: operand, is: "transpose"), let x = transpose["x"],
      let permutation = transpose.attributes["perm"]?.integers,
      permutation == ChannelsLastRules.toFirst || permutation == [0, 2, 1], isChannelsLast(x)
    else { return nil }
    return (x, permutation)
  }

  private func isChannelsLast(_ operand: Operand) -> Bool {
    var current: Operand? = operand
    while let operation = definition(of: current) {
      if ["conv", "depthwise_conv", "max_pool"].contains(operation.op) { return true }
      guard operation.op == "reshape" || OpRegistry.isElementwise(operation.op) else {
        return false
      }
      current = operation.operands[0]
    }
    return false
  }

  /// The `conv` that computes an operand, when only this operand reads it and nothing but a bias was
  /// drawn into it.
  func plainConv(_ operand: Operand) -> Operation? {
    openConv(operand).flatMap { conv in
      conv.operands.dropFirst(3).allSatisfy { $0 == nil } ? conv : nil
    }
  }

  /// Whether a value depends on tensors that no call changes alone, in few steps.
  func isConstant(_ operand: Operand, depth: Int = 16) -> Bool {
    if let id = operand.tensor { return module.tensor(id).kind != .state }
    guard depth > 0, let operation = definition(of: operand), operation.op != "iota" else {
      return false
    }
    return operation.operands.allSatisfy { $0.map { isConstant($0, depth: depth - 1) } ?? true }
  }

  /// A number, a vector of one number for each channel from [channels, 1…], or
  /// [batch, 1…, channels] from [batch, channels, 1…].
  func perChannel(
    _ operand: Operand, rank: Int, _ patch: inout PatchBuilder
  ) throws -> Operand? {
    let shape = type(of: operand).shape
    let single = shape.allSatisfy(\.isOne)
    if single {
      return shape.count <= 1
        ? operand : try patch.append("reshape", [operand], ["shape": .dimensions([])])
    }
    if shape.count == rank, shape[2...].allSatisfy(\.isOne), try isContiguous(operand) {
      let last = [shape[0]] + shape[2...] + [shape[1]]
      return try patch.append("reshape", [operand], ["shape": .dimensions(last)])
    }
    // Some extent is not 1, so `channel` is an axis if all others are 1.
    let channel = shape.count - (rank - 1)
    guard shape.indices.allSatisfy({ $0 == channel || shape[$0].isOne }),
      try isContiguous(operand)
    else { return nil }
    return try patch.append("reshape", [operand], ["shape": .dimensions([shape[channel]])])
  }
}
