/// One entry point of a module, in SSA form: each value is defined once, before it is used.
public struct Function: Sendable {
  public var name: String
  public var values: [Value]
  public var parameters: [ValueID]
  public var operations: [Operation]
  public var results: [Result]

  /// One thing that the function returns.
  public struct Result: Hashable, Sendable {
    /// How callers and ONNX know it; nil prints as a bare type.
    public var name: String?
    public var operand: Operand

    public init(_ name: String?, _ operand: Operand) {
      self.name = name
      self.operand = operand
    }
  }

  public init(name: String) {
    self.name = name
    values = []
    parameters = []
    operations = []
    results = []
  }

  public subscript(id: ValueID) -> Value {
    get { values[id.index] }
    set { values[id.index] = newValue }
  }

  public mutating func addValue(_ name: String, _ type: TensorType) -> ValueID {
    values.append(Value(name: name, type: type))
    return ValueID(values.count - 1)
  }

  /// Index of the operation that defines each value; nil for parameters and dead values.
  public func definitions() -> [Int?] {
    var definitions = [Int?](repeating: nil, count: values.count)
    for (index, operation) in operations.enumerated() {
      for result in operation.results { definitions[result.index] = index }
    }
    return definitions
  }

  /// Indices of the operations that read each value, in order, and how often the function returns it.
  public func uses() -> (operations: [[Int]], returned: [Int]) {
    var users = [[Int]](repeating: [], count: values.count)
    var returned = [Int](repeating: 0, count: values.count)
    for (index, operation) in operations.enumerated() {
      for operand in operation.operands {
        if let id = operand?.value { users[id.index].append(index) }
      }
    }
    for result in results {
      if let id = result.operand.value { returned[id.index] += 1 }
    }
    return (users, returned)
  }
}

/// One SSA value.
public struct Value: Hashable, Sendable {
  public var name: String
  public var type: TensorType
  /// Byte offset in the arena, once `plan_memory` has placed it.
  public var offset: Int?

  public init(name: String, type: TensorType, offset: Int? = nil) {
    self.name = name
    self.type = type
    self.offset = offset
  }
}

/// One step of a function.
public struct Operation: Hashable, Sendable {
  /// Name of its `OpDefinition`.
  public var op: String
  /// In the order of the definition; nil where an optional operand is absent.
  public var operands: [Operand?]
  public var attributes: Attributes
  public var results: [ValueID]
  /// The kernel that executes it, once `select_kernels` has chosen one.
  public var kernel: String?

  public init(
    _ op: String, _ operands: [Operand?], _ attributes: Attributes = [:], results: [ValueID],
    kernel: String? = nil
  ) {
    self.op = op
    self.operands = operands
    self.attributes = attributes
    self.results = results
    self.kernel = kernel
  }

  /// The only result of an operation that has one.
  public var result: ValueID { results[0] }
}
