import IR

extension Pass {
  /// `select_kernels` names the kernel that executes each operation, after preparing the operands
  /// that the kernel cannot read as they are.
  static let selectKernels = Pass(
    "select_kernels", .exact,
    "Names the kernel that executes each operation, and copies or widens operands it could not read.",
    rewrites: [Rewrite("select", "op(x) => op(contiguous(x)) where it must be, using a kernel")]
  ) { module, context in
    for index in module.functions.indices {
      guard context.takeRewrite("select", "@\(module.functions[index].name)") else { return }
      try OperandPreparation.prepare(&module.functions[index], of: module)
      KernelSelection.select(in: &module.functions[index], of: module)
    }
  }
}
