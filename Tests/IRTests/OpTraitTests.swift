import IR
import Tensors
import Testing

/// What definitions say that the compiler may do with an operation, held against what the operation means.
@Suite struct OpTraitTests {
  static let names = OpRegistry.all.filter { !$0.operands.isEmpty }.map(\.name)

  /// An operation by itself, on values.
  private struct Call {
    let operation: Operation
    let inputs: [HostTensor?]
    let result: HostTensor
    let definition: OpDefinition

    /// nil for operations on states and those that measure a size.
    init?(exampleOf name: String) throws {
      definition = try OpRegistry.required(name)
      guard !definition.hasEffect, !definition.measuresSize else { return nil }
      let example = try definition.example()
      var operation = example.module.functions[0].operations[0]
      // The example merges all axes.
      if name == "reshape" { operation.attributes["shape"] = .integers([2, 1, 3]) }
      self.operation = operation
      var rest = example.inputs[...]
      inputs = operation.operands.map { $0 == nil ? nil : rest.removeFirst() }
      result = try Self.results(of: operation, on: inputs, operation.attributes)
    }

    func results(on inputs: [HostTensor?], _ attributes: Attributes) throws -> HostTensor {
      try Self.results(of: operation, on: inputs, attributes)
    }

    private static func results(
      of operation: Operation, on inputs: [HostTensor?], _ attributes: Attributes
    ) throws -> HostTensor {
      var builder = FunctionBuilder("main", in: Module(name: "m"))
      let operands = inputs.map { input in
        input.map { builder.parameter("x", TensorType($0.element, $0.shape.map { Dim($0) })) }
      }
      builder.returns(try builder.append(operation.op, operands, attributes))
      var module = builder.module
      module.functions.append(builder.function)
      var interpreter = try Interpreter(module)
      return try interpreter.run("main", inputs.compactMap { $0 }, symbols: [:])[0]
    }

    func site() throws -> OpSite {
      OpSite(
        definition: definition,
        types: inputs.map { $0.map { TensorType($0.element, $0.shape.map { Dim($0) }) } },
        attributes: operation.attributes)
    }
  }

  private func slice(_ x: HostTensor, _ axis: Int, _ range: Range<Int>) -> HostTensor {
    var shape = x.shape
    shape[axis] = range.count
    let strides = x.strides
    return HostTensor(
      x.element, shape,
      x.gathered(shape: shape, strides: strides, offset: range.lowerBound * strides[axis]))
  }

  /// Numbers other than an example's, so that what holds of it by accident does not count.
  private func varied(_ call: Call) -> [HostTensor?] {
    call.inputs.map { input in
      input.map {
        $0.element == .f32
          ? HostTensor(
            .f32, $0.shape, $0.values.enumerated().map { abs($1) + 0.5 + Double($0 % 3) / 4 }) : $0
      }
    }
  }

