import CKernels
import Testing

@testable import Runtime

@Suite struct `A linear layer` {
  struct Case: CustomTestStringConvertible {
    var rows: Int
    var inputs: Int
    var outputs: Int
    var form = Form.f32
    var padding = 0
    var epilogue: Features = []

    /// How the weight is stored.
    enum Form: String {
      case f32, bf16, f32Panels, bf16Panels, int8Panels, int4Panels

      /// Whether weights and activations are rounded to integers.
      var rounds: Bool { self == .int8Panels || self == .int4Panels }

      var panels: PanelFormat? {
        switch self {
        case .f32, .bf16: nil
        case .f32Panels: .f32
        case .bf16Panels: .bf16
        case .int8Panels: .int8
        case .int4Panels: .int4
        }
      }
    }

    struct Features: OptionSet {
      let rawValue: Int
      static let bias = Features(rawValue: 1)
      static let gelu = Features(rawValue: 2)
      static let multiplier = Features(rawValue: 4)
      static let residual = Features(rawValue: 8)
      /// Multiplier and residual are the output itself.
      static let inPlace = Features(rawValue: 16)
    }

    var testDescription: String {
      "\(rows)x\(inputs)x\(outputs) \(form) pad \(padding) "
        + "epilogue \(epilogue.rawValue)"
    }
  }

  static let cases: [Case] = [
    Case(rows: 1, inputs: 1, outputs: 1),
    Case(rows: 1, inputs: 33, outputs: 17, padding: 3, epilogue: [.bias, .gelu]),
    Case(rows: 1, inputs: 2048, outputs: 300, form: .bf16, epilogue: [.residual, .inPlace]),
    Case(rows: 3, inputs: 100, outputs: 2050, form: .bf16, epilogue: [.bias, .residual]),
    Case(rows: 5, inputs: 7, outputs: 3, epilogue: [.multiplier, .residual]),
    Case(rows: 8, inputs: 65, outputs: 130, epilogue: [.gelu, .multiplier, .inPlace]),
    Case(rows: 9, inputs: 65, outputs: 130, form: .bf16, epilogue: [.gelu, .multiplier]),
    Case(rows: 32, inputs: 33, outputs: 70, form: .bf16, epilogue: [.residual, .inPlace]),
    Case(rows: 33, inputs: 3000, outputs: 33, form: .bf16, padding: 5, epilogue: [.bias]),
    Case(
      rows: 100, inputs: 40, outputs: 500, padding: 1,
      epilogue: [.bias, .gelu, .multiplier, .residual]),
    Case(
      rows: 100, inputs: 40, outputs: 500, form: .bf16, padding: 1,
      epilogue: [.bias, .gelu, .multiplier, .residual, .inPlace]),
    Case(rows: 700, inputs: 12, outputs: 400, epilogue: [.residual, .inPlace]),
    Case(rows: 40, inputs: 0, outputs: 5, epilogue: [.bias]),
    Case(rows: 40, inputs: 0, outputs: 5, form: .bf16, epilogue: [.bias]),
    Case(rows: 0, inputs: 4, outputs: 5),
  ]

  /// Every number of rows up to one that fills blocks, panels that are whole and not, odd K.
  static let panelCases: [Case] = [
    Case.Form.f32Panels, .bf16Panels, .int8Panels, .int4Panels,
  ].flatMap(panelCases)

