import CKernels
import Plans
import Tensors
import Testing

@testable import Runtime

@Suite struct `Moving data` {
  struct Copy: CustomTestStringConvertible {
    var shape: InlineShape
    /// The order in which the source's dimensions lie in memory, outermost first.
    var order: [Int]
    var testDescription: String { "\((0..<shape.rank).map { shape[$0] }) order \(order)" }
  }

  static let copies: [Copy] = [
    Copy(shape: [], order: []), Copy(shape: [1], order: [0]), Copy(shape: [7], order: [0]),
    Copy(shape: [0, 4], order: [0, 1]), Copy(shape: [5, 9], order: [1, 0]),
    Copy(shape: [3, 4, 5], order: [0, 2, 1]), Copy(shape: [200, 3, 70], order: [1, 2, 0]),
    Copy(shape: [1, 3, 4, 14, 4, 14], order: [0, 1, 2, 4, 3, 5]),
    Copy(shape: [2, 1, 2, 3, 1, 2, 2, 3], order: [7, 6, 5, 4, 3, 2, 1, 0]),
  ]

  @Test(arguments: copies, [1, 2, 4, 8])
  func `copies any dimensions in any order`(_ c: Copy, elementBytes: Int) throws {
    let count = c.shape.elementCount
    var strides = c.shape, step = 1
    for axis in c.order.reversed() {
      strides[axis] = step
      step *= c.shape[axis]
    }
    let bytes = (0..<max(count, 1) * elementBytes).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let x = TestBuffer(bytes, misalignment: elementBytes, filler: 1)
    let expected = (0..<count).flatMap { element -> [UInt8] in
      var rest = element, offset = 0
      for axis in stride(from: c.shape.rank - 1, through: 0, by: -1) {
        offset += rest % c.shape[axis] * strides[axis]
        rest /= c.shape[axis]
      }
      return Array(bytes[offset * elementBytes..<(offset + 1) * elementBytes])
    }
    for threads in testedThreadCounts {
      let out = TestBuffer<UInt8>(count: count * elementBytes, filler: 1)
      try makeKernels(threads: threads).copy(
        out: out.pointer, outStrides: c.shape.denseStrides, x: x.pointer, xStrides: strides,
        shape: c.shape, elementBytes: elementBytes)
      #expect(out.values == expected)
      #expect(out.guardsAreIntact)
    }
  }

  @Test func `copies backwards and repeats`() throws {
    let x = TestBuffer<Float>([1, 2, 3, 4]), out = TestBuffer<Float>(count: 8)
    try makeKernels(threads: 1).copy(
      out: out.pointer, outStrides: [4, 1], x: x.pointer + 3, xStrides: [0, -1], shape: [2, 4],
      elementBytes: 4)
    #expect(out.values == [4, 3, 2, 1, 4, 3, 2, 1])
  }

