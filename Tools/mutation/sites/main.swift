// Lists the places of Swift files where a small wrong change can be planted, as JSON.
//
// `Tools/mutants` builds this with the parser that the toolchain brings for macros.

import Foundation
import SwiftOperators
import SwiftParser
import SwiftSyntax

var found: [String: [Site]] = [:]
for path in CommandLine.arguments.dropFirst() {
  let tree = Parser.parse(source: try String(contentsOfFile: path, encoding: .utf8))
  let finder = SiteFinder()
  finder.walk(OperatorTable.standardOperators.foldAll(tree) { _ in })
  found[path] = finder.sites
}
FileHandle.standardOutput.write(try JSONEncoder().encode(found))
