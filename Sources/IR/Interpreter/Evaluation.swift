import Tensors

/// What an op's definition gets to compute its results: concrete inputs, the static site, and the
/// values of all symbols.
public struct Evaluation: Sendable {
  public let site: OpSite
  /// nil where an optional operand is absent.
  public let inputs: [HostTensor?]
  public let bindings: [String: Int]
  /// Concrete types of the results.
  public let results: [(element: ElementType, shape: [Int])]

  package init(
    site: OpSite, inputs: [HostTensor?], bindings: [String: Int],
    results: [(element: ElementType, shape: [Int])]
  ) {
    self.site = site
    self.inputs = inputs
    self.bindings = bindings
    self.results = results
  }

  func input(_ index: Int) throws -> HostTensor {
    guard index < inputs.count, let input = inputs[index] else {
      throw OpError("operand \(index) is missing")
    }
    return input
  }

  func optionalInput(_ index: Int) -> HostTensor? { index < inputs.count ? inputs[index] : nil }

  /// The value of a dimension attribute.
  func size(_ attribute: String) throws -> Int {
    try site.dimension(attribute).evaluate(bindings)
  }

  /// The single result with these values.
  func result(_ values: [Double]) -> [HostTensor] {
    [HostTensor(results[0].element, results[0].shape, values)]
  }
}

extension ElementType {
  /// The type that arithmetic on this storage type yields: half precision and
  /// smaller floats widen to f32.
  public var computed: ElementType {
    switch self {
    case .f16, .bf16: .f32
    default: smallFloat == nil ? self : .f32
    }
  }
}
