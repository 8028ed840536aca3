import Foundation

/// `ONNXConformance DATA SCRATCH REPORT [FILTER]`: runs the tests in `DATA/SUITE/NAME` and writes the
/// report. `ONNXConformance --worker LIST SCRATCH` is what it starts itself.
func work(_ list: String, _ scratch: String) throws {
  let folders = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
  for folder in folders {
    let test = ConformanceTest(
      folder: URL(filePath: String(folder)), scratch: URL(filePath: scratch))
    FileHandle.standardOutput.write(Data("\(test.run().line)\n".utf8))
  }
}

func supervise(_ data: URL, _ scratch: URL, _ report: String, _ filter: String) throws {
  var folders: [URL] = []
  for suite in ["node", "simple", "pytorch-operator", "pytorch-converted"] {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: data.appending(path: suite).path)
    folders += names.filter { $0.hasPrefix("test_") && (filter.isEmpty || $0.contains(filter)) }
      .sorted().map { data.appending(path: "\(suite)/\($0)") }
  }
  let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
  let results = try Supervisor(program: program, scratch: scratch).run(folders) { done in
    if done % 100 == 0 { print("\(done) of \(folders.count) tests") }
  }
  let rows = results.map { folder, outcome in
    Report.Row(
      suite: folder.deletingLastPathComponent().lastPathComponent,
      name: folder.lastPathComponent,
      operators: ConformanceTest(folder: folder, scratch: scratch).operators, outcome: outcome)
  }
  try Report(rows: rows).text.write(toFile: report, atomically: true, encoding: .utf8)
  for row in rows where !filter.isEmpty || row.outcome.kind == .failed {
    print("\(row.name): \(row.outcome.kind.rawValue) \(row.outcome.reason)")
  }
  let passed = rows.count { $0.outcome.kind == .passed }
  print("\(passed) of \(rows.count) passed; the table is in \(report)")
}

let arguments = Array(CommandLine.arguments.dropFirst())
do {
  if arguments.count == 3, arguments[0] == "--worker" {
    try work(arguments[1], arguments[2])
  } else if (3...4).contains(arguments.count) {
    try supervise(
      URL(filePath: arguments[0]), URL(filePath: arguments[1]), arguments[2],
      arguments.count == 4 ? arguments[3] : "")
  } else {
    FileHandle.standardError.write(
      Data("usage: ONNXConformance DATA SCRATCH REPORT [FILTER]\n".utf8))
    exit(2)
  }
} catch {
  FileHandle.standardError.write(Data("ONNXConformance: \(error)\n".utf8))
  exit(1)
}
