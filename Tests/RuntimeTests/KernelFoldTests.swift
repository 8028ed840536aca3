import CKernels
import Tensors
import Testing

@testable import Runtime

@Suite struct `A kernel along axes` {
  struct Fold: CustomTestStringConvertible {
    let shape: [Int]
    let axes: Set<Int>
    /// The order in which the axes lie in memory, outermost first.
    let order: [Int]
    var testDescription: String { "\(shape) over \(axes.sorted()) in order \(order)" }

    var strides: [Int] {
      var strides = Array(repeating: 1, count: shape.count), step = 1
      for axis in order.reversed() {
        strides[axis] = step
        step *= shape[axis]
      }
      return strides
    }
  }

  static let folds: [Fold] = [
    Fold(shape: [7], axes: [0], order: [0]), Fold(shape: [1000], axes: [0], order: [0]),
    Fold(shape: [5, 33], axes: [1], order: [0, 1]),
    Fold(shape: [5, 33], axes: [0], order: [0, 1]),
    Fold(shape: [40, 600], axes: [0], order: [0, 1]),
    Fold(shape: [600, 3], axes: [1], order: [0, 1]),
    Fold(shape: [40, 50], axes: [1], order: [1, 0]),
    Fold(shape: [6, 17, 20], axes: [0, 2], order: [0, 1, 2]),
    Fold(shape: [6, 17, 20], axes: [1], order: [2, 0, 1]),
    Fold(shape: [6, 17, 20], axes: [0, 1, 2], order: [1, 2, 0]),
    Fold(shape: [4, 0, 3], axes: [1], order: [0, 1, 2]),
    Fold(shape: [4, 0, 3], axes: [0], order: [0, 1, 2]),
    Fold(shape: [3, 1], axes: [1], order: [0, 1]),
  ]

  /// For each result the places of what is folded into it.
  private func places(_ c: Fold) -> [[Int]] {
    let kept = c.shape.indices.filter { !c.axes.contains($0) }
    let count = kept.reduce(1) { $0 * c.shape[$1] }
    var places = [[Int]](repeating: [], count: count)
    guard !c.shape.contains(0) else { return places }
    for index in 0..<c.shape.reduce(1, *) {
      var rest = index, place = 0, position = 0, step = 1
      for axis in c.shape.indices.reversed() {
        let i = rest % c.shape[axis]
        rest /= c.shape[axis]
        place += i * c.strides[axis]
        if !c.axes.contains(axis) {
          position += i * step
          step *= c.shape[axis]
        }
      }
      places[position].append(place)
    }
    return places
  }

