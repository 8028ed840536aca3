import CKernels
import Glibc
import Inputs

/// `PALIGRAPH_ISA`: the strongest instruction set that kernels may use.
package enum InstructionSetVariable {
  package static let name = "PALIGRAPH_ISA"

  /// The variable has a value that names no instruction set.
  package struct InvalidValue: Error, CustomStringConvertible {
    let text: String

    package var description: String {
      "\(name) is \"\(text.printable)\"; it is scalar, avx2, avx512 or avx512bf16"
    }
  }

  /// Throws unless the variable is not set or names an instruction set.
  package static func check() throws(InvalidValue) {
    guard let text = getenv(name), !pg_isa_is_known(text) else { return }
    throw InvalidValue(text: String(cString: text))
  }
}
