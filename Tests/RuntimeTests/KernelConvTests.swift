import CKernels
import Testing

@testable import Runtime

/// `conv` and `max_pool` are their definitions on every instruction set.
@Suite struct KernelConvTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var channels: Int
    var outputs: Int
    var height: Int
    var width: Int
    var kernel: (Int, Int)
    var strides: (Int, Int)
    var dilations: (Int, Int)
    /// Above, to the left; as much below and to the right.
    var pads: (Int, Int)

    var testDescription: String {
      "\(channels) to \(outputs) over \(height)x\(width), \(kernel) every \(strides) by \(dilations) in \(pads)"
    }

    private func count(_ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ pad: Int)
      -> Int
    {
      (size + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1
    }
    var places: (rows: Int, columns: Int) {
      (
        count(height, kernel.0, strides.0, dilations.0, pads.0),
        count(width, kernel.1, strides.1, dilations.1, pads.1)
      )
    }

    func windows(_ pixels: UnsafePointer<Float>) -> WindowRows {
      WindowRows(
        pixels: pixels, height: height, width: width, channels: channels, places: places,
        kernel: kernel, strides: strides, dilations: dilations, pads: pads)
    }

    /// Positions of the pixels of a window, nil outside.
    func window(batch: Int, _ y: Int, _ x: Int) -> [Int?] {
      (0..<kernel.0).flatMap { i in
        (0..<kernel.1).map { j in
          let row = y * strides.0 + i * dilations.0 - pads.0
          let column = x * strides.1 + j * dilations.1 - pads.1
          return (0..<height).contains(row) && (0..<width).contains(column)
            ? ((batch * height + row) * width + column) * channels : nil
        }
      }
    }
  }

  static let cases = [
    Case(
      channels: 3, outputs: 17, height: 13, width: 11, kernel: (7, 7), strides: (2, 2),
      dilations: (1, 1), pads: (3, 3)),
    Case(
      channels: 8, outputs: 5, height: 6, width: 9, kernel: (1, 1), strides: (1, 1),
      dilations: (1, 1), pads: (0, 0)),
    Case(
      channels: 8, outputs: 33, height: 7, width: 9, kernel: (1, 1), strides: (2, 2),
      dilations: (1, 1), pads: (0, 0)),
    Case(
      channels: 5, outputs: 16, height: 9, width: 30, kernel: (3, 3), strides: (1, 1),
      dilations: (2, 3), pads: (2, 3)),
    Case(
      channels: 1, outputs: 1, height: 1, width: 1, kernel: (3, 1), strides: (1, 1),
      dilations: (1, 1), pads: (1, 0)),
    Case(
      channels: 20, outputs: 40, height: 30, width: 30, kernel: (3, 3), strides: (1, 1),
      dilations: (1, 1), pads: (1, 1)),
  ]

  /// Two pictures, a weight as rows or in panels, all that an epilogue does.
  @Test(arguments: cases, testedInstructionSets)
  func `conv equals its definition`(_ c: Case, _ isa: InstructionSet) throws {
    let (batch, inputs) = (2, c.kernel.0 * c.kernel.1 * c.channels)
    let rows = batch * c.places.rows * c.places.columns
    var random = SeededGenerator(seed: 31)
    let pixels = random.floats(batch * c.height * c.width * c.channels)
    let weight = random.floats(c.outputs * inputs)
    let bias = random.floats(c.outputs)
    let residual = random.floats(rows * c.outputs)
    var expected: [Double] = []
    var bounds: [Double] = []
    for place in 0..<rows {
      let (y, x) = (place / c.places.columns % c.places.rows, place % c.places.columns)
      let starts = c.window(batch: place / c.places.columns / c.places.rows, y, x)
      for o in 0..<c.outputs {
        var (sum, size) = (Double(bias[o]), 1.0)
        for (element, start) in starts.enumerated() {
          guard let start else { continue }
          for channel in 0..<c.channels {
            let product =
              Double(pixels[start + channel])
              * Double(weight[o * inputs + element * c.channels + channel])
            sum += product
            size += abs(product)
          }
        }
        expected.append(max(sum + Double(residual[expected.count]), 0))
        bounds.append(size * Double(inputs + 10) * 0x1p-24)
      }
    }
    let (image, factors, offsets) = (TestBuffer(pixels), TestBuffer(weight), TestBuffer(bias))
    let panels = TestBuffer<Float>(count: c.outputs.rounded(upTo: 16) * inputs.rounded(upTo: 2))
    pg_pack_panels(.f32, panels.pointer, factors.constant, inputs, c.outputs, inputs)
    let forms: [(WeightPointer, isPacked: Bool)] = [
      (.f32(factors.constant), false),
      (.panels(PanelPointer(.f32, UnsafeRawPointer(panels.pointer))), true),
    ]
    for (weight, isPacked) in forms {
      var bits: [[UInt32]] = []
      for threads in testedThreadCounts {
        let scratch = Kernels.convScratch(
          rows: rows, inputs: inputs, outputs: c.outputs, isPacked: isPacked)
        let kernels = try makeKernels(threads: threads, scratch: scratch, isa: isa)
        // The residual is the output itself, as in a plan that saves memory.
        let out = TestBuffer(residual)
        var epilogue = Epilogue(
          bias: offsets.constant, residual: out.constant, residualRowStride: c.outputs)
        epilogue.lastActivation = .relu
        kernels.conv(
          LinearArguments(
            out: out.pointer, x: image.constant, weight: weight, rows: rows, inputs: inputs,
            outputs: c.outputs, epilogue: epilogue), c.windows(image.constant))
        for (index, value) in out.values.enumerated() {
          #expect(abs(Double(value) - expected[index]) <= bounds[index], "element \(index)")
        }
        #expect(out.guardsAreIntact)
        bits.append(out.bits)
      }
      #expect(bits.allSatisfy { $0 == bits[0] })
    }
  }

  @Test(arguments: cases, testedInstructionSets)
  func `depthwise_conv equals its definition`(_ c: Case, _ isa: InstructionSet) throws {
    let (batch, elements) = (2, c.kernel.0 * c.kernel.1)
    var random = SeededGenerator(seed: 43)
    let pixels = random.floats(batch * c.height * c.width * c.channels)
    let weight = random.floats(elements * c.channels)
    let bias = random.floats(c.channels)
    var expected: [Double] = []
    for b in 0..<batch {
      for y in 0..<c.places.rows {
        for x in 0..<c.places.columns {
          let starts = c.window(batch: b, y, x)
          for channel in 0..<c.channels {
            var sum = Double(bias[channel])
            for (element, start) in starts.enumerated() {
              guard let start else { continue }
              sum +=
                Double(pixels[start + channel]) * Double(weight[element * c.channels + channel])
            }
            expected.append(max(sum, 0))
          }
        }
      }
    }
    let (image, factors, offsets) = (TestBuffer(pixels), TestBuffer(weight), TestBuffer(bias))
    var bits: [[UInt32]] = []
    for threads in testedThreadCounts {
      let out = TestBuffer<Float>(count: expected.count)
      let scratch = Kernels.depthwiseScratch(elements: elements)
      try makeKernels(threads: threads, scratch: scratch, isa: isa).depthwiseConv(
        DepthwiseArguments(
          out: out.pointer, weight: factors.constant, bias: offsets.constant, activation: .relu,
          batch: batch), c.windows(image.constant))
      let bound = Double(elements + 1) * Double(elements + 1) * unitRoundoff
      #expect(worstRatio(out.values, expected) { _ in bound } <= 1)
      #expect(out.guardsAreIntact)
      bits.append(out.bits)
    }
    #expect(bits.allSatisfy { $0 == bits[0] })
  }

  @Test(arguments: cases, testedInstructionSets)
  func `max_pool equals its definition`(_ c: Case, _ isa: InstructionSet) throws {
    let batch = 2
    var random = SeededGenerator(seed: 37)
    let pixels = random.floats(batch * c.height * c.width * c.channels)
    var expected: [Float] = []
    for b in 0..<batch {
      for y in 0..<c.places.rows {
        for x in 0..<c.places.columns {
          let starts = c.window(batch: b, y, x).compactMap { $0 }
          for channel in 0..<c.channels {
            expected.append(starts.map { pixels[$0 + channel] }.max() ?? -.infinity)
          }
        }
      }
    }
    let image = TestBuffer(pixels)
    let out = TestBuffer<Float>(count: expected.count)
    try makeKernels(threads: 2, isa: isa).maxPool(
      out: out.pointer, batch: batch, c.windows(image.constant))
    #expect(out.values == expected && out.guardsAreIntact)
  }

  @Test(arguments: testedInstructionSets, [Reduction.sum, .mean, .max])
  func `columns are folded`(_ isa: InstructionSet, _ operation: Reduction) throws {
    let (outer, rows, columns) = (3, 600, 1037)
    var random = SeededGenerator(seed: 41)
    let values = random.floats(outer * rows * columns)
    let x = TestBuffer(values)
    let out = TestBuffer<Float>(count: outer * columns)
    try makeKernels(threads: 2, scratch: Kernels.columnScratch, isa: isa).reduceColumns(
      operation,
      ColumnArguments(
        out: out.pointer, x: x.constant, outer: outer, rows: rows, columns: columns))
    for (index, value) in out.values.enumerated() {
      let line = (0..<rows).map {
        Double(values[(index / columns * rows + $0) * columns + index % columns])
      }
      let expected =
        switch operation {
        case .max: line.max() ?? 0
        case .mean: line.reduce(0, +) / Double(rows)
        case .sum: line.reduce(0, +)
        }
      #expect(abs(Double(value) - expected) <= 260 * 0x1p-24 * line.reduce(0) { $0 + abs($1) })
    }
    #expect(out.guardsAreIntact)
  }
}
