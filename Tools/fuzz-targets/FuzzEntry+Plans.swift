import JSON
import Pipeline
import Plans
import Runtime
import Tensors
import Validation

extension FuzzEntry {
  /// A plan as an attacker may write it, its checksum right: a step list of its own, or what edits make of
  /// a compiled plan. Opened and run as the command line would.
  ///
  /// An input that begins with `{` is a step list. The first byte of any other names a compiled plan, whether
  /// a model's is opened by its session or by an executor (8), and whether it is written to a file and read
  /// from there (224 or more), which takes longer. The rest are edits (`PlanEdits`). Sizes and inputs are
  /// drawn from the input's hash.
  static let plan = FuzzEntry("plan") { folder in
    { bytes in
      var choices = SeededGenerator(bytes)
      guard bytes.first != UInt8(ascii: "{") else {
        return try runStepList(bytes, &choices, in: folder)
      }
      var edits = PlanEdits(bytes)
      let first = edits.next()
      let base = try PlanBase.chosen(by: first)
      var plan = base.plan
      edits.edit(&plan)
      var file = try base.file(replacing: plan)
      guard isSmall(plan) else { return }
      if first >= 224 {
        file = try PlanFile(path: folder.write(base.bytes(replacing: plan), as: "plan.pgp"))
      }
      try run(file, asModel: first & 8 != 0, &choices)
      plantedBug(when: plan.symbols.contains { $0.bound == 7 })
    }
  }

  /// Executes a sound and small step list, with made-up weights.
  private static func runStepList(
    _ bytes: [UInt8], _ choices: inout SeededGenerator, in folder: ScratchFolder
  ) throws {
    let plan = try PlanFile.plan(stepList: String(decoding: bytes, as: UTF8.self))
    guard plan.weightBytes <= 1 << 16, isSmall(plan) else { return }
    let path = "\(folder.path)/plan.pgp"
    try PlanWriter.write(plan, extras: [], to: path) { tensor in
      TensorData((0..<tensor.shape.reduce(1, *)).map { Float($0 % 3) }, shape: tensor.shape)
    }
    try run(PlanFile(path: path), asModel: false, &choices)
    plantedBug(when: plan.name != "m")
  }

  /// Whether executing a plan takes little memory and time.
  private static func isSmall(_ plan: Plan) -> Bool {
    let bounds = Dictionary(
      plan.symbols.map { ($0.name, $0.bound) }, uniquingKeysWith: { first, _ in first })
    return plan.arenaBytes + plan.stateBytes <= 1 << 23
      && plan.functions.allSatisfy { $0.steps.count <= 128 }
      && plan.functions.indices.allSatisfy { index in
        guard let work = try? plan.work(ofFunction: index, at: bounds) else { return true }
        // What a plan says of its arithmetic need not be so.
        let products = plan.functions[index].steps.reduce(0.0) { $0 + mostProducts(of: $1, bounds) }
        return max(products, Double(work.allBytes)) <= 0x1p26
      }
  }

  /// No step multiplies each element of its result more often than along the longest axis of an operand.
  private static func mostProducts(of step: PlanStep, _ bounds: [String: Int]) -> Double {
    func extents(_ view: PlanView) -> [Double] {
      ((try? view.shape.evaluate(bounds)) ?? []).map { Double($0) }
    }
    let longest = step.operands.compactMap { $0.flatMap { extents($0).max() } }.max() ?? 1
    return extents(step.result).reduce(2 * longest, *)
  }

  /// Opens a model's plan as a session or, as any other plan, by an executor.
  private static func run(
    _ file: PlanFile, asModel: Bool, _ choices: inout SeededGenerator
  ) throws {
    if asModel, ScoringSession.opens(file) {
      try score(file)
    } else if asModel, file.plan.section(SessionSettings.section) != nil {
      try answer(file)
    } else {
      try execute(file, &choices)
    }
  }

  private static let seenPicture = RGBImage(
    width: 5, height: 4, filledWith: RGBColor(200, 30, 90))

  private static func answer(_ file: PlanFile) throws {
    let request = GenerationRequest(picture: seenPicture, prompt: "a b", maxNewTokens: 3)
    blackHole(try Session(file, threads: 1).answer(request).tokens.count)
  }

  private static func score(_ file: PlanFile) throws {
    blackHole(
      try ScoringSession(file, threads: 1).score(seenPicture, texts: ["a", "b c"]).scores.count)
  }

  /// Every function at the smallest and the largest sizes and at some between.
  private static func execute(_ file: PlanFile, _ choices: inout SeededGenerator) throws {
    let executor = try Executor(file, threads: 1)
    let bounds = file.plan.symbols.map(\.bound)
    let between = (0..<2).map { _ in
      bounds.map { Int.random(in: 1...min($0, 256), using: &choices) }
    }
    for sizes in [bounds.map { _ in 1 }, bounds, bounds.map { ($0 + 1) / 2 }] + between {
      do {
        for (index, size) in sizes.enumerated() { try executor.setSymbol(index, to: size) }
      } catch { continue }
      for function in file.plan.functions.indices { try execute(function, of: executor, &choices) }
    }
  }

  private static func execute(
    _ function: Int, of executor: Executor, _ choices: inout SeededGenerator
  ) throws {
    let planned = executor.file.plan.functions[function]
    for port in planned.inputs.indices {
      guard let input = executor.input(port, of: function) else { continue }
      let kind = Int.random(in: 0...3, using: &choices)
      let values = (0..<input.shape.elementCount).map { integer($0, kind) }
      switch input.element {
      case .i64: try executor.write(values, to: port, of: function)
      case .f32: try executor.write(values.map { Float($0) / 2 }, to: port, of: function)
      default: break
      }
    }
    // An id outside its table is an error of the call, and no reason to leave out what follows.
    do { try executor.run(function) } catch is ExecutionError { return }
    for port in planned.outputs.indices {
      guard let output = executor.output(port, of: function),
        output.shape.elementCount <= 1 << 16
      else { continue }
      blackHole(output.tensorData.byteCount)
    }
  }

  /// Mostly ids of some table, seldom what no table has.
  private static func integer(_ index: Int, _ kind: Int) -> Int64 {
    switch kind {
    case 0: 0
    case 1: Int64(index % 3)
    case 2: Int64(index) - 1
    default: Int64(index) << 40 + 1
    }
  }
}
