import Foundation
import IR
import Tensors

/// Operators on signals, and what is made of numbers alone.
extension ONNXOperator {
  // MARK: Windows of a signal

  /// Σ coefficientsₖ·cos(2πkn/N), N one less for a symmetric window.
  static func cosineWindow(_ coefficients: [Double]) -> Build {
    { node in
      guard let size = try node.integers(0, "size")?.first,
        (0...ImportBuilder.knownLimit).contains(size)
      else { throw ONNXError("it needs a size") }
      let span = Double(try node.int("periodic") == 0 ? size - 1 : size)
      let values = (0..<size).map { index -> Double in
        coefficients.enumerated().reduce(0.0) { sum, term -> Double in
          let turns = Double(term.offset * index) / span
          return sum + term.element * cos(2 * Double.pi * turns)
        }
      }
      let element = try node.type("output_datatype")?.element ?? .f32
      return [node.constant(values, [size]).declaring(element)]
    }
  }

  /// Triangles whose corners are equally far apart on the mel scale, as a matrix from frequencies.
  static let melWeightMatrix: Build = { node in
    let numbers = try (0..<5).map { index -> Double in
      guard let value = try node.numbers(index)?.first else { throw ONNXError("it lacks a number") }
      return value
    }
    guard (1...4096).contains(numbers[0]), (1...65536).contains(numbers[1]), numbers[2] >= 1,
      numbers[3...].allSatisfy({ (0...1e9).contains($0) })
    else { throw ONNXError("its sizes or frequencies do not fit") }
    let (bins, length, rate) = (Int(numbers[0]), numbers[1], numbers[2])
    func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }
    let frequencies = Int(length) / 2 + 1
    let low = mel(numbers[3])
    let step = (mel(numbers[4]) - low) / Double(bins + 2)
    let corners = (0..<bins + 2).map { index -> Int in
      let octaves: Double = (low + Double(index) * step) / 2595
      let hertz: Double = 700 * (exp(octaves * log(10.0)) - 1)
      let place = ((length + 1) * hertz / rate).rounded(.down)
      return Int(min(max(place, 0), Double(frequencies - 1)))
    }
    var matrix = [Double](repeating: 0, count: frequencies * bins)
    for bin in 0..<bins {
      let (start, centre, end) = (corners[bin], corners[bin + 1], corners[bin + 2])
      matrix[centre * bins + bin] = 1
      for place in start..<max(centre, start) {
        matrix[place * bins + bin] = Double(place - start) / Double(centre - start)
      }
      for place in centre..<max(end, centre) {
        matrix[place * bins + bin] = Double(end - place) / Double(end - centre)
      }
    }
    let element = try node.type("output_datatype")?.element ?? .f32
    return [node.constant(matrix, [frequencies, bins]).declaring(element)]
  }

  // MARK: Fourier transforms

  static let dftByAttribute: Build = { node in
    let x = try node.computed(try node.input(0))
    return [try dft(node, x, axis: try node.int("axis") ?? 1, length: node.integers(1, "length"))]
  }

  static let dftByInput: Build = { node in
    let x = try node.computed(try node.input(0))
    let axis = try node.integers(2, "axis")?.first ?? -2
    return [try dft(node, x, axis: axis, length: node.integers(1, "length"))]
  }

  private static func dft(
    _ node: NodeImport, _ x: ImportedValue, axis: Int, length: [Int]?
  ) throws -> ImportedValue {
    let axis = try node.axis(axis, rank: x.rank)
    guard axis < x.rank - 1, let extent = x.shape[axis].constant,
      let length = length.map(\.first) ?? extent, (1...1 << 12).contains(length)
    else { throw ONNXError("\(x.type) is no signal that can be transformed along axis \(axis)") }
    // As long as it says, cut or filled with zeros.
    let signal = try padded(node, x, axis, 0, length - extent, .scalar(0))
    let order = (0..<x.rank).filter { $0 != axis } + [axis]
    let lines = try node.transpose(signal, order, as: "lines")
    let result = try transformed(node, lines, length)
    // […, part, frequency] back to the place of the axis.
    let back = (0..<x.rank).map { $0 == axis ? x.rank - 1 : ($0 < axis ? $0 : $0 - 1) }
    return try node.transpose(result, back)
  }

  /// The transform of […, 1 or 2 (real and imaginary), places], as […, 2, frequencies].
  private static func transformed(
    _ node: NodeImport, _ x: ImportedValue, _ length: Int
  ) throws -> ImportedValue {
    let isInverse = try node.flag("inverse")
    let count = try node.flag("onesided") ? length / 2 + 1 : length
    let scale = isInverse ? 1 / Double(length) : 1
    _ = try node.count([count, length], upTo: 1 << 24)
    func matrix(_ wave: (Double) -> Double) -> ImportedValue {
      let turn = (0..<length).map { wave(2 * Double.pi * Double($0) / Double(length)) * scale }
      let values = (0..<count).flatMap { row in
        (0..<length).map { column in turn[row * column % length] }
      }
      return node.constant(values, [count, length])
    }
    let sign = isInverse ? 1.0 : -1.0
    let (cosines, sines) = (matrix(cos), matrix { sign * sin($0) })
    let parts = x.rank - 2
    func part(_ index: Int) throws -> ImportedValue {
      try node.slice(x, axis: parts, Dim(index), Dim(index + 1), as: "part")
    }
    func product(_ x: ImportedValue, _ matrix: ImportedValue) throws -> ImportedValue {
      try node.op("matmul", [x, matrix], ["transpose_b": .flag(true)], as: "waves")
    }
    let real = try part(0)
    var sums = [try product(real, cosines), try product(real, sines)]
    if x.shape[parts] == 2 {
      let imaginary = try part(1)
      sums[0] = try node.op("sub", [sums[0], product(imaginary, sines)], as: "real")
      sums[1] = try node.op("add", [sums[1], product(imaginary, cosines)], as: "imaginary")
    }
    return try node.concat(sums, axis: parts, as: "transform")
  }

  /// Transforms of the frames of a signal.
  static let stft: Build = { node in
    let x = try node.computed(try node.input(0))
    guard let step = try node.integers(1, "step")?.first, step > 0, x.rank == 3 || x.rank == 2,
      let extent = x.shape[1].constant,
      let length = try node.optional(2)?.shape.first?.constant ?? node.integers(3, "length")?.first,
      length > 0, length <= extent
    else { throw ONNXError("\(try node.input(0).type) is no signal with frames") }
    let count = (extent - length) / step + 1
    _ = try node.count([count, length])
    let signal = x.rank == 2 ? try node.reshape(x, x.shape + [1], as: "signal") : x
    let ids = (0..<count).flatMap { frame in (0..<length).map { frame * step + $0 } }
    let frames = try node.op(
      "gather",
      [signal, ImportedValue(HostTensor(.i64, [count, length], ids.map(Double.init)))],
      ["axis": .integer(1)], as: "frames")
    var lines = try node.transpose(frames, [0, 1, 3, 2], as: "lines")
    if let window = node.optional(2) {
      lines = try node.op("mul", [lines, window], as: "windowed")
    }
    let isSided = try node.int("onesided") != 0
    let waves = try transformed(
      node.with(attribute: "onesided", .int(isSided ? 1 : 0)), lines, length)
    return [try node.transpose(waves, [0, 1, 3, 2])]
  }

  // MARK: Determinants

  /// Along the first row, of matrices up to 4x4.
  static let determinant: Build = { node in
    let x = try node.input(0)
    guard x.rank >= 2, let side = x.shape[x.rank - 1].constant, x.shape[x.rank - 2] == Dim(side),
      (1...4).contains(side)
    else { throw ONNXError("matrices of \(try node.input(0).type) are not supported") }
    let shape = Array(x.shape.dropLast(2))
    func element(_ row: Int, _ column: Int) throws -> ImportedValue {
      let line = try node.slice(x, axis: x.rank - 2, Dim(row), Dim(row + 1), as: "row")
      let place = try node.slice(
        line, axis: x.rank - 1, Dim(column), Dim(column + 1), as: "element")
      return try node.reshape(place, shape, as: "element")
    }
    func minor(_ row: Int, _ columns: [Int]) throws -> ImportedValue {
      guard row < side - 1 else { return try element(row, columns[0]) }
      var sum: ImportedValue?
      for (index, column) in columns.enumerated() {
        let rest = try minor(row + 1, columns.filter { $0 != column })
        let product = try node.op("mul", [element(row, column), rest], as: "product")
        sum =
          try sum.map { try node.op(index % 2 == 0 ? "add" : "sub", [$0, product], as: "sum") }
          ?? product
      }
      return try sum ?? element(row, 0)
    }
    return [try minor(0, Array(0..<side))]
  }
}
