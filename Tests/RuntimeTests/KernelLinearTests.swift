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
      case f32, bf16, bf16Panels
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

  /// Every number of rows up to one that fills blocks, panels that are whole and not, and odd K.
  static let panelCases: [Case] =
    (0...18).map {
      Case(
        rows: $0, inputs: 30 + $0, outputs: 15 + $0, form: .bf16Panels, padding: $0 % 3,
        epilogue: $0 % 2 == 0 ? [.bias, .gelu] : [.multiplier, .residual, .inPlace])
    } + [
      Case(rows: 1, inputs: 2048, outputs: 300, form: .bf16Panels),
      Case(rows: 8, inputs: 1, outputs: 1, form: .bf16Panels),
      Case(rows: 40, inputs: 0, outputs: 5, form: .bf16Panels, epilogue: [.bias]),
      Case(
        rows: 33, inputs: 3001, outputs: 33, form: .bf16Panels, epilogue: [.residual, .inPlace]),
      Case(rows: 170, inputs: 1030, outputs: 260, form: .bf16Panels, epilogue: [.bias]),
      Case(
        rows: 700, inputs: 12, outputs: 400, form: .bf16Panels, epilogue: [.residual, .inPlace]),
      // Large enough for bf16 activations.
      Case(
        rows: 15, inputs: 2049, outputs: 513, form: .bf16Panels, padding: 1,
        epilogue: [.bias, .gelu, .multiplier, .residual, .inPlace]),
      Case(rows: 29, inputs: 1100, outputs: 1000, form: .bf16Panels, epilogue: [.bias]),
    ]

  /// The operands of a case, and the result by the definition in double precision.
  struct Problem {
    let x, bias, multiplier, residual: [Float]
    let weight: [UInt16]
    let weightF32: [Float]
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
      for m in 0..<c.rows {
        for n in 0..<c.outputs {
          var sum = 0.0, magnitude = 0.0
          for k in 0..<c.inputs {
            let product =
              Double(x[m * (c.inputs + c.padding) + k])
              * Double(weightF32[n * (c.inputs + c.padding) + k])
            sum += product
            magnitude += abs(product)
          }
          if c.epilogue.contains(.bias) { sum += Double(bias[n]) }
          if c.epilogue.contains(.gelu) { sum = ReferenceMath.geluTanh(sum) }
          let place = m * (c.outputs + c.padding) + n
          if c.epilogue.contains(.multiplier) { sum *= Double(multiplier[place]) }
          if c.epilogue.contains(.residual) { sum += Double(residual[place]) }
          expected.append(sum)
          let terms = c.form == .bf16Panels ? Double(c.inputs) : Double(c.inputs) / 8
          bound.append((terms + 16) * unitRoundoff * (magnitude + 2))
        }
      }
    }
  }

  static func run(_ c: Case, _ problem: Problem, on kernels: Kernels) -> TestBuffer<Float> {
    let width = c.outputs + c.padding
    let out = TestBuffer(problem.multiplier, misalignment: 1)
    let x = TestBuffer(problem.x, misalignment: 3)
    let bias = TestBuffer(problem.bias, misalignment: 1)
    let multiplier = TestBuffer(problem.multiplier)
    let residual = TestBuffer(problem.residual)
    let weight = TestBuffer(problem.weight, misalignment: 1, filler: 0x7fc0)
    let weightF32 = TestBuffer(problem.weightF32, misalignment: 1)
    let panels = Self.panels(c, problem)
    let form: WeightPointer =
      switch c.form {
      case .f32: .f32(weightF32.constant)
      case .bf16: .bf16(weight.constant)
      case .bf16Panels: .bf16Panels(panels.constant)
      }
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
        weight: form,
        weightRowStride: c.inputs + c.padding, rows: c.rows, inputs: c.inputs,
        outputs: c.outputs, epilogue: epilogue))
    withExtendedLifetime((x, bias, multiplier, residual, weight, weightF32, panels)) {}
    return out
  }

  /// The weight in panels; NaN around them would spread if it were read.
  static func panels(_ c: Case, _ problem: Problem) -> TestBuffer<UInt16> {
    let count = (c.outputs + 15) / 16 * pg_panel_bytes(.bf16, c.inputs) / 2
    let panels = TestBuffer<UInt16>(count: count, filler: 0x7fc0)
    pg_pack_panels(
      .bf16, panels.pointer, problem.weightF32, c.inputs + c.padding, c.outputs, c.inputs)
    return panels
  }

  static func scratch(_ c: Case) -> ScratchRequirement {
    let scratch =
      c.form == .bf16Panels ? Kernels.panelLinearScratch : Kernels.linearScratch
    return scratch(c.rows, c.inputs, c.outputs)
  }

  @Test(arguments: cases + panelCases, supportedInstructionSets)
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
}
