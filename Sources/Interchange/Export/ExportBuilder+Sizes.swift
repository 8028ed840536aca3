import IR
import Tensors

extension ExportBuilder {
  /// A size as a vector of one i64, computed from the shapes of the inputs where it is symbolic.
  func size(_ size: Dim) throws -> ExportedValue {
    if let value = size.constant { return integers([value]) }
    if let known = knownSizes[size] { return known }
    let outer = scope
    scope = ("size.\(size)", "size \(size)")
    defer { scope = outer }
    let result = try computed(size)
    name(result, "size.\(size)", .graph)
    knownSizes[size] = result
    return result
  }

  private func computed(_ size: Dim) throws -> ExportedValue {
    let single = TensorType(.i64, [1])
    if size.symbols.count == 1, size == Dim(symbol: size.symbols[0]) {
      return try symbol(size.symbols[0])
    }
    if let (value, axis) = measured(size) { return try extent(of: value, axis) }
    let products = try size.products.map { product in
      let symbols = try product.symbols.map { try self.size(Dim(symbol: $0)) }
      let isPlain = product.coefficient == 1 && !symbols.isEmpty
      let factors = (isPlain ? [] : [integers([product.coefficient])]) + symbols
      return try factors.dropFirst().reduce(factors[0]) { try op("Mul", [$0, $1], [:], single) }
    }
    return try products.dropFirst().reduce(products[0]) { try op("Add", [$0, $1], [:], single) }
  }

  /// A symbol is the extent of an input, or one more than the rows that an operation finds. Where
  /// neither has it, it is an input itself.
  private func symbol(_ name: String) throws -> ExportedValue {
    let extent = Dim(symbol: name)
    for input in inputs {
      guard let axis = input.shape.firstIndex(of: extent) else { continue }
      return try self.extent(of: input, axis)
    }
    let rows = try extent - 1
    if measured(rows) != nil { return try op("Add", [size(rows), integers([1])]) }
    let given = try input(name, TensorType(.i64, []), doc: "the size \(name)")
    return try op("Reshape", [given, integers([1])], [:], TensorType(.i64, [1]))
  }

  private func extent(of value: ExportedValue, _ axis: Int) throws -> ExportedValue {
    let shape = try op("Shape", [value], [:], TensorType(.i64, [Dim(value.rank)]))
    return try op("Gather", [shape, integers([axis])], ["axis": .int(0)], TensorType(.i64, [1]))
  }

  /// Sizes as one vector.
  func sizes(_ sizes: Shape) throws -> ExportedValue {
    if let known = sizes.constants { return integers(known) }
    let parts = try sizes.map { try size($0) }
    return try op("Concat", parts, ["axis": .int(0)], TensorType(.i64, [Dim(sizes.count)]))
  }
}
