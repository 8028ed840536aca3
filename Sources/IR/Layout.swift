import Tensors

/// How a value's elements lie in the storage of its root: element (i₀, i₁, …) is at
/// `offset + Σ iₐ · strides[a]`, all counted in elements.
public struct Layout: Hashable, Sendable {
  /// What owns the storage: a parameter, the result of a non-view operation, or a module tensor.
  public var root: Operand
  public var offset: Dim
  public var strides: [Dim]

  public init(root: Operand, offset: Dim = 0, strides: [Dim]) {
    self.root = root
    self.offset = offset
    self.strides = strides
  }

  /// A fresh row-major layout.
  public init(root: Operand, rowMajor shape: Shape) throws {
    self.init(root: root, strides: try shape.rowMajorStrides())
  }

  /// Row-major without gaps; axes of extent 1 may have any stride.
  public func isContiguous(for shape: Shape) throws -> Bool {
    var expected: Dim = 1
    for axis in shape.indices.reversed() where !shape[axis].isOne {
      guard strides[axis] == expected else { return false }
      expected = try expected * shape[axis]
    }
    return true
  }

  /// Strides under which a tensor of `shape` and these strides can be read as `newShape` without
  /// moving any element, or nil when a copy is needed.
  ///
  /// Walks both shapes from the innermost axis. Old axes that follow each other in memory without a
  /// gap form a chunk; the new axes must split each chunk exactly (the rule of PyTorch's `view`).
  public func strides(viewing shape: Shape, as newShape: Shape) throws -> [Dim]? {
    guard try shape.elementCount() == newShape.elementCount() else { return nil }
    var result = [Dim](repeating: 1, count: newShape.count)
    var next = newShape.count - 1
    var chunk: Dim = 1
    var base: Dim = 1
    var chunkIsOpen = false
    for axis in shape.indices.reversed() where !shape[axis].isOne {
      if !chunkIsOpen {
        base = strides[axis]
        chunkIsOpen = true
      }
      chunk = try chunk * shape[axis]
      let outer = shape.indices.prefix(axis).last { !shape[$0].isOne }
      if let outer, try strides[outer] == base * chunk { continue }
      var covered: Dim = 1
      while next >= 0, covered != chunk || newShape[next].isOne {
        result[next] = try base * covered
        covered = try covered * newShape[next]
        next -= 1
      }
      guard covered == chunk else { return nil }
      chunk = 1
      chunkIsOpen = false
    }
    return result
  }
}

/// A view that its operand's strides do not allow, such as a reshape of a transposed value.
public struct LayoutError: Error, Sendable, CustomStringConvertible {
  /// Index of the operation in its function.
  public let operation: Int
  public let description: String
}

extension Layout {
  /// The layout of every value of a function, by value index. Throws `LayoutError` for the first
  /// view that does not fit.
  public static func analyze(_ function: Function, in module: Module) throws -> [Layout] {
    var layouts = try function.values.indices.map { index in
      try Layout(root: .value(ValueID(index)), rowMajor: function.values[index].type.shape)
    }
    for (index, operation) in function.operations.enumerated() {
      guard let view = OpRegistry.definition(of: operation.op)?.view,
        let first = operation.operands.first ?? nil
      else { continue }
      do {
        let source = try first.value.map { layouts[$0.index] } ?? module.layout(of: first)
        layouts[operation.result.index] = try view(module.site(of: operation, in: function), source)
      } catch {
        throw LayoutError(operation: index, description: "\(error)")
      }
    }
    return layouts
  }
}

extension Module {
  /// The extents a module tensor takes in memory: its shape with every symbol at its bound.
  public func storageShape(of id: TensorID) throws -> Shape {
    try tensors[id.index].type.shape.evaluate(bounds).map { Dim($0) }
  }

  /// Module tensors are stored row-major at their bounds.
  package func layout(of tensor: Operand) throws -> Layout {
    guard let id = tensor.tensor else { throw OpError("not a module tensor") }
    return try Layout(root: tensor, rowMajor: storageShape(of: id))
  }

  /// The operation as its definition sees it. The op must exist.
  public func site(of operation: Operation, in function: Function) throws -> OpSite {
    OpSite(
      definition: try OpRegistry.required(operation.op),
      types: operation.operands.map { $0.map { type(of: $0, in: function) } },
      attributes: operation.attributes)
  }
}
