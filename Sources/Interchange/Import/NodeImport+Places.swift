import IR
import Tensors

extension NodeImport {
  /// 0, 1, … along an axis, with an extent of 1 along all others.
  func places(along axis: Int, of shape: Shape) throws -> ImportedValue {
    guard shape.indices.contains(axis) else {
      throw ONNXError("a shape of \(shape.count) axes is too short")
    }
    let count = try op("iota", [], ["count": .dimension(shape[axis])], as: "places")
    return try reshape(
      count, shape.indices.map { $0 == axis ? shape[axis] : 1 }, as: "places")
  }

  func size(_ size: Dim) -> ImportedValue { ImportedValue(sizes: [size], shape: []) }

  /// Indices counted from the front.
  func wrapped(_ ids: ImportedValue, extent: Dim) throws -> ImportedValue {
    if let known = ids.known, known.values.allSatisfy({ $0 >= 0 }) { return ids }
    let isNegative = try op("less", [ids, .scalar(0, .i64)], as: "negative")
    let raised = try op("add", [ids, size(extent)], as: "raised")
    return try op("where", [isNegative, raised, ids], as: "index")
  }

  /// Where the element stands, in row-major order of `shape`, that has each index of `ids` along
  /// `axis` and the index's own place along all other axes.
  func flatPlaces(_ ids: ImportedValue, axis: Int, in shape: Shape) throws -> ImportedValue {
    let index = try wrapped(ids, extent: shape[axis])
    return try shape.indices.reduce(nil as ImportedValue?) { sum, other in
      let step = try Array(shape[(other + 1)...]).elementCount()
      let place = other == axis ? index : try places(along: other, of: ids.shape)
      let scaled = step.isOne ? place : try op("mul", [place, size(step)], as: "offset")
      return try sum.map { try op("add", [$0, scaled], as: "place") } ?? scaled
    } ?? index
  }

  /// Elements of `x` at row-major places.
  func elements(of x: ImportedValue, at places: ImportedValue, as suffix: String = "") throws
    -> ImportedValue
  {
    let line = try reshape(x, [try x.shape.elementCount()], as: "line")
    return try op("gather", [line, places], ["axis": .integer(0)], as: suffix)
  }

  /// Elements at known indices along an axis.
  func take(_ indices: [Int], of x: ImportedValue, axis: Int, as suffix: String = "") throws
    -> ImportedValue
  {
    if ONNXOperator.runs(of: indices).count <= 16 {
      return try ONNXOperator.pick(self, indices, of: x, axis: axis)
    }
    let ids = ImportedValue(HostTensor(.i64, [indices.count], indices.map(Double.init)))
    return try op("gather", [x, ids], ["axis": .integer(axis)], as: suffix)
  }

  /// How many elements a box has that is looked into while importing.
  func count(_ extents: [Int], upTo limit: Int = ImportBuilder.knownLimit) throws -> Int {
    try extents.reduce(1) { count, extent in
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow, product <= limit else {
        throw ONNXError("\(extents) has more than the \(limit) elements that are supported")
      }
      return product
    }
  }

  /// Constant numbers.
  func constant(_ values: [Double], _ shape: [Int]) -> ImportedValue {
    ImportedValue(HostTensor(.f32, shape, values.map { Double(Float($0)) }))
  }
}
