import IR
import Inputs
import Tensors

/// Recurrent layers, one step of the sequence after the other: RNN, GRU and LSTM.
extension ONNXOperator {
  static let rnn: Build = { node in try recurrent(node, gates: 1) }
  static let gru: Build = { node in try recurrent(node, gates: 3) }
  static let lstm: Build = { node in try recurrent(node, gates: 4) }

  /// Most steps of a sequence, each of which becomes some operations.
  private static let stepLimit = 1 << 10

  private static func recurrent(_ node: NodeImport, gates: Int) throws -> [ImportedValue] {
    var x = try node.computed(try node.input(0))
    guard x.rank == 3 else { throw ONNXError("\(x.type) is no batch of sequences") }
    let batchFirst = try node.int("layout") == 1
    if batchFirst { x = try node.transpose(x, [1, 0, 2], as: "steps") }
    guard let steps = x.shape[0].constant, (1...stepLimit).contains(steps) else {
      throw ONNXError(
        "it goes through \(x.shape[0]) steps; a fixed number up to \(stepLimit) is supported")
    }
    let direction = try node.string("direction") ?? "forward"
    let isReverse: [Bool]
    switch direction {
    case "forward": isReverse = [false]
    case "reverse": isReverse = [true]
    case "bidirectional": isReverse = [false, true]
    default: throw ONNXError("direction = \(direction.printable) is not known")
    }
    var runs: [RecurrentRun] = []
    for (index, turns) in isReverse.enumerated() {
      var run = try RecurrentRun(
        node, x, gates: gates, direction: index, isReverse: turns,
        batchFirst: batchFirst)
      try run.run(steps: steps)
      runs.append(run)
    }
    return try results(of: runs, node, batchFirst: batchFirst, hasCell: gates == 4)
  }

  /// All steps' states [steps, directions, batch, features], and the last ones.
  private static func results(
    of runs: [RecurrentRun], _ node: NodeImport, batchFirst: Bool, hasCell: Bool
  ) throws -> [ImportedValue] {
    let parts = try runs.map { run in
      try node.concat(
        run.outputs.map { try node.reshape($0, [1, 1] + $0.shape, as: "output") }, axis: 0)
    }
    let all = try node.concat(parts, axis: 1)
    func last(_ values: [ImportedValue]) throws -> ImportedValue {
      let stacked = try node.concat(
        values.map { try node.reshape($0, [1] + $0.shape, as: "last") }, axis: 0)
      return batchFirst ? try node.transpose(stacked, [1, 0, 2]) : stacked
    }
    let results = [
      batchFirst ? try node.transpose(all, [2, 0, 1, 3]) : all, try last(runs.map(\.hidden)),
    ]
    return hasCell ? results + [try last(runs.compactMap(\.cell))] : results
  }
}

/// One direction through a sequence.
private struct RecurrentRun {
  private let node: NodeImport
  private let isReverse: Bool
  private let features: Dim
  private let activations: [RecurrentActivation]
  /// Products of all steps with the input weights, biases included: [steps, batch, gates·features].
  private let projected: ImportedValue
  private let weight: ImportedValue
  private let recurrentBias: ImportedValue?
  private let peepholes: ImportedValue?
  private let lengths: ImportedValue?
  private let gates: Int

  private(set) var hidden: ImportedValue
  private(set) var cell: ImportedValue?
  /// In the order of the sequence.
  private(set) var outputs: [ImportedValue] = []

