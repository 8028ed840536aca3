import IR
import Tensors

/// What one pass did.
public struct PassReport: Sendable {
  /// How much there is in a module.
  public struct Size: Hashable, Sendable {
    /// Operations of all functions.
    public let operations: Int
    /// Bytes that `contiguous` operations copy in one call of every function, symbols at their bounds.
    public let copiedBytes: Int

    public init(_ module: Module) {
      operations = module.functions.reduce(0) { $0 + $1.operations.count }
      let bounds = module.bounds
      copiedBytes = module.functions.reduce(0) { total, function in
        function.operations.lazy.filter { $0.op == "contiguous" }.reduce(total) { total, copy in
          let type = function[copy.result].type
          let shape = (try? type.shape.evaluate(bounds)) ?? []
          return total + ((try? TensorData.byteCount(type.element, shape)) ?? 0)
        }
      }
    }
  }

  public let pass: String
  /// How far results may have moved: the pass's class, or less when it did less.
  public let exactness: Pass.Exactness
  public let duration: Duration
  /// Applied rewrites by rule.
  public let rewrites: [String: Int]
  /// What it says beside the counts, in one line.
  public let remark: String?
  /// Which operations the pass made of which ones.
  public let provenance: PassProvenance
  public let before: Size
  public let after: Size

  public var rewriteCount: Int { rewrites.values.reduce(0, +) }

  /// Bytes that no longer need to be copied in one call of every function.
  public var savedCopyBytes: Int { before.copiedBytes - after.copiedBytes }
}

extension PassReport: CustomStringConvertible {
  /// One line for people: `fuse_rope: 36 rewrites, 2512 -> 2296 operations, 1.2 ms (rope 36)`.
  public var description: String {
    let microseconds = duration.components.attoseconds / 1_000_000_000_000
    let tenths = (duration.components.seconds * 1_000_000 + microseconds) / 100
    let rules = rewrites.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return "\(pass): \(rewriteCount) rewrite\(rewriteCount == 1 ? "" : "s"), "
      + "\(before.operations) -> \(after.operations) operations, "
      + (savedCopyBytes == 0 ? "" : "\(savedCopyBytes) bytes of copies saved, ")
      + "\(tenths / 10).\(tenths % 10) ms"
      + (rules.isEmpty ? "" : " (\(rules.joined(separator: ", ")))")
      + (remark.map { "; \($0)" } ?? "")
  }
}
