import Tensors

/// A dense row-major value of the reference interpreter. Every element is held in double precision,
/// which is exact for all element types except integers beyond 2^53.
public struct HostTensor: Hashable, Sendable {
  public var element: ElementType
  public var shape: [Int]
  public var values: [Double]

  public init(_ element: ElementType, _ shape: [Int], _ values: [Double]) {
    precondition(values.count == shape.reduce(1, *), "value count does not match the shape")
    self.element = element
    self.shape = shape
    self.values = values
  }

  public init(_ element: ElementType, _ shape: [Int], repeating value: Double) {
    self.init(element, shape, Array(repeating: value, count: shape.reduce(1, *)))
  }

  /// The elements of a stored tensor.
  public init(_ data: TensorData) {
    let values =
      data.elements(as: Double.self) ?? data.integers().map { $0.map { Double($0) } }
      ?? data.floats().map { Double($0) }
    self.init(data.elementType, data.shape, values)
  }

  public static func scalar(_ value: Double, _ element: ElementType = .f32) -> HostTensor {
    HostTensor(element, [], [value])
  }

  public var count: Int { values.count }

  /// Row-major strides in elements.
  public var strides: [Int] { shape.rowMajorStrides }

  /// Reads the elements at `offset + Σ iₐ·strides[a]` for every index of `shape`, row-major.
  public func gathered(shape: [Int], strides: [Int], offset: Int = 0) -> [Double] {
    let source = values
    var result: [Double] = []
    result.reserveCapacity(shape.reduce(1, *))
    StridedIndices(shape: shape, strides: strides, offset: offset).forEach {
      result.append(source[$0])
    }
    return result
  }

  /// Strides that read this tensor as `target` by NumPy's broadcasting rules (0 where repeated).
  /// The shapes must be compatible.
  func broadcastStrides(to target: [Int]) -> [Int] {
    let own = strides
    let lead = target.count - shape.count
    return target.indices.map { axis in
      axis < lead || shape[axis - lead] == 1 ? 0 : own[axis - lead]
    }
  }

  func broadcast(to target: [Int]) -> HostTensor {
    target == shape
      ? self
      : HostTensor(element, target, gathered(shape: target, strides: broadcastStrides(to: target)))
  }

  /// The elements at indices below `extents`, which are no larger than this tensor's.
  func corner(_ extents: [Int]) -> HostTensor {
    extents == shape
      ? self : HostTensor(element, extents, gathered(shape: extents, strides: strides))
  }

  /// Writes the elements of a tensor that is no larger to the same indices of this one.
  mutating func replaceCorner(with corner: HostTensor) {
    guard corner.shape != shape else { return self = corner }
    var next = 0
    StridedIndices(shape: corner.shape, strides: strides, offset: 0).forEach {
      values[$0] = corner.values[next]
      next += 1
    }
  }

  func map(_ element: ElementType? = nil, _ transform: (Double) -> Double) -> HostTensor {
    HostTensor(element ?? self.element, shape, values.map(transform))
  }
}

/// Element positions of a strided box in row-major order of its indices.
struct StridedIndices {
  let shape: [Int]
  let strides: [Int]
  let offset: Int

  func forEach(_ body: (Int) -> Void) {
    guard !shape.contains(0) else { return }
    guard let width = shape.last, let step = strides.last else { return body(offset) }
    let (extents, steps) = (shape, strides)
    var index = [Int](repeating: 0, count: extents.count)
    var start = offset
    while true {
      var (position, remaining) = (start, width)
      while remaining > 0 {
        body(position)
        position += step
        remaining -= 1
      }
      var axis = extents.count - 2
      while axis >= 0 {
        index[axis] += 1
        start += steps[axis]
        if index[axis] < extents[axis] { break }
        start -= steps[axis] * extents[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

extension HostTensor {
  /// The values in memory, as the element type holds them.
  package var data: TensorData {
    switch element {
    case .f64: TensorData(values, shape: shape)
    case .f32: TensorData(values.map { Float($0) }, shape: shape)
    case .i64: TensorData(values.map { Int64(clamping: $0) }, shape: shape)
    case let type where type.isFloatingPoint:
      TensorData(values.map { Float($0) }, shape: shape).converted(to: type)
    default: TensorData(element, shape: shape) { fillIntegers($0) }
    }
  }

  private func fillIntegers(_ bytes: UnsafeMutableRawBufferPointer) {
    let size = element.byteCount
    for (index, value) in values.enumerated() {
      let bits = Int64(clamping: element.converted(value))
      for byte in 0..<size {
        bytes[index * size + byte] = UInt8(truncatingIfNeeded: bits >> Int64(8 * byte))
      }
    }
  }
}

extension [Int] {
  var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: count)
    for axis in indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * self[axis + 1] }
    return strides
  }
}
