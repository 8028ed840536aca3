import Foundation
import IR

extension PassManager.Options {
  /// Writes the module after each of the named passes, or after every pass for nil, to
  /// `NN-passname.pg` in a directory that exists. NN is the pass's position in the run, from 01.
  public mutating func dump(after names: Set<String>?, to directory: String) {
    let next = afterPass
    afterPass = { position, report, module in
      if names?.contains(report.pass) ?? true {
        let number = position < 10 ? "0\(position)" : "\(position)"
        let path = "\(directory)/\(number)-\(report.pass).pg"
        try Data(module.description.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
      }
      try next?(position, report, module)
    }
  }
}
