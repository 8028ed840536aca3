import IR
import Tensors

extension PassManager.Options {
  /// Writes the module after each of the named passes, or after every pass for nil, to
  /// `NN-passname.pg` in a directory that exists. NN is the pass's position in the run, from 01.
  public mutating func dump(after names: Set<String>?, to directory: String) {
    let next = afterPass
    afterPass = { position, report, module in
      if names?.contains(report.pass) ?? true {
        var file = try AtomicFile(path: Self.dumpPath(report.pass, at: position, in: directory))
        try file.write(Array(module.description.utf8))
        try file.commit()
      }
      try next?(position, report, module)
    }
  }

  /// The files that `dump(after:to:)` writes when these passes run.
  public static func dumpPaths(
    of passes: [Pass], after names: Set<String>?, to directory: String
  ) -> [String] {
    passes.enumerated().filter { names?.contains($1.name) ?? true }.map { index, pass in
      dumpPath(pass.name, at: index + 1, in: directory)
    }
  }

  private static func dumpPath(_ pass: String, at position: Int, in directory: String) -> String {
    "\(directory)/\(position < 10 ? "0" : "")\(position)-\(pass).pg"
  }
}
