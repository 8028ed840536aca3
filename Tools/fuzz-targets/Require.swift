import Foundation

/// Ends the process, as a trap does, where a law does not hold that a reader promises to keep.
func require(_ condition: Bool, _ law: @autoclosure () -> String) {
  guard !condition else { return }
  // Optimised programs end without the message of a precondition.
  FileHandle.standardError.write(Data("does not hold: \(law())\n".utf8))
  preconditionFailure()
}

/// Keeps the optimiser from leaving out what makes the value.
@inline(never)
func blackHole(_ value: Int) {}