  private static func panelCases(_ form: Case.Form) -> [Case] {
    let small = (0...18).map { (rows: Int) -> Case in
      Case(
        rows: rows, inputs: 30 + rows, outputs: 15 + rows, form: form, padding: rows % 3,
        epilogue: rows % 2 == 0 ? [.bias, .gelu] : [.multiplier, .residual, .inPlace])
    }
    let large = [
      Case(rows: 1, inputs: 2048, outputs: 300, form: form),
      Case(rows: 8, inputs: 1, outputs: 1, form: form),
      Case(rows: 40, inputs: 0, outputs: 5, form: form, epilogue: [.bias]),
      // Several parts of K, of columns, of rows; more rows than blocks stand in scratch at once.
      Case(rows: 15, inputs: 2101, outputs: 20, form: form, epilogue: [.residual, .inPlace]),
      Case(rows: 10, inputs: 21, outputs: 260, form: form, epilogue: [.bias]),
      Case(rows: 171, inputs: 30, outputs: 18, form: form, epilogue: [.residual, .inPlace]),
      Case(rows: 680, inputs: 8, outputs: 17, form: form, epilogue: [.bias]),
    ]
    // Large enough for bf16 activations.
    let rounded = Case(
      rows: 9, inputs: 1025, outputs: 1024, form: .bf16Panels, padding: 1,
      epilogue: [.bias, .gelu, .multiplier, .residual, .inPlace])
    return small + large + (form == .bf16Panels ? [rounded] : [])
  }

  /// The operands of a case, and the result by the definition in double precision.
  struct Problem {
    var x: [Float]
    let bias, residual: [Float]
    var multiplier: [Float]
    let weight: [UInt16]
    var weightF32: [Float]
    var expected: [Double] = []
    var bound: [Double] = []

    /// - Parameter rounds: whether activations are bf16 numbers, so that rounding them changes nothing.
    init(_ c: Case, seed: UInt64, rounds: Bool = false) {
      var random = SeededGenerator(seed: seed)
      let values = random.floats(c.rows * (c.inputs + c.padding))
      x = rounds ? values.map { widened(UInt16($0.bitPattern >> 16)) } : values
      weight = random.halves(c.outputs * (c.inputs + c.padding))
      weightF32 = weight.map(widened)
      bias = random.floats(c.outputs)
      multiplier = random.floats(c.rows * (c.outputs + c.padding))
      residual =
        c.epilogue.contains(.inPlace)
        ? multiplier : random.floats(c.rows * (c.outputs + c.padding))
      let (factors, weights) = (activations(c), roundedWeights(c))
      for m in 0..<c.rows {
        for n in 0..<c.outputs {
          var sum = 0.0, magnitude = 0.0
          for k in 0..<c.inputs {
            let product = factors[m * c.inputs + k] * weights[n * c.inputs + k]
            sum += product
            magnitude += abs(product)
          }
          if c.epilogue.contains(.bias) { sum += Double(bias[n]) }
          if c.epilogue.contains(.gelu) { sum = ReferenceMath.geluTanh(sum) }
          let place = m * (c.outputs + c.padding) + n
          if c.epilogue.contains(.multiplier) { sum *= Double(multiplier[place]) }
          if c.epilogue.contains(.residual) { sum += Double(residual[place]) }
          expected.append(sum)
          let terms =
            c.form.panels != nil && !c.form.rounds ? Double(c.inputs) : Double(c.inputs) / 8
          bound.append((terms + 16) * unitRoundoff * (magnitude + 2))
        }
      }
    }

    /// The activations that are multiplied, dense: with int8 and int4 panels, in each group of columns whole
    /// steps of which the largest has 127.
    private func activations(_ c: Case) -> [Double] {
      (0..<c.rows).flatMap { row -> [Double] in
        let start = row * (c.inputs + c.padding)
        let values = Array(x[start..<start + c.inputs])
        guard c.form.rounds else { return values.map(Double.init) }
        return stride(from: 0, to: c.inputs, by: Int(PG_GROUP_COLUMNS)).flatMap { start in
          let group = values[start..<min(start + Int(PG_GROUP_COLUMNS), c.inputs)]
          let largest = group.map(abs).max() ?? 0
          return group.map {
            Double(($0 * (127 / largest)).rounded(.toNearestOrEven)) * Double(largest / 127)
          }
        }
      }
    }

    /// The weights after packing, dense.
    private func roundedWeights(_ c: Case) -> [Double] {
      let width = c.inputs + c.padding
      guard c.form.rounds else {
        return (0..<c.outputs).flatMap { weightF32[$0 * width..<$0 * width + c.inputs] }
          .map(Double.init)
      }
      let panels = panels(c)
      var values = [Float](repeating: 0, count: c.outputs * c.inputs)
      pg_gather_panels(
        c.form.panels ?? .int8, &values, c.inputs, panels.constant,
        (0..<c.outputs).map { Int64($0) }, c.outputs,
        c.inputs, 1)
      return values.map(Double.init)
    }

