import IR
import Tensors

extension RewriteGraph {
  /// The softmax that an operand is and nothing else reads, possibly with 0 instead of NaN: exporters
  /// write that for queries that see no key.
  func softmax(_ operand: Operand) -> Operation? {
    if let softmax = definition(of: operand, is: "softmax") {
      return isReadOnce(softmax) ? softmax : nil
    }
    guard let choice = definition(of: operand, is: "where"), isReadOnce(choice),
      scalar(choice["a"]) == 0, let weights = choice["b"],
      let isNaN = definition(of: choice["condition"], is: "equal"), isReadOnce(isNaN),
      scalar(isNaN["b"]) == 0,
      let isNumber = definition(of: isNaN["a"], is: "equal"), isReadOnce(isNumber),
      isNumber.operands.allSatisfy({ $0 == weights }),
      let softmax = definition(of: weights, is: "softmax"), !isReturned(softmax.result),
      readerCount(of: softmax.result) == 2
    else { return nil }
    return softmax
  }

  /// Whether scores of queries and keys may have led to this value: the way back over arithmetic
  /// with known numbers and masks ends in a product.
  func isScore(_ operand: Operand) -> Bool {
    var current: Operand? = operand
    while let operation = definition(of: current) {
      switch operation.op {
      case "matmul": return true
      case "mul", "div", "add": current = operation["a"]
      case "tanh": current = operation["x"]
      case "where":
        current = scalar(operation["a"]) == nil ? operation["a"] : operation["b"]
      default: return false
      }
    }
    return false
  }

  /// The `causal_mask` that an operand is, perhaps with axes of extent 1 in front.
  func causalMask(_ operand: Operand, _ scores: Shape) -> Operation? {
    let (queries, keys) = (scores[scores.count - 2], scores[scores.count - 1])
    var current: Operand? = operand
    while let view = definition(of: current, is: "reshape", "broadcast") {
      let shape = type(of: .value(view.result)).shape
      guard shape.suffix(2) == [queries, keys] else { return nil }
      current = view["x"]
    }
    guard let mask = definition(of: current, is: "causal_mask"),
      mask.attributes["queries"]?.dimension == queries, mask.attributes["keys"]?.dimension == keys
    else { return nil }
    return mask
  }

  /// What makes keys and values before their heads are repeated, if both are.
  func unrepeated(
    _ k: Operand, _ v: Operand
  ) -> (key: Unrepeated, value: Unrepeated)? {
    guard let keys = unrepeated(k), let values = unrepeated(v), keys.heads == values.heads else {
      return nil
    }
    return (keys.build, values.build)
  }

  typealias Unrepeated = (inout PatchBuilder) throws -> Operand

  /// The [B, H/g, L, D] value whose heads are each repeated g times by
  /// broadcast [B, H/g, 1, L, D] to [B, H/g, g, L, D], contiguous, reshape [B, H, L, D].
  private func unrepeated(_ operand: Operand) -> (heads: Dim, build: Unrepeated)? {
    let repeated = type(of: operand).shape
    guard let merge = definition(of: skippingCopy(operand), is: "reshape"),
      let broadcast = definition(of: skippingCopy(merge["x"]), is: "broadcast"),
      let single = broadcast["x"]
    else { return nil }
    let (wide, shape) = (type(of: .value(broadcast.result)).shape, type(of: single).shape)
    guard wide.count == 5, shape == [wide[0], wide[1], 1, wide[3], wide[4]],
      let merged = try? wide[1] * wide[2], repeated == [wide[0], merged, wide[3], wide[4]]
    else { return nil }
    let heads = [wide[0], wide[1], wide[3], wide[4]]
    if let split = definition(of: single, is: "reshape"), let base = split["x"],
      type(of: base).shape == heads
    {
      return (wide[1], { _ in base })
    }
    return (wide[1], { try $0.append("reshape", [single], ["shape": .dimensions(heads)]) })
  }

  /// x when an operand is x with its last two axes swapped.
  func turnedBack(_ operand: Operand) -> Operand? {
    guard let transpose = definition(of: skippingCopy(operand), is: "transpose"),
      transpose.attributes["perm"]?.integers
        == Array(type(of: operand).shape.indices).swappingLastTwo()
    else { return nil }
    return transpose["x"]
  }

  private func skippingCopy(_ operand: Operand?) -> Operand? {
    definition(of: operand, is: "contiguous")?["x"] ?? operand
  }
}