  /// `WeightPacking.rounded` says what is left of a matrix in panels.
  @Test(arguments: WeightPacking.allCases, [70, 64])
  func `rows come back from panels as packing left them`(packing: WeightPacking, columns: Int) {
    let rows = 20
    var random = SeededGenerator(seed: 23)
    let values = random.floats(rows * columns, in: -3...3)
    let panels = TestBuffer<UInt8>(
      count: 2 * pg_panel_bytes(packing.format, columns), filler: 0xA5)
    let x = TestBuffer(values)
    pg_pack_panels(packing.format, panels.pointer, x.constant, columns, rows, columns)
    #expect(panels.guardsAreIntact)
    var expected = packing.rounded(TensorData(values, shape: [rows, columns])).floats()
    if packing == .bf16 { expected = expected.map { Float(BFloat16($0)) } }
    let ids: [Int64] = [19, 0, 7, 16, 15]
    let out = TestBuffer<Float>(count: ids.count * columns)
    pg_gather_panels(
      packing.format, out.pointer, columns, panels.constant, ids, ids.count, columns, 2)
    #expect(out.guardsAreIntact)
    #expect(
      out.values
        == ids.flatMap { id in
          expected[Int(id) * columns..<(Int(id) + 1) * columns].map { 2 * $0 }
        })
  }

  @Test func `only dense elements of the right type are lent where they lie`() {
    let x = TestBuffer<Float>([1, 2, 3, 4])
    var view = BufferView(base: x.pointer, element: .f32, shape: [2, 2], strides: [2, 1])
    #expect(view.denseElements(of: Float.self).map(Array.init) == [1, 2, 3, 4])
    #expect(view.denseElements(of: Int64.self) == nil)
    view.strides = [1, 2]
    #expect(view.denseElements(of: Float.self) == nil)
  }

  struct Windows: CustomTestStringConvertible {
    var height: Int, width: Int
    var window: WindowGeometry
    var testDescription: String { "\(window) over \(height)x\(width)" }

    func places(_ axis: Int) -> Int {
      let reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1
      let size = (axis == 0 ? height : width) + window.pads[axis] + window.pads[axis + 2]
      return size < reach ? 0 : (size - reach) / window.strides[axis] + 1
    }
  }

  static let windows: [Windows] = [
    ([1, 1], [1, 1], [1, 1], [0, 0, 0, 0]), ([3, 3], [1, 1], [1, 1], [1, 1, 1, 1]),
    ([2, 5], [3, 2], [1, 1], [0, 4, 1, 0]), ([3, 2], [2, 5], [4, 3], [9, 7, 0, 8]),
    ([1, 1], [1, 3], [1, 1], [0, 20, 0, 20]), ([2, 2], [1, 1], [30, 1], [0, 0, 40, 0]),
  ].flatMap { kernel, strides, dilations, pads in
    [(7, 9), (1, 40), (13, 1)].map {
      Windows(
        height: $0, width: $1,
        window: WindowGeometry(kernel: kernel, strides: strides, dilations: dilations, pads: pads))
    }
  }

  @Test(arguments: windows)
  func `unfold equals its definition`(_ c: Windows) throws {
    let planes = 3, (rows, columns) = (c.places(0), c.places(1))
    var random = SeededGenerator(seed: 29)
    let values = random.floats(planes * c.height * c.width)
    let x = TestBuffer(values)
    var expected: [Float] = []
    for plane in 0..<planes {
      for i in 0..<c.window.kernel[0] {
        for j in 0..<c.window.kernel[1] {
          for y in 0..<rows {
            for x in 0..<columns {
              let row = y * c.window.strides[0] + i * c.window.dilations[0] - c.window.pads[0]
              let column = x * c.window.strides[1] + j * c.window.dilations[1] - c.window.pads[1]
              let isInside = (0..<c.height).contains(row) && (0..<c.width).contains(column)
              expected.append(
                isInside ? values[(plane * c.height + row) * c.width + column] : -7)
            }
          }
        }
      }
    }
    for threads in testedThreadCounts {
      let out = TestBuffer<Float>(count: expected.count)
      try makeKernels(threads: threads).unfold(
        out: out.pointer, pixels: x.constant, planes: planes, height: c.height, width: c.width,
        rows: rows, columns: columns, window: c.window, value: -7)
      #expect(out.values == expected)
      #expect(out.guardsAreIntact)
    }
  }

  @Test func `gather takes elements of any size and refuses what is outside`() throws {
    let kernels = try makeKernels(threads: 1)
    let x = TestBuffer((0..<24).map { UInt8($0) }, filler: 99)
    let out = TestBuffer<UInt8>(count: 18, filler: 99)
    // Two outer rows of four elements of three bytes.
    let ids = TestBuffer([3, -4, -1] as [Int64], filler: 99)
    try kernels.gather(
      out: out.pointer, x: x.pointer, extent: 4, outer: 2, innerBytes: 3, ids: ids.constant,
      count: 3)
    #expect(out.values == [9, 10, 11, 0, 1, 2, 9, 10, 11, 21, 22, 23, 12, 13, 14, 21, 22, 23])
    #expect(out.guardsAreIntact)
    for wrong in [4, -5, .max, .min] as [Int64] {
      let ids = TestBuffer([0, wrong], filler: 99)
      #expect(throws: RowOutOfRange.self) {
        try kernels.gather(
          out: out.pointer, x: x.pointer, extent: 4, outer: 1, innerBytes: 3, ids: ids.constant,
          count: 2)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4, 8, 12, 16, 24, 32, 40])
  func `gather takes rows of any number of bytes at any alignment`(bytes: Int) throws {
    let values = (0..<7 * bytes).map { UInt8($0 % 251) }
    let ids = [6, 0, -7, 3, 3] as [Int64]
    let x = TestBuffer(values, misalignment: 1, filler: 99)
    let out = TestBuffer<UInt8>(count: ids.count * bytes, misalignment: 3, filler: 99)
    let places = TestBuffer(ids, filler: 0)
    try makeKernels(threads: 1).gather(
      out: out.pointer, x: x.pointer, extent: 7, outer: 1, innerBytes: bytes, ids: places.constant,
      count: ids.count)
    let rows = [6, 0, 0, 3, 3].flatMap { values[$0 * bytes..<($0 + 1) * bytes] }
    #expect(out.values == rows)
    #expect(out.guardsAreIntact && x.guardsAreIntact && places.guardsAreIntact)
  }

  /// What there is no room for is counted and not written.
  @Test(arguments: [[], [70], [3, 40], [2, 3, 7]], [-1, 0, 1])
  func `finds what is not 0 in order`(extents: [Int], spare: Int) throws {
    let count = extents.reduce(1, *)
    var random = SeededGenerator(seed: 24)
    let values = (0..<count).map { _ in Int64.random(in: 0...1, using: &random) }
    let places = values.indices.filter { values[$0] != 0 }
    let room = max(places.count + spare, 0)
    let out = TestBuffer<Int64>(count: room * extents.count, filler: -1)
    let shape = InlineShape(extents)
    let buffer = TestBuffer(values, filler: 0)
    let x = BufferView(
      base: UnsafeMutableRawPointer(buffer.pointer), element: .i64, shape: shape,
      strides: shape.denseStrides)
    let found = try makeKernels(threads: 1).nonzero(rows: out.pointer, room: room, x: x)
    #expect(found == places.count)
    let rows = places.prefix(room).flatMap { place -> [Int64] in
      var (rest, row) = (place, [Int64](repeating: 0, count: extents.count))
      for axis in extents.indices.reversed() {
        row[axis] = Int64(rest % extents[axis])
        rest /= extents[axis]
      }
      return row
    }
    #expect(Array(out.values.prefix(rows.count)) == rows)
    #expect(out.guardsAreIntact && buffer.guardsAreIntact)
  }

  @Test func `rope turns every head and token by its own angles`() throws {
    let batch = 2, heads = 3, tokens = 700, size = 10
    var random = SeededGenerator(seed: 23)
    let values = random.floats(batch * tokens * heads * size)
    let cos = random.floats(tokens * size), sin = random.floats(tokens * size)
    let c = TestBuffer(cos), s = TestBuffer(sin)
    let strides = HeadStrides(batch: tokens * heads * size, head: size, token: heads * size)
    let results = try testedThreadCounts.map { threads -> TestBuffer<Float> in
      let x = TestBuffer(values)
      try makeKernels(threads: threads).rope(
        RopeArguments(
          out: x.pointer, outStrides: strides, x: x.constant, xStrides: strides, cos: c.constant,
          sin: s.constant, batch: batch, heads: heads, tokens: tokens, headSize: size))
      return x
    }
    let expected = values.indices.map { place -> Double in
      let d = place % size, token = place / size / heads % tokens
      let partner = Double(values[d < size / 2 ? place + size / 2 : place - size / 2])
      return Double(values[place]) * Double(cos[token * size + d])
        + (d < size / 2 ? -partner : partner) * Double(sin[token * size + d])
    }
    #expect(worstRatio(results[0].values, expected) { _ in 4 * unitRoundoff } <= 1)
    #expect(results.allSatisfy { $0.bits == results[0].bits })
  }

  @Test func `widens and narrows long runs on any number of threads`() throws {
    var random = SeededGenerator(seed: 24)
    let bits = random.halves(100_001)
    let x = TestBuffer(bits, filler: 0)
    for threads in testedThreadCounts {
      let kernels = try makeKernels(threads: threads)
      let wide = TestBuffer<Float>(count: bits.count)
      kernels.widen(out: wide.pointer, bf16: x.constant, count: bits.count)
      let narrow = TestBuffer<UInt16>(count: bits.count, filler: 0)
      kernels.narrow(bf16: narrow.pointer, x: wide.constant, count: bits.count)
      #expect(wide.values == bits.map(widened))
      #expect(narrow.values == bits)
    }
  }
}