  @Test(arguments: folds, testedInstructionSets)
  func `folds any axes`(_ c: Fold, _ isa: InstructionSet) throws {
    let places = places(c), count = c.shape.reduce(1, *)
    let integers = `A kernel of integers and flags`.numbers(count, seed: 12)
    var random = SeededGenerator(seed: 13)
    let floats = random.floats(count, in: 0.5...1.5)
    for threads in [1, 3] {
      let kernels = try makeKernels(threads: threads, isa: isa)
      func run<Element>(
        _ operation: FoldOperation, _ values: [Element], _ filler: Element
      ) -> [Element] where Element: BitwiseCopyable & Equatable {
        let x = TestBuffer(values, filler: filler)
        let out = TestBuffer(count: places.count, misalignment: 1, filler: filler)
        kernels.fold(
          operation, out: out.pointer, elementBytes: MemoryLayout<Element>.size, x: x.pointer,
          shape: InlineShape(c.shape), strides: InlineShape(c.strides), isFolded: c.axes.contains)
        #expect(out.guardsAreIntact)
        return out.values
      }
      #expect(run(.sumIntegers, integers, 7) == places.map { $0.reduce(0) { $0 &+ integers[$1] } })
      #expect(
        run(.productIntegers, integers, 7) == places.map { $0.reduce(1) { $0 &* integers[$1] } })
      #expect(
        run(.maxIntegers, integers, 7) == places.map { $0.reduce(.min) { max($0, integers[$1]) } })
      #expect(
        run(.maxFloats, floats, 7) == places.map { $0.reduce(-.infinity) { max($0, floats[$1]) } })
      let sums = places.map { $0.reduce(0.0) { $0 + Double(floats[$1]) } }
      let products = places.map { $0.reduce(1.0) { $0 * Double(floats[$1]) } }
      let means = zip(sums, places).map { $0 / Double($1.count) }
      for (operation, expected) in [
        (FoldOperation.sumFloats, sums), (.productFloats, products), (.meanFloats, means),
      ] {
        let worst = worstRatio(run(operation, floats, 7), expected) {
          1.01 * unitRoundoff * abs(expected[$0])
        }
        #expect(worst <= 1, "fold \(operation.rawValue)")
      }
    }
  }

  @Test(arguments: testedInstructionSets)
  func `a NaN is the largest, wherever it stands`(_ isa: InstructionSet) throws {
    let kernels = try makeKernels(threads: 1, isa: isa)
    for (rows, columns, axis) in [(1, 40, 1), (40, 20, 0), (20, 3, 1)] {
      for place in [0, 1, rows * columns - 1] {
        var values = [Float](repeating: 1, count: rows * columns)
        values[place] = .nan
        let x = TestBuffer(values), count = rows * columns / (axis == 0 ? rows : columns)
        let out = TestBuffer<Float>(count: count)
        kernels.fold(
          .maxFloats, out: out.pointer, elementBytes: 4, x: x.pointer, shape: [rows, columns],
          strides: [columns, 1], isFolded: { $0 == axis })
        let hit = axis == 0 ? place % columns : place / columns
        #expect(out.values.indices.allSatisfy { out.values[$0].isNaN == ($0 == hit) })
      }
    }
  }

  /// A view of a dense tensor of this shape.
  private func view<Element>(
    _ buffer: TestBuffer<Element>, _ element: ElementType, _ shape: InlineShape,
    strides: InlineShape? = nil
  ) -> BufferView {
    BufferView(
      base: UnsafeMutableRawPointer(buffer.pointer), element: element, shape: shape,
      strides: strides ?? shape.denseStrides)
  }

  static let sums: [(extents: [Int], axis: Int)] = [
    ([6, 70, 9], 0), ([6, 70, 9], 1), ([6, 70, 9], 2), ([3, 11, 40], 2), ([1, 1, 33], 2),
    ([2, 3, 300], 1),
  ]

  @Test(arguments: sums, [(false, false), (false, true), (true, false), (true, true)])
  func `running sums go along any axis, both ways`(
    sums: (extents: [Int], axis: Int), way: (Bool, Bool)
  ) throws {
    let (isExclusive, isReverse) = way
    let (extents, axis) = sums
    let count = extents.reduce(1, *)
    let values = `A kernel of integers and flags`.numbers(count, seed: 14)
    var random = SeededGenerator(seed: 15)
    let floats = random.floats(count)
    let step = extents[(axis + 1)...].reduce(1, *)
    var expected = values, expectedFloats = floats
    for start in 0..<count where start / step % extents[axis] == 0 {
      var (sum, total): (Int64, Float) = (0, 0)
      for index in 0..<extents[axis] {
        let place = start + (isReverse ? extents[axis] - 1 - index : index) * step
        (expected[place], expectedFloats[place]) =
          isExclusive ? (sum, total) : (sum &+ values[place], total + floats[place])
        (sum, total) = (sum &+ values[place], total + floats[place])
      }
    }
    let shape = InlineShape(extents)
    let (integersIn, floatsIn) = (TestBuffer(values, filler: 0), TestBuffer(floats))
    for threads in testedThreadCounts {
      let kernels = try makeKernels(threads: threads)
      let (out, floatOut) = (
        TestBuffer<Int64>(count: count, filler: 3), TestBuffer<Float>(count: count)
      )
      kernels.cumulate(
        isInteger: true, out: view(out, .i64, shape), x: view(integersIn, .i64, shape), axis: axis,
        isExclusive: isExclusive, isReverse: isReverse)
      kernels.cumulate(
        isInteger: false, out: view(floatOut, .f32, shape), x: view(floatsIn, .f32, shape),
        axis: axis, isExclusive: isExclusive, isReverse: isReverse)
      #expect(out.values == expected)
      #expect(floatOut.values == expectedFloats)
      #expect([integersIn.guardsAreIntact, floatsIn.guardsAreIntact] == [true, true])
    }
  }

  struct Best: CustomTestStringConvertible {
    let (extents, axis, k): ([Int], Int, Int)

    init(_ extents: [Int], along axis: Int, _ k: Int) {
      (self.extents, self.axis, self.k) = (extents, axis, k)
    }

    var testDescription: String { "\(k) of \(extents) along \(axis)" }
  }

  /// Up to 256 places are kept beside the lines, of which 16 are looked at together.
  static let best =
    (0...2).flatMap { axis in [1, 2, 3, 20].map { Best([20, 30, 25], along: axis, $0) } }
    + [255, 256, 257, 400].flatMap { k in
      [Best([2, 3, 400], along: 2, k), Best([400, 17], along: 0, k), Best([400], along: 0, k)]
    }

  @Test(arguments: best)
  func `finds the best of each line, equal ones in their order`(best: Best) throws {
    let (extents, axis, k) = (best.extents, best.axis, best.k)
    let count = extents.reduce(1, *)
    var random = SeededGenerator(seed: 16)
    let integers = (0..<count).map { _ in Int64.random(in: -9...9, using: &random) }
    let floats = integers.map { $0 == 5 ? Float.nan : Float($0) }
    let step = extents[(axis + 1)...].reduce(1, *)
    var found = extents
    found[axis] = k
    func expected(_ isBefore: (Int, Int) -> Bool) -> [Int64] {
      var result = [Int64](repeating: 0, count: found.reduce(1, *))
      for start in 0..<count where start / step % extents[axis] == 0 {
        let sorted = (0..<extents[axis]).sorted {
          let (a, b) = (start + $0 * step, start + $1 * step)
          return isBefore(a, b) || !isBefore(b, a) && $0 < $1
        }
        let target = start / (step * extents[axis]) * step * k + start % step
        for (rank, place) in sorted.prefix(k).enumerated() {
          result[target + rank * step] = Int64(place)
        }
      }
      return result
    }
    let shape = InlineShape(extents)
    let (integersIn, floatsIn) = (TestBuffer(integers, filler: 0), TestBuffer(floats))
    for (isInteger, isLargest) in [(true, true), (true, false), (false, true), (false, false)] {
      let expected = expected { a, b in
        if isInteger { return isLargest ? integers[a] > integers[b] : integers[a] < integers[b] }
        let (x, y) = (floats[a], floats[b])
        return isLargest ? x > y || x.isNaN && !y.isNaN : x < y || y.isNaN && !x.isNaN
      }
      for threads in [1, 2] {
        let out = TestBuffer<Int64>(count: expected.count, filler: -1)
        let x = isInteger ? view(integersIn, .i64, shape) : view(floatsIn, .f32, shape)
        try makeKernels(threads: threads).topK(
          out: view(out, .i64, InlineShape(found)), x: x, axis: axis, isInteger: isInteger,
          isLargest: isLargest)
        #expect(out.values == expected, "integers \(isInteger), largest \(isLargest)")
        #expect(out.guardsAreIntact && integersIn.guardsAreIntact && floatsIn.guardsAreIntact)
      }
    }
  }

  @Test(arguments: 0...1, testedInstructionSets)
  func `softmax goes along outer axes`(axis: Int, isa: InstructionSet) throws {
    let (extents, count) = ([9, 7, 40], 9 * 7 * 40)
    var random = SeededGenerator(seed: 17)
    let values = random.floats(count, in: -5...5)
    let step = extents[(axis + 1)...].reduce(1, *)
    let expected = (0..<count).map { place -> Double in
      let start = place - place / step % extents[axis] * step
      let line = (0..<extents[axis]).map { Double(values[start + $0 * step]) }
      let largest = line.max() ?? 0
      let sum = line.reduce(0) { $0 + ReferenceMath.unary(.exp, $1 - largest) }
      return ReferenceMath.unary(.exp, Double(values[place]) - largest) / sum
    }
    let shape = InlineShape(extents)
    let results = try [1, 3].map { threads in
      let x = TestBuffer(values)
      try makeKernels(threads: threads, scratch: Kernels.softmaxColumnScratch, isa: isa)
        .softmaxColumns(out: view(x, .f32, shape), x: view(x, .f32, shape), axis: axis)
      return x
    }
    #expect(
      worstRatio(results[0].values, expected) { 16 * unitRoundoff * abs(expected[$0]) } <= 1)
    #expect(results[0].bits == results[1].bits)
  }
}