    /// The weight in panels; what stands around them is no number.
    func panels(_ c: Case) -> TestBuffer<Float> {
      let format = c.form.panels ?? .bf16
      let bytes = (c.outputs + 15) / 16 * pg_panel_bytes(format, c.inputs)
      let panels = TestBuffer<Float>(count: bytes / 4, filler: -12345)
      pg_pack_panels(
        format, panels.pointer, weightF32, c.inputs + c.padding, c.outputs, c.inputs)
      return panels
    }
  }

  /// The weight of a problem in memory.
  private struct StoredWeight {
    let pointer: WeightPointer
    private let buffers: [Any]

    init(_ c: Case, _ problem: Problem) {
      let bf16 = TestBuffer(problem.weight, misalignment: 1, filler: 0x7fc0)
      let f32 = TestBuffer(problem.weightF32, misalignment: 1)
      let panels = problem.panels(c)
      buffers = [bf16, f32, panels]
      pointer =
        switch c.form {
        case .f32: .f32(f32.constant)
        case .bf16: .bf16(bf16.constant)
        case .f32Panels, .bf16Panels, .int8Panels, .int4Panels:
          .panels(PanelPointer(c.form.panels ?? .f32, panels.constant))
        }
    }
  }

  /// - Parameter up: the problem whose weight is the second factor.
  static func run(
    _ c: Case, _ problem: Problem, up: Problem? = nil, on kernels: Kernels
  ) -> TestBuffer<Float> {
    let width = c.outputs + c.padding
    let out = TestBuffer(problem.multiplier, misalignment: 1)
    let x = TestBuffer(problem.x, misalignment: 3)
    let bias = TestBuffer(problem.bias, misalignment: 1)
    let multiplier = TestBuffer(problem.multiplier)
    let residual = TestBuffer(problem.residual)
    let weight = StoredWeight(c, problem)
    let second = up.map { StoredWeight(c, $0) }
    let inPlace = c.epilogue.contains(.inPlace)
    let epilogue = Epilogue(
      bias: c.epilogue.contains(.bias) ? bias.constant : nil,
      activation: c.epilogue.contains(.gelu) ? .geluTanh : .identity,
      multiplier: c.epilogue.contains(.multiplier)
        ? (inPlace ? out.constant : multiplier.constant) : nil,
      multiplierRowStride: width,
      residual: c.epilogue.contains(.residual)
        ? (inPlace ? out.constant : residual.constant) : nil,
      residualRowStride: width)
    kernels.linear(
      LinearArguments(
        out: out.pointer, outRowStride: width, x: x.constant,
        xRowStride: c.inputs + c.padding,
        weight: weight.pointer, weightRowStride: c.inputs + c.padding, up: second?.pointer,
        rows: c.rows, inputs: c.inputs, outputs: c.outputs, epilogue: epilogue))
    withExtendedLifetime((x, bias, multiplier, residual, weight, second)) {}
    return out
  }

  static func scratch(_ c: Case, factors: Int = 1) -> ScratchRequirement {
    let scratch =
      c.form.panels == nil ? Kernels.linearScratch : Kernels.panelLinearScratch
    return scratch(c.rows, c.inputs, c.outputs, factors)
  }

  @Test(arguments: cases + panelCases, testedInstructionSets)
  func `equals its definition`(_ c: Case, _ isa: InstructionSet) throws {
    let problem = Problem(
      c, seed: 1, rounds: c.form == .bf16Panels && c.inputs * c.outputs >= 1 << 20)
    let scratch = Self.scratch(c)
    let out = Self.run(c, problem, on: try makeKernels(threads: 2, scratch: scratch, isa: isa))
    let width = c.outputs + c.padding
    let values = out.values
    let actual = (0..<c.rows * c.outputs).map { values[$0 / c.outputs * width + $0 % c.outputs] }
    #expect(worstRatio(actual, problem.expected) { problem.bound[$0] } <= 1)
    #expect(out.guardsAreIntact)
    for row in 0..<c.rows {
      for column in c.outputs..<width {
        let place = row * width + column
        if values[place] != problem.multiplier[place] {
          Issue.record("wrote past the end of row \(row)")
        }
      }
    }
  }

