import IR
import Tensors

/// What passes share beside the module: options, the pool of folded constants, and the numbering of
/// rewrites.
public struct PassContext: Sendable {
  /// The element types in which large weights are stored.
  public enum DType: String, Sendable, CaseIterable {
    /// What the checkpoint has: bf16 for bf16 and f16, f32 for f32.
    case auto
    case f32
    case bf16
    /// int8 steps of a scale for each row of a matrix, where kernels can stream it; else bf16.
    case int8
    /// int4 steps of a scale for each 32 columns of a row of a matrix that is a factor only; what is
    /// also looked up is int8.
    case int4
  }

  /// One applied rewrite.
  public struct Rewrite: Sendable {
    /// Counts from 1 over all passes of a run.
    public let number: Int
    public let pass: String
    public let rule: String
    /// What was rewritten, such as `@main, %out`.
    public let subject: String
  }

  public var dtype = DType.auto
  /// Largest tensor that `fold_constants` creates.
  public var foldedByteLimit = 16 << 20
  /// Most multiply-adds that `fold_constants` spends on one matrix product.
  public var foldedWorkLimit = 1 << 26
  /// The value of a persistent buffer from the checkpoint, or nil when it is not at hand. Asked for
  /// small buffers only, never for weights.
  public var bufferSource: @Sendable (ModuleTensor) throws -> HostTensor? = { _ in nil }
  /// Values of the tensors that passes made: for each of them the module has a persistent buffer of
  /// this name without initializer.
  public var constants: [String: HostTensor] = [:]
  /// How tensors that passes made from weights are computed, by name.
  public var derived: [String: DerivedTensor] = [:]
  /// Applies only so many rewrites, for finding a wrong one by bisection.
  public var rewriteLimit: Int?
  /// Called after each rewrite was decided, before it is applied.
  public var onRewrite: (@Sendable (Rewrite) -> Void)?

  public private(set) var rewriteCount = 0
  /// Rewrites of the current pass by rule.
  private(set) var counts: [String: Int] = [:]
  private(set) var pass = ""
  /// What became of the operations in the current pass.
  private(set) var provenance = PassProvenance()
  /// What the current pass did to results, when that is less than its class allows.
  var exactness: Pass.Exactness?
  /// Whether the search for a smaller arena was ended by its limit.
  var arenaSearchStopped = false
  /// What the current pass has to say beside its counts.
  var remark: String?

  public init() {}

  /// Whether `rewriteLimit` allows no further rewrite.
  public var isExhausted: Bool { rewriteLimit.map { rewriteCount >= $0 } ?? false }

  mutating func begin(_ pass: Pass) {
    self.pass = pass.name
    counts = [:]
    provenance = PassProvenance()
    exactness = nil
    remark = nil
  }

  /// Numbers the rewrite that is about to be applied; false when the limit forbids it.
  mutating func takeRewrite(_ rule: String, _ subject: @autoclosure () -> String) -> Bool {
    guard !isExhausted else { return false }
    rewriteCount += 1
    counts[rule, default: 0] += 1
    onRewrite?(Rewrite(number: rewriteCount, pass: pass, rule: rule, subject: subject()))
    return true
  }

  /// The module with the rewritten function in place; notes what became of its operations.
  mutating func finish(_ graph: consuming RewriteGraph) -> Module {
    provenance.functions.append(graph.provenance)
    return graph.finished()
  }

  /// The value of a tensor that does not change between calls, when it is known while compiling: it
  /// has an initializer, was folded, or is a small buffer of the checkpoint.
  func knownValue(of tensor: ModuleTensor) throws -> HostTensor? {
    guard let shape = tensor.type.shape.constants,
      byteCount(tensor.type.element, shape) <= foldedByteLimit
    else { return nil }
    if let initializer = tensor.initializer {
      return initializer.value(tensor.type.element, shape)
    }
    if let folded = constants[tensor.name] { return folded }
    guard tensor.kind == .buffer(persistent: true),
      let value = try bufferSource(tensor), value.shape == shape
    else { return nil }
    return value.rounded(to: tensor.type.element)
  }

  /// Bytes of a tensor of this shape; saturates.
  func byteCount(_ element: ElementType, _ shape: [Int]) -> Int {
    (try? TensorData.byteCount(element, shape)) ?? .max
  }
}

extension HostTensor {
  /// The values as this element type holds them.
  func rounded(to element: ElementType) -> HostTensor {
    HostTensor(element, shape, values.map(element.converted))
  }
}