  init(
    _ node: NodeImport, _ x: ImportedValue, gates: Int, direction: Int,
    isReverse: Bool, batchFirst: Bool
  ) throws {
    self.node = node
    self.gates = gates
    self.isReverse = isReverse
    let batch = x.shape[1]
    func part(_ index: Int, _ name: String) throws -> ImportedValue? {
      guard let value = node.optional(index) else { return nil }
      let one = try node.slice(
        node.computed(value), axis: 0, Dim(direction), Dim(direction + 1), as: name)
      return try node.reshape(one, Array(value.shape.dropFirst()), as: name)
    }
    guard let inputWeight = try part(1, "weight"), let weight = try part(2, "recurrence"),
      weight.rank == 2, inputWeight.rank == 2, weight.shape[0] == inputWeight.shape[0],
      weight.shape[0] == (try weight.shape[1] * Dim(gates)), inputWeight.shape[1] == x.shape[2]
    else { throw ONNXError("its weights do not fit \(x.type)") }
    self.weight = weight
    features = weight.shape[1]
    let width = weight.shape[0]
    func state(_ index: Int) throws -> ImportedValue {
      guard let value = node.optional(index) else {
        return try node.broadcast(.scalar(0), [batch, weight.shape[1]], as: "zeros")
      }
      let all = batchFirst ? try node.transpose(value, [1, 0, 2], as: "state") : value
      let one = try node.slice(all, axis: 0, Dim(direction), Dim(direction + 1), as: "state")
      return try node.reshape(node.computed(one), [batch, weight.shape[1]], as: "state")
    }
    hidden = try state(5)
    cell = gates == 4 ? try state(6) : nil
    peepholes = gates == 4 ? try part(7, "peepholes") : nil
    var product = try node.op(
      "matmul", [x, inputWeight], ["transpose_b": .flag(true)], as: "projected")
    let bias = try part(3, "bias")
    if let bias {
      product = try node.op(
        "add", [product, node.slice(bias, axis: 0, 0, width, as: "bias")], as: "projected")
    }
    recurrentBias = try bias.map { try node.slice($0, axis: 0, width, try width * 2, as: "bias") }
    projected = product
    lengths = try node.optional(4).map { try node.reshape($0, [batch, 1], as: "lengths") }
    activations = try RecurrentActivation.all(node, gates: gates, direction: direction)
  }

  mutating func run(steps: Int) throws {
    for step in isReverse ? (0..<steps).reversed() : Array(0..<steps) {
      let row = try node.slice(projected, axis: 0, Dim(step), Dim(step + 1), as: "step")
      let input = try node.reshape(row, Array(projected.shape.dropFirst()), as: "step")
      let (hidden, cell) = try next(input)
      try advance(step, hidden, cell)
    }
    if isReverse { outputs.reverse() }
  }

  /// Beyond the end of a sequence, states stay as they are and outputs are 0.
  private mutating func advance(
    _ step: Int, _ hidden: ImportedValue, _ cell: ImportedValue?
  ) throws {
    guard let lengths else {
      (self.hidden, self.cell) = (hidden, cell)
      outputs.append(hidden)
      return
    }
    let isInside = try node.op("less", [.scalar(Double(step), .i64), lengths], as: "inside")
    outputs.append(try node.op("where", [isInside, hidden, .scalar(0)], as: "output"))
    self.hidden = try node.op("where", [isInside, hidden, self.hidden], as: "hidden")
    if let cell, let former = self.cell {
      self.cell = try node.op("where", [isInside, cell, former], as: "cell")
    }
  }

  private func next(
    _ input: ImportedValue
  ) throws -> (hidden: ImportedValue, cell: ImportedValue?) {
    switch gates {
    case 1:
      let sum = try node.op("add", [input, recurrence(of: hidden, 0..<1)], as: "sum")
      return (try activations[0](node, sum), nil)
    case 3: return (try gated(input), nil)
    default: return try lstm(input)
    }
  }

  /// h·Rᵀ and its bias, of some of the gates.
  private func recurrence(
    of hidden: ImportedValue, _ gates: Range<Int>
  ) throws -> ImportedValue {
    let (start, end) = (
      try features * Dim(gates.lowerBound), try features * Dim(gates.upperBound)
    )
    let rows = try node.slice(weight, axis: 0, start, end, as: "recurrence")
    let product = try node.op(
      "matmul", [hidden, rows], ["transpose_b": .flag(true)], as: "recurrent")
    guard let recurrentBias else { return product }
    return try node.op(
      "add", [product, node.slice(recurrentBias, axis: 0, start, end, as: "bias")],
      as: "recurrent")
  }