  @Test(arguments: names)
  func `slices of the operands give the slice of the result that a definition names`(
    name: String
  ) throws {
    guard let call = try Call(exampleOf: name), let slicing = call.definition.slicing else {
      return
    }
    let site = try call.site()
    let whole = TensorType(call.result.element, call.result.shape.map { Dim($0) })
    var checked = 0
    for (axis, extent) in call.result.shape.enumerated() {
      for first in 0..<extent {
        for end in first + 1...extent {
          let request = Slicing.Request(
            site: site, result: whole, axis: axis, isLast: end == extent)
          guard let axes = slicing.axes(request) else { continue }
          let expected = slice(call.result, axis, first..<end)
          var attributes = call.operation.attributes
          if name == "reshape" { attributes["shape"] = .integers(expected.shape) }
          let inputs = call.inputs.enumerated().map { index, input in
            axes[index].flatMap { own in input.map { slice($0, own, first..<end) } } ?? input
          }
          #expect(
            try call.results(on: inputs, attributes) == expected, "axis \(axis), \(first)..<\(end)")
          checked += 1
        }
      }
    }
    #expect(checked > 0, "no slice of the example is computed")
  }

  /// An operation that forgets the trait is found by what it computes.
  @Test(arguments: names)
  func `an operation is elementwise when it computes each element by itself`(name: String) throws {
    guard let call = try Call(exampleOf: name) else { return }
    let inputs = varied(call)
    guard let result = try? call.results(on: inputs, call.operation.attributes),
      result.shape.count > 0,
      call.inputs.compactMap({ $0 }).contains(where: { $0.shape == result.shape })
    else { return #expect(!call.definition.isElementwise) }
    let computesEachElement = result.values.indices.allSatisfy { place in
      let alone = inputs.map { input -> HostTensor? in
        guard var x = input else { return nil }
        let lead = result.shape.count - x.shape.count
        for (axis, stride) in result.strides.enumerated() where axis >= lead {
          let index = place / stride % result.shape[axis]
          if x.shape[axis - lead] > 1 { x = slice(x, axis - lead, index..<index + 1) }
        }
        return x
      }
      let found = try? call.results(on: alone, call.operation.attributes)
      return found?.values == [result.values[place]]
    }
    let isMove = call.definition.traits.contains(.movesElements)
    #expect(call.definition.isElementwise == computesEachElement || isMove)
  }

  static let counts: [(types: [String], call: String, result: String, count: String)] = [
    (["f32[2x3]", "f32[3x4]"], "matmul(%0, %1)", "f32[2x4]", "24"),
    (["f32[7x3xT]", "f32[3x4]"], "matmul(%0, %1) {transpose_a = true}", "f32[7xTx4]", "84*T"),
    (["f32[Tx3]", "f32[4x3]"], "linear(%0, %1)", "f32[Tx4]", "12*T"),
    (["f32[Tx3]", "f32[4x3]", "f32[4x3]"], "linear(%0, %1, up = %2)", "f32[Tx4]", "24*T"),
    (
      ["f32[1x4xTx6]", "f32[1x2x11x6]", "f32[1x2x11x3]"], "attention(%0, %1, %2) {scale = 1.0}",
      "f32[1xTx4x3]", "396*T"
    ),
    (["f32[1x3x4x4]", "f32[5x3x2x2]"], "patch_conv(%0, %1) {stride = 2}", "f32[1x5x2x2]", "240"),
    (["f32[1x4x4x3]", "f32[5x12]"], "conv(%0, %1) {kernel = [2, 2]}", "f32[1x3x3x5]", "540"),
    (
      ["f32[1x4x4x3]", "f32[4x3]"], "depthwise_conv(%0, %1) {kernel = [2, 2]}", "f32[1x3x3x3]",
      "108"
    ),
    (["f32[2x3]", "f32[2x3]"], "mul(%0, %1)", "f32[2x3]", "0"),
    (["f32[2x3]"], "exp(%0)", "f32[2x3]", "0"),
  ]

  @Test(arguments: counts)
  func `a definition counts what is multiplied`(
    types: [String], call: String, result: String, count: String
  ) throws {
    let parameters = types.enumerated().map { "%p\($0): \($1)" }.joined(separator: ", ")
    let module = try Module.parse(
      """
      module @m {
        symbol T <= 9

        func @f(\(parameters)) -> (y: \(result)) {
          %y = \(call.replacing("%", with: "%p")) : \(result)
          return %y
        }
      }
      """)
    let function = module.functions[0]
    let site = try module.site(of: function.operations[0], in: function)
    #expect(try site.definition.multiplyAdds(site).description == count)
  }

  @Test func `a weight's part and how it is read are said of operands that there are`() {
    for definition in OpRegistry.all {
      let ranks = definition.operands.compactMap(\.overwriteRank)
      #expect(Set(ranks).count == ranks.count, "\(definition.name)")
      // One operand chooses among the kernels.
      #expect(
        definition.storedOperand == nil || definition.group == .fused || definition.group == .data)
    }
  }
}
