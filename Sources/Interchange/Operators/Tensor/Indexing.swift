import IR
import Tensors

/// Operators that choose elements or put them together.
extension ONNXOperator {
  static let concat: Build = { node in
    guard let given = try node.int("axis") else { throw ONNXError("attribute axis is missing") }
    let parts = try node.inputs.indices.map { try node.input($0) }
    return [try node.concat(parts, axis: try node.axis(given, rank: parts[0].rank))]
  }

  // MARK: Split

  static let split: Build = { node in
    let x = try node.input(0)
    let axis = try node.axis(try node.int("axis") ?? 0, rank: x.rank)
    let lengths = try node.ints("split").map { $0.map { Dim($0) } } ?? node.sizes(1, "lengths")
    var start: Dim = 0
    return try (lengths ?? equalParts(of: x.shape[axis], node)).map { length in
      let end = try start + length
      defer { start = end }
      return try node.slice(x, axis: axis, start, end)
    }
  }

  private static func equalParts(of extent: Dim, _ node: NodeImport) throws -> [Dim] {
    let count = try node.int("num_outputs") ?? node.node.outputs.count
    guard count > 0, count <= anyNumber.upperBound else { throw ONNXError("it has no outputs") }
    if let part = extent.dividedExactly(by: Dim(count)) {
      return Array(repeating: part, count: count)
    }
    // The last part is the smaller one.
    guard node.version >= 18, let size = extent.constant else {
      throw ONNXError("\(extent) does not divide into \(count) parts")
    }
    let part = (size + count - 1) / count
    return (0..<count).map { Dim(max(min(part, size - $0 * part), 0)) }
  }

  // MARK: Slice

  static let sliceByAttributes: Build = { node in
    guard let starts = try node.ints("starts"), let ends = try node.ints("ends") else {
      throw ONNXError("starts or ends is missing")
    }
    return [
      try slice(
        node, starts.map { Dim(clamping: $0) }, ends.map { Dim(clamping: $0) }, node.ints("axes"),
        nil)
    ]
  }

  static let sliceByInputs: Build = { node in
    guard let starts = try node.sizes(1, "starts"), let ends = try node.sizes(2, "ends") else {
      throw ONNXError("starts or ends is missing")
    }
    return [
      try slice(node, starts, ends, node.integers(3, "axes"), node.integers(4, "steps"))
    ]
  }

  private static func slice(
    _ node: NodeImport, _ starts: [Dim], _ ends: [Dim], _ axes: [Int]?, _ steps: [Int]?
  ) throws -> ImportedValue {
    var x = try node.input(0)
    let axes = try node.axes(axes ?? Array(starts.indices), rank: x.rank)
    let steps = steps ?? starts.map { _ in 1 }
    guard starts.count == axes.count, ends.count == axes.count, steps.count == axes.count else {
      throw ONNXError("starts, ends, axes and steps are not equally many")
    }
    for (index, axis) in axes.enumerated() {
      let extent = x.shape[axis]
      if steps[index] == 1 {
        let start = try bound(starts[index], extent, node)
        let end = try bound(ends[index], extent, node)
        let isEmpty = try (end - start).constant.map { $0 < 0 } ?? false
        x = try node.slice(x, axis: axis, start, isEmpty ? start : end)
      } else {
        let indices = try strided(starts[index], ends[index], steps[index], extent)
        x = try pick(node, indices, of: x, axis: axis)
      }
    }
    return x
  }

  /// A bound counted from the front, within 0…extent.
  private static func bound(_ bound: Dim, _ extent: Dim, _ node: NodeImport) throws -> Dim {
    if let value = bound.constant {
      if let size = extent.constant {
        return Dim(min(max(value < 0 ? value + size : value, 0), size))
      }
      if value == 0 || value == -Dim.limit { return 0 }
      // Anything beyond what the axis can have means its end.
      if value >= (try extent.largest(node.builder.bounds)) { return extent }
      return value < 0 ? try extent + bound : bound
    }
    if try (bound - extent).largest(node.builder.bounds) <= 0 { return bound }
    throw ONNXError("it slices up to \(bound) of an axis of \(extent), which may be less")
  }

  private static func strided(_ start: Dim, _ end: Dim, _ step: Int, _ extent: Dim) throws -> [Int]
  {
    guard step != 0, step > -Dim.limit, step < Dim.limit else {
      throw ONNXError("it slices in steps of \(step)")
    }
    guard let size = extent.constant, let start = start.constant, let end = end.constant else {
      throw ONNXError("it slices in steps of \(step) over a size that is not fixed")
    }
    let low = step > 0 ? 0 : -1
    let high = step > 0 ? size : size - 1
    func clamped(_ bound: Int) -> Int { min(max(bound < 0 ? bound + size : bound, low), high) }
    let (first, last) = (clamped(start), clamped(end))
    guard (last - first) / step <= ImportBuilder.knownLimit else {
      throw ONNXError(
        "it slices an axis of \(size) in steps of \(step), more than \(ImportBuilder.knownLimit) places"
      )
    }
    return Array(stride(from: first, to: last, by: step))
  }

