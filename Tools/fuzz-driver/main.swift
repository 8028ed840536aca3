import CFuzzEngine
import Foundation
import FuzzTargets

// Fuzzes one entry with libFuzzer where that is linked, and reads the given files once where it is not:
//
//     PALIGRAPH_FUZZ=ENTRY Fuzz [LIBFUZZER OPTION…] [CORPUS…]
//
// The name is no argument, since libFuzzer starts itself again with the arguments that it was given.

func usage() -> Never {
  let names = FuzzEntry.all.map(\.name).joined(separator: ", ")
  FileHandle.standardError.write(Data("PALIGRAPH_FUZZ must be one of \(names)\n".utf8))
  exit(2)
}

guard let name = ProcessInfo.processInfo.environment["PALIGRAPH_FUZZ"],
  let entry = FuzzEntry.named(name)
else { usage() }
nonisolated(unsafe) let session = try FuzzSession(entry)

let status = fuzz_run(CommandLine.argc, CommandLine.unsafeArgv) { bytes, count in
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  // libFuzzer leaves inputs out of its corpus for which this is −1.
  return session.run(input) == .foreign ? -1 : 0
}
guard status < 0 else { exit(status) }
for path in CommandLine.arguments.dropFirst() {
  let outcome = session.run([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
  print("\(path): \(outcome)")
}
