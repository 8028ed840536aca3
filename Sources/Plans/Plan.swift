import JSON
import Tensors

/// A compiled module: functions as flat lists of steps over memory whose every byte has its place.
///
/// This is all that the two halves of PaliGraph share. The compile side writes it, the run side
/// executes it, and neither needs the other.
public struct Plan: Equatable, Sendable {
  public var name: String
  public var symbols: [PlanSymbol]
  /// Weights and buffers, by name the tensors of the plan file.
  public var tensors: [PlanTensor]
  public var states: [PlanState]
  public var functions: [PlanFunction]
  /// Bytes of the arena that all functions share, and the most bytes that are ever live in one.
  public var arenaBytes: Int
  public var arenaLowerBound: Int
  public var stateBytes: Int
  /// What else a session needs, such as `processor` and `generation` settings.
  public var sections: [JSON.Member]

  public init(name: String) {
    self.name = name
    symbols = []
    tensors = []
    states = []
    functions = []
    arenaBytes = 0
    arenaLowerBound = 0
    stateBytes = 0
    sections = []
  }

  /// Bytes of all weights and buffers.
  public var weightBytes: Int { tensors.reduce(0) { $0 + $1.byteCount } }

  public func section(_ name: String) -> JSON? { JSON.object(sections)[name] }

  public func functionIndex(_ name: String) -> Int? { functions.firstIndex { $0.name == name } }

  /// Arena offsets, state offsets and tensors in the file are multiples of this.
  public static let alignment = 64
}

/// A size that is known when a function is called, from 1 to its bound.
public struct PlanSymbol: Hashable, Sendable {
  public var name: String
  public var bound: Int

  public init(name: String, bound: Int) {
    self.name = name
    self.bound = bound
  }
}

/// A tensor of the plan file; where its bytes are stands in the file's header.
public struct PlanTensor: Hashable, Sendable {
  public var name: String
  public var element: ElementType
  public var shape: [Int]
  /// nil for row-major. Only kernels that know the packing may read the tensor then.
  public var packing: WeightPacking?

  public init(
    name: String, element: ElementType, shape: [Int], packing: WeightPacking? = nil
  ) {
    self.name = name
    self.element = element
    self.shape = shape
    self.packing = packing
  }

  /// Shape and element type of the tensor in the file.
  public var storedShape: [Int] {
    packing.map { $0.storedShape(rows: shape[0], columns: shape[1]) } ?? shape
  }
  public var storedElement: ElementType { packing?.storedElement ?? element }

  /// Bytes in the file.
  public var byteCount: Int { storedShape.reduce(storedElement.byteCount, *) }
}

/// Memory that outlives a call, zero at first. The offset counts from the start of the state region.
public struct PlanState: Hashable, Sendable {
  public var name: String
  public var element: ElementType
  public var shape: [Int]
  public var offset: Int

  public init(name: String, element: ElementType, shape: [Int], offset: Int) {
    self.name = name
    self.element = element
    self.shape = shape
    self.offset = offset
  }

  public var byteCount: Int { shape.reduce(element.byteCount, *) }
}

public struct PlanFunction: Hashable, Sendable {
  public var name: String
  public var inputs: [PlanPort]
  public var outputs: [PlanPort]
  public var steps: [PlanStep]

  public init(name: String) {
    self.name = name
    inputs = []
    outputs = []
    steps = []
  }
}

/// An input or output of a function by name.
public struct PlanPort: Hashable, Sendable {
  public var name: String
  public var view: PlanView

  public init(name: String, view: PlanView) {
    self.name = name
    self.view = view
  }
}

/// One kernel call.
public struct PlanStep: Sendable {
  public var kernel: String
  /// The value it computes, as the textual graph names it.
  public var name: String
  /// nil where an optional operand is absent.
  public var operands: [PlanView?]
  public var result: PlanView
  /// Sorted by name.
  public var attributes: [JSON.Member]
  /// Multiplications, each with an addition, of products and of attention, to tell how fast the step is. 0
  /// for all else.
  public var multiplyAdds: Dim

  public init(
    kernel: String, name: String, operands: [PlanView?], result: PlanView,
    attributes: [JSON.Member] = [], multiplyAdds: Dim = 0
  ) {
    self.kernel = kernel
    self.name = name
    self.operands = operands
    self.result = result
    self.attributes = attributes
    self.multiplyAdds = multiplyAdds
  }
}

extension PlanStep: Hashable {
  public static func == (a: PlanStep, b: PlanStep) -> Bool {
    a.kernel == b.kernel && a.name == b.name && a.operands == b.operands && a.result == b.result
      && a.attributes == b.attributes && a.multiplyAdds == b.multiplyAdds
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kernel)
    hasher.combine(name)
    hasher.combine(result)
  }
}

/// Elements in memory: where they start, how many along each axis, and how far apart.
public struct PlanView: Hashable, Sendable {
  public enum Region: Hashable, Sendable {
    /// Byte offset from the start of the arena.
    case arena(offset: Int)
    /// Index into `Plan.tensors`.
    case tensor(Int)
    /// Index into `Plan.states`.
    case state(Int)
  }

  public var region: Region
  public var element: ElementType
  public var shape: Shape
  /// In elements.
  public var strides: [Dim]
  /// Elements between the region's start and the first one of the view.
  public var start: Dim

  public init(
    region: Region, element: ElementType, shape: Shape, strides: [Dim], start: Dim = 0
  ) {
    self.region = region
    self.element = element
    self.shape = shape
    self.strides = strides
    self.start = start
  }
}