  // MARK: Gather

  static let gather: Build = { node in
    let (x, indices) = (try node.input(0), try node.input(1))
    let axis = try node.axis(try node.int("axis") ?? 0, rank: x.rank)
    let shape = x.shape[..<axis] + indices.shape + x.shape[(axis + 1)...]
    if let known = indices.integers, let extent = x.shape[axis].constant {
      let wrapped = try known.map { index in
        let wrapped = index < 0 ? index + extent : index
        guard (0..<extent).contains(wrapped) else {
          throw ONNXError("index \(index) is outside an axis of \(extent)")
        }
        return wrapped
      }
      if runs(of: wrapped).count <= 64 || x.known != nil || x.sizes != nil {
        return [try node.reshape(try pick(node, wrapped, of: x, axis: axis), Array(shape))]
      }
      let ids = ImportedValue(
        HostTensor(.i64, indices.shape.constants ?? [], wrapped.map(Double.init)))
      return [try lookup(node, ids, in: x, axis: axis, Array(shape))]
    }
    if let known = indices.integers, known.count == 1 {
      let start = try place(known[0], in: x.shape[axis], node)
      let part = try node.slice(x, axis: axis, start, try start + 1, as: "part")
      return [try node.reshape(part, Array(shape))]
    }
    return [try lookup(node, indices, in: x, axis: axis, Array(shape))]
  }

  /// An index into an axis of an open size, which must have it at every size.
  private static func place(_ index: Int, in extent: Dim, _ node: NodeImport) throws -> Dim {
    let place = index < 0 ? try extent + Dim(clamping: index) : Dim(clamping: index)
    let bounds = node.builder.bounds
    guard try (Dim(0) - place).largest(bounds) <= 0, try (place - extent).largest(bounds) < 0 else {
      throw ONNXError("index \(index) may be outside an axis of \(extent)")
    }
    return place
  }

  /// Elements at indices that come with the data. Rows of a weight are an embedding, which kernels read
  /// as it is stored.
  private static func lookup(
    _ node: NodeImport, _ indices: ImportedValue, in x: ImportedValue, axis: Int, _ shape: Shape
  ) throws -> ImportedValue {
    guard axis == 0, case .weight = x.content, x.type.element.isFloatingPoint else {
      return try node.op("gather", [x, indices], ["axis": .integer(axis)])
    }
    let width = try Array(x.shape.dropFirst()).elementCount()
    let table = try node.reshape(x, [x.shape[0], width], as: "table")
    let rows = try node.op(
      "embedding", [table, indices], as: "rows")
    return try node.reshape(rows, shape)
  }

  /// The elements at known indices along an axis, as slices of runs.
  static func pick(
    _ node: NodeImport, _ indices: [Int], of x: ImportedValue, axis: Int
  ) throws -> ImportedValue {
    guard !indices.isEmpty else { return try node.slice(x, axis: axis, 0, 0) }
    let runs = runs(of: indices)
    guard runs.count <= 1 << 16 else { throw ONNXError("it picks too many single elements") }
    let parts = try runs.map {
      try node.slice(x, axis: axis, Dim($0.lowerBound), Dim($0.upperBound), as: "part")
    }
    return try node.concat(parts, axis: axis)
  }

  /// Indices as ranges that follow each other.
  static func runs(of indices: [Int]) -> [Range<Int>] {
    indices.reduce(into: []) { runs, index in
      if let last = runs.last, last.upperBound == index {
        runs[runs.count - 1] = last.lowerBound..<index + 1
      } else {
        runs.append(index..<index + 1)
      }
    }
  }

  // MARK: Triangles

  static let trilu: Build = { node in
    let x = try node.input(0)
    let shift = try node.integers(1, "diagonal") ?? [0]
    guard x.rank >= 2, shift.count == 1 else {
      throw ONNXError("it needs a matrix and a diagonal")
    }
    let matrix = Array(x.shape[(x.rank - 2)...])
    // Column j of row i is in the upper triangle unless j - i is below the diagonal.
    let difference = try node.op(
      "sub", [node.places(along: 1, of: matrix), node.places(along: 0, of: matrix)],
      as: "difference")
    let isUpper = try node.int("upper") != 0
    let isCut = try node.op(
      "less",
      isUpper
        ? [difference, .scalar(Double(shift[0]), .i64)]
        : [.scalar(Double(shift[0]), .i64), difference], as: "cut")
    return [try node.op("where", [isCut, node.constant(0, like: x), x])]
  }
}

extension Dim {
  /// The nearest size to a number that may be beyond any.
  fileprivate init(clamping value: Int) {
    self.init(Swift.min(Swift.max(value, -Self.limit), Self.limit))
  }
}
