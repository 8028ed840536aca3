import IR
import Tensors

/// Operators that make values, and those that tell sizes.
extension ONNXOperator {
  static let constant: Build = { node in
    guard node.attributes.count == 1, let value = node.attributes.first?.value else {
      throw ONNXError("it needs exactly one value")
    }
    switch value {
    case .tensor(let tensor):
      return [node.builder.constant(node.name, try tensor.data(in: node.files))]
    case .int(let number): return [.scalar(Double(number), .i64)]
    case .float(let number): return [.scalar(number)]
    case .ints(let numbers):
      return [ImportedValue(HostTensor(.i64, [numbers.count], numbers.map(Double.init)))]
    case .floats(let numbers): return [ImportedValue(HostTensor(.f32, [numbers.count], numbers))]
    default: throw ONNXError("it has a value of a kind that is not supported")
    }
  }

  static let constantOfShape: Build = { node in
    guard let shape = try node.sizes(0, "sizes") else { throw ONNXError("input 0 is missing") }
    var value = ImportedValue.scalar(0)
    if case .tensor(let tensor)? = node.attributes.first?.value {
      value = node.builder.constant(node.name, try tensor.data(in: node.files))
    }
    guard value.known?.count == 1 else { throw ONNXError("attribute value is not one number") }
    return [try node.broadcast(try node.reshape(value, []), shape)]
  }

  static let shape: Build = { node in
    let shape = try node.input(0).shape
    func clamp(_ index: Int) -> Int {
      min(max(index < 0 ? index + shape.count : index, 0), shape.count)
    }
    let start = clamp(try node.int("start") ?? 0)
    let end = max(clamp(try node.int("end") ?? shape.count), start)
    return [ImportedValue(sizes: Array(shape[start..<end]), shape: [end - start])]
  }

  static let size: Build = { node in
    [ImportedValue(sizes: [try node.input(0).shape.elementCount()], shape: [])]
  }

  static let range: Build = { node in
    let values = try (0..<3).map { try node.input($0) }
    guard values.allSatisfy({ $0.type.element == .i64 }) else {
      return [try realRange(node, values)]
    }
    let numbers = try (0..<3).map { try node.sizes($0, "bounds")?.first ?? 0 }
    guard let step = numbers[2].constant, step != 0 else {
      throw ONNXError("its step is 0 or not known")
    }
    let span = try numbers[1] - numbers[0]
    var count = span
    if step != 1 {
      guard let length = span.constant else {
        throw ONNXError("it counts in steps of \(step) up to a size that is not fixed")
      }
      count = Dim(max((length + step - step.signum()) / step, 0))
    } else if let length = span.constant {
      count = Dim(max(length, 0))
    }
    let start = step == 1 ? numbers[0] : 0
    let counted = try node.op(
      "iota", [], ["count": .dimension(count), "start": .dimension(start)],
      as: step == 1 ? "" : "count")
    guard step != 1 else { return [counted] }
    let scaled = try node.op("mul", [counted, .scalar(Double(step), .i64)], as: "scaled")
    return [try node.op("add", [scaled, ImportedValue(sizes: [numbers[0]], shape: [])])]
  }

  private static func realRange(
    _ node: NodeImport, _ values: [ImportedValue]
  ) throws -> ImportedValue {
    let numbers = values.compactMap { $0.known?.values.first }
    guard numbers.count == 3, numbers[2] != 0, numbers.allSatisfy(\.isFinite) else {
      throw ONNXError("its bounds are not known")
    }
    let count = ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up)
    guard count < Double(ImportBuilder.knownLimit) else { throw ONNXError("it is too long") }
    let elements = (0..<max(Int(count), 0)).map { numbers[0] + Double($0) * numbers[2] }
    return ImportedValue(HostTensor(.f32, [elements.count], elements.map { Double(Float($0)) }))
  }
}
