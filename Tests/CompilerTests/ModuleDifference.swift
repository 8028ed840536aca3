import Compiler
import IR
import Validation

extension Module {
  /// The first result that differs from what another version of this module computes, by more than a
  /// class of passes allows, in words.
  func difference(
    from before: Module, _ context: PassContext, _ exactness: Pass.Exactness
  ) throws -> String? {
    let reference = try ReferenceCalls(before)
    return try reference.difference(from: before, to: self, context, exactness)
  }
}