  @Test(arguments: cases + panelCases)
  func `has the same bits for any number of threads`(_ c: Case) throws {
    let problem = Problem(c, seed: 2)
    let scratch = Self.scratch(c)
    let results = try testedThreadCounts.map {
      Self.run(c, problem, on: try makeKernels(threads: $0, scratch: scratch)).bits
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  static let gatedCases: [Case] = [
    Case.Form.f32, .bf16, .f32Panels, .bf16Panels, .int8Panels, .int4Panels,
  ].flatMap { form in
    [1, 5, 15, 33, 171].map { rows in
      Case(
        rows: rows, inputs: 290, outputs: 150, form: form, padding: rows % 3,
        epilogue: rows % 2 == 0 ? [.bias, .gelu] : [.gelu, .residual, .inPlace])
    }
  }

  /// To the last bit, since both products are summed in the same order either way.
  @Test(arguments: gatedCases, testedInstructionSets)
  func `with up has the product with it as multiplier`(_ c: Case, _ isa: InstructionSet) throws {
    let problem = Problem(c, seed: 5)
    let up = Problem(c, seed: 6)
    let kernels = try makeKernels(threads: 2, scratch: Self.scratch(c, factors: 2), isa: isa)
    let gated = Self.run(c, problem, up: up, on: kernels)

    var plain = c
    plain.epilogue = []
    var factor = up
    factor.x = problem.x
    let product = Self.run(plain, factor, on: kernels)
    var multiplied = problem
    multiplied.multiplier = product.values
    var expected = c
    expected.epilogue.formUnion(.multiplier)
    expected.epilogue.subtract(.inPlace)
    let reference = Self.run(expected, multiplied, on: kernels)
    let width = c.outputs + c.padding
    for place in 0..<c.rows * width where place % width < c.outputs {
      #expect(gated.values[place].bitPattern == reference.values[place].bitPattern)
    }
    #expect(gated.guardsAreIntact)
  }

  /// Sums of whole steps are exact.
  @Test(arguments: panelCases.filter(\.form.rounds))
  func `with int8 and int4 panels has the same bits on every instruction set`(_ c: Case) throws {
    let problem = Problem(c, seed: 3)
    var plain = c
    plain.epilogue = []
    let results = try testedInstructionSets.map {
      Self.run(
        plain, problem, on: try makeKernels(threads: 2, scratch: Self.scratch(c), isa: $0)
      ).bits
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  /// Rows of zeros, weights of zeros, one outlier, and what is no number stays where it is.
  @Test(arguments: testedInstructionSets, [Case.Form.int8Panels, .int4Panels])
  func `with integer panels keeps zeros and NaN apart`(
    _ isa: InstructionSet, _ form: Case.Form
  ) throws {
    let c = Case(rows: 4, inputs: 300, outputs: 20, form: form)
    var problem = Problem(c, seed: 4)
    for column in 0..<c.inputs {
      problem.x[column] = 0
      problem.weightF32[3 * c.inputs + column] = 0
    }
    problem.x[c.inputs + 7] = 1e6
    problem.x[2 * c.inputs + 299] = .nan
    let scratch = Self.scratch(c)
    let out = Self.run(c, problem, on: try makeKernels(threads: 2, scratch: scratch, isa: isa))
    let values = out.values
    #expect(values[..<20].allSatisfy { $0 == 0 })
    #expect(values[20..<40].allSatisfy(\.isFinite) && values[23] == 0)
    #expect(values[40..<60].allSatisfy { $0.isNaN })
    #expect(values[60..<80].allSatisfy(\.isFinite) && values[63] == 0)
  }
}