  private func gate(_ x: ImportedValue, _ index: Int) throws -> ImportedValue {
    try node.slice(
      x, axis: 1, try features * Dim(index), try features * Dim(index + 1), as: "gate")
  }

  /// Gates: update, reset, hidden.
  private func gated(_ input: ImportedValue) throws -> ImportedValue {
    let recurrent = try recurrence(of: hidden, 0..<2)
    let update = try activations[0](
      node, node.op("add", [gate(input, 0), gate(recurrent, 0)], as: "update"))
    let reset = try activations[0](
      node, node.op("add", [gate(input, 1), gate(recurrent, 1)], as: "reset"))
    let inner: ImportedValue
    if try node.flag("linear_before_reset") {
      inner = try node.op("mul", [reset, recurrence(of: hidden, 2..<3)], as: "inner")
    } else {
      inner = try recurrence(
        of: node.op("mul", [reset, hidden], as: "kept"), 2..<3)
    }
    let proposed = try activations[1](
      node, node.op("add", [gate(input, 2), inner], as: "proposed"))
    // (1 - z)·proposed + z·h
    let difference = try node.op("sub", [hidden, proposed], as: "difference")
    return try node.op(
      "add", [proposed, node.op("mul", [update, difference], as: "kept")], as: "hidden")
  }

  /// Gates: input, output, forget, cell.
  private func lstm(
    _ input: ImportedValue
  ) throws -> (hidden: ImportedValue, cell: ImportedValue?) {
    guard let cell else { throw ONNXError("it has no cell") }
    let sum = try node.op("add", [input, recurrence(of: hidden, 0..<4)], as: "sum")
    func opened(_ index: Int, _ peephole: Int, _ seen: ImportedValue) throws -> ImportedValue {
      var x = try gate(sum, index)
      if let peepholes {
        let weight = try node.slice(
          peepholes, axis: 0, try features * Dim(peephole), try features * Dim(peephole + 1),
          as: "peephole")
        x = try node.op("add", [x, node.op("mul", [seen, weight], as: "seen")], as: "sum")
      }
      return try activations[0](node, x)
    }
    let input = try opened(0, 0, cell)
    let forget =
      try node.flag("input_forget")
      ? try node.op("sub", [.scalar(1), input], as: "forget") : try opened(2, 2, cell)
    let proposed = try activations[1](node, gate(sum, 3))
    let next = try node.op(
      "add",
      [
        node.op("mul", [forget, cell], as: "kept"), node.op("mul", [input, proposed], as: "new"),
      ], as: "cell")
    let shown = try node.op(
      "mul", [opened(1, 1, next), activations[2](node, next)], as: "hidden")
    return (shown, next)
  }
}

/// An activation with its parameters, and the clipping before it.
private struct RecurrentActivation {
  private let op: String
  private let clip: Double?

  /// Those of one direction: of the gates, of what is proposed, and (LSTM) of the cell.
  static func all(_ node: NodeImport, gates: Int, direction: Int) throws -> [RecurrentActivation] {
    let defaults =
      gates == 1 ? ["Tanh"] : gates == 3 ? ["Sigmoid", "Tanh"] : ["Sigmoid", "Tanh", "Tanh"]
    var names = defaults
    if case .strings(let given)? = node.attributes[UTF8Key("activations")], !given.isEmpty {
      let start = direction * defaults.count
      guard given.count >= start + defaults.count else {
        throw ONNXError("attribute activations does not fit")
      }
      names = Array(given[start..<start + defaults.count])
    }
    let clip = try node.float("clip")
    return try names.map { name in
      let op = name.lowercased()
      guard ["sigmoid", "tanh", "relu"].contains(op) else {
        throw ONNXError("activation \(name.printable) is not supported")
      }
      return RecurrentActivation(op: op, clip: clip)
    }
  }

  func callAsFunction(_ node: NodeImport, _ x: ImportedValue) throws -> ImportedValue {
    guard let clip else { return try node.op(op, [x], as: op) }
    let low = try node.op("maximum", [x, .scalar(-clip)], as: "low")
    return try node.op(op, [node.op("minimum", [low, .scalar(clip)], as: "clipped")], as: op)
  }
}
