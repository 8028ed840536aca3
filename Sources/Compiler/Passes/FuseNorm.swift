import IR
import Tensors

extension Pass {
  /// `fuse_norm` recognises `rms_norm` and `layer_norm` in the primitives that model code and ONNX
  /// write them with.
  static let fuseNorm = Pass(
    "fuse_norm", .reassociating,
    "Recognises rms_norm and layer_norm in the primitives they are written with.",
    rules: FuseNormRules.all)
}

enum FuseNormRules {
  static let all = [rmsNorm, layerNorm, layerNormWeight, layerNormBias]

  static let rmsNorm = RewriteRule(
    "rms_norm", on: ["mul"],
    "(x/√(mean x² + ε))·(w + c) => rms_norm(x, w) {weight_offset = c}; c may be absent"
  ) { anchor, graph in
    for (normal, gain) in graph.orders(anchor) {
      guard graph.isVector(gain, fitting: normal),
        let product = graph.definition(of: normal, is: "mul", "div"), graph.isReadOnce(product),
        let (x, eps) = graph.rootMeanSquareQuotient(product)
      else { continue }
      var (weight, offset) = (gain, 0.0)
      if let sum = graph.definition(of: gain, is: "add"), let scaled = graph.scaled(sum),
        graph.type(of: scaled.operand).shape == graph.type(of: gain).shape
      {
        (weight, offset) = (scaled.operand, scaled.factor)
      }
      var attributes: Attributes = ["eps": .single(eps)]
      if offset != 0 { attributes["weight_offset"] = .single(offset) }
      var patch = graph.patch()
      let norm = try patch.append("rms_norm", [x, weight], attributes)
      return try patch.replacing(with: norm)
    }
    return nil
  }

  static let layerNorm = RewriteRule(
    "layer_norm", on: ["div", "mul"],
    "d/√(mean d² + ε) for d = x - mean x => layer_norm(x)"
  ) { anchor, graph in
    guard let (centred, eps) = graph.rootMeanSquareQuotient(anchor),
      let difference = graph.definition(of: centred, is: "sub"), let x = difference["a"],
      let mean = graph.definition(of: difference["b"], is: "mean"), graph.isReadOnce(mean),
      mean["x"] == x, graph.reducesLastAxis(mean)
    else { return nil }
    var patch = graph.patch()
    let norm = try patch.append("layer_norm", [x], ["eps": .single(eps)])
    return try patch.replacing(with: norm)
  }

  static let layerNormWeight = RewriteRule(
    "layer_norm_weight", on: ["mul"],
    "layer_norm(x)·w => layer_norm(x, weight = w)"
  ) { anchor, graph in
    for (normal, weight) in graph.orders(anchor) {
      guard let norm = graph.definition(of: normal, is: "layer_norm"), graph.isReadOnce(norm),
        norm["weight"] == nil, norm["bias"] == nil, graph.isVector(weight, fitting: normal)
      else { continue }
      var patch = graph.patch()
      let result = try patch.append(
        "layer_norm", norm.operands(with: ["weight": weight]), norm.attributes)
      return try patch.replacing(with: result)
    }
    return nil
  }

  static let layerNormBias = RewriteRule(
    "layer_norm_bias", on: ["add"],
    "layer_norm(x, w) + b => layer_norm(x, w, bias = b)"
  ) { anchor, graph in
    for (normal, bias) in graph.orders(anchor) {
      guard let norm = graph.definition(of: normal, is: "layer_norm"), graph.isReadOnce(norm),
        norm["bias"] == nil, graph.isVector(bias, fitting: normal)
      else { continue }
      var patch = graph.patch()
      let result = try patch.append(
        "layer_norm", norm.operands(with: ["bias": bias]), norm.attributes)
      return try patch.replacing(with: result)
    }
    return nil
  }
}

extension RewriteGraph {
  /// x and ε when the operation is x·rsqrt(mean x² + ε), x·(1/√(mean x² + ε)) or x/√(mean x² + ε)
  /// over the last axis, and nothing else reads what is in between.
  fileprivate func rootMeanSquareQuotient(_ operation: Operation) -> (x: Operand, eps: Double)? {
    let candidates =
      operation.op == "div"
      ? [(operation["a"], operation["b"])]
      : orders(operation).map { (Optional($0.0), Optional($0.1)) }
    for case (.some(let x), let factor) in candidates {
      guard let root = definition(of: factor), isReadOnce(root),
        let shifted = operation.op == "div" ? rooted(root) : inverseRooted(root),
        let sum = definition(of: shifted, is: "add"), isReadOnce(sum),
        let (mean, eps) = scaled(sum), eps >= 0,
        let average = definition(of: mean, is: "mean"), isReadOnce(average),
        reducesLastAxis(average),
        let square = definition(of: average["x"]), isReadOnce(square),
        isSquare(square, of: x),
        type(of: x).with(element: .f32) == type(of: .value(operation.result))
      else { continue }
      return (x, eps)
    }
    return nil
  }

  /// s for √s.
  private func rooted(_ operation: Operation) -> Operand? {
    operation.op == "sqrt" ? operation["x"] : nil
  }

  /// s for rsqrt(s) or 1/√s.
  private func inverseRooted(_ operation: Operation) -> Operand? {
    if operation.op == "rsqrt" { return operation["x"] }
    guard operation.op == "div", scalar(operation["a"]) == 1,
      let root = definition(of: operation["b"], is: "sqrt"), isReadOnce(root)
    else { return nil }
    return root["x"]
  }

  private func isSquare(_ operation: Operation, of x: Operand) -> Bool {
    guard operation.operands.first == x else { return false }
    switch operation.op {
    case "mul": return operation["b"] == x
    case "pow": return scalar(operation["b"]) == 2
    default: return false
    }
  }

  fileprivate func reducesLastAxis(_ operation: Operation) -> Bool {
    guard let x = operation["x"], operation.isFlagSet("keep_dims"),
      let axes = operation.attributes["axes"]?.integers, axes.count == 1
    else { return false }
    return axes[0] == -1 || axes[0] == type(of: x).rank - 1
  }

  /// Whether a factor or summand is one number per feature of `x`: rank 1, as long as x's last axis.
  fileprivate func isVector(_ operand: Operand, fitting x: Operand) -> Bool {
    let (vector, target) = (type(of: operand), type(of: x))
    return vector.rank == 1 && vector.shape.last == target.shape.last
      && vector.element.computed == target.element.computed
  }
}
