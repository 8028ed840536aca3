import IR
import Tensors

/// A value of an ONNX graph, with as much of it as is known while importing.
///
/// Exported graphs compute shapes with the same operators as everything else. What depends on sizes
/// and constants only is computed at once and becomes no operation.
struct ImportedValue {
  enum Content {
    /// Computed when the graph runs.
    case operand(Operand)
    /// All elements are known.
    case known(HostTensor)
    /// Integers that are sizes, row-major; at least one of them is symbolic.
    case sizes([Dim])
    /// A constant whose elements stay in their file: a position in `ImportBuilder.weights`.
    case weight(Int)
    /// No tensor, but a list of some, which is known while importing.
    case sequence([ImportedValue])
  }

  var content: Content
  var type: TensorType
  /// The element type that the model gives it, where that is narrower than the one it is computed in.
  var declared: ElementType?

  init(_ content: Content, _ type: TensorType) {
    self.content = content
    self.type = type
  }

  init(_ value: HostTensor) {
    self.init(.known(value), TensorType(value.element, value.shape.map { Dim($0) }))
  }

  /// Sizes as a value, known ones as plain numbers.
  init(sizes: [Dim], shape: [Int]) {
    if let numbers = sizes.constants {
      self.init(HostTensor(.i64, shape, numbers.map(Double.init)))
    } else {
      self.init(.sizes(sizes), TensorType(.i64, shape.map { Dim($0) }))
    }
  }

  /// A list of tensors; its type means nothing.
  init(sequence: [ImportedValue]) { self.init(.sequence(sequence), TensorType(.bool, [])) }

  static func scalar(_ value: Double, _ element: ElementType = .f32) -> ImportedValue {
    ImportedValue(.scalar(value, element))
  }

  /// The element type that the model gives it.
  var element: ElementType { declared ?? type.element.computed }

  func declaring(_ element: ElementType?) -> ImportedValue {
    var value = self
    value.declared = element
    return value
  }

  var shape: Shape { type.shape }
  var rank: Int { type.rank }

  /// The elements, unless they come when the graph runs or stay in their file.
  var known: HostTensor? {
    if case .known(let value) = content { value } else { nil }
  }

  /// The elements as sizes. Numbers beyond any size, which stand for "to the end", become the limit.
  var sizes: [Dim]? {
    switch content {
    case .sizes(let sizes): sizes
    case .known(let value) where value.element == .i64:
      value.values.map { Dim(Int(min(max($0, -Double(Dim.limit)), Double(Dim.limit)))) }
    default: nil
    }
  }

  /// The elements as plain integers.
  var integers: [Int]? { sizes?.constants }
}
