import Foundation
import Testing

/// Every line of the list of bad inputs, in a process of its own with limits on memory, time and open
/// files.
@Suite struct BadInputListTests {
  static let all =
    SafetensorsInputs.all + ONNXInputs.all + PictureInputs.all + TokenizerInputs.all
    + ConfigInputs.all + FoundInputs.all + PlanInputs.all + GraphInputs.all

  /// How many lines each section of the list has.
  static let lineCounts = [1: 30, 2: 32, 3: 24, 4: 28, 5: 20, 6: 24, 7: 12]

  @Test(arguments: all)
  func `is refused in one line or handled`(input: BadInput) throws {
    let folder = try BadInputFolder()
    let arguments = try input.make(folder)
    let before = folder.content
    let watch = try OpenWatch(folder.scratch.url.path)
    let run = try LimitedProcess.run(arguments, environment: input.environment)
    #expect(watch.opened().isEmpty, "what stands outside is not opened")
    try Self.keep(input, folder, run)

    #expect(!run.wasKilled, "\(run.status): \(run.errors)")
    #expect(!(run.output + run.errors).contains(BadInputFolder.secret))
    let isPrintable = { (byte: UInt8) in byte >= 0x20 && byte != 0x7F || byte == 0x0A }
    #expect(run.errors.utf8.allSatisfy(isPrintable), "no control characters: \(run.errors)")
    #expect(run.errors.firstMatch(of: /0x[0-9a-f]{7}/) == nil, "no addresses: \(run.errors)")
    let says = { (text: String) in text.isEmpty || (run.output + run.errors).contains(text) }
    switch input.verdict {
    case .accepted(let text):
      #expect(run.status == 0 && says(text), "\(run.errors)")
    case .refused(let text), .misused(let text):
      if case .refused = input.verdict {
        #expect(run.status == 1, "\(run.errors)")
      } else {
        #expect(run.status == 2, "\(run.errors)")
      }
      #expect(run.output.isEmpty && run.errorLines.count == 1, "\(run.output)\(run.errors)")
      #expect(run.errors.hasPrefix("paligraph: ") && run.errors.contains(text), "\(run.errors)")
      #expect(folder.content == before, "nothing is left behind")
    }
  }

  /// With `PALIGRAPH_KEEP_BAD_INPUTS=FOLDER` the files of each case stay there, for
  /// `Tools/references/bad_inputs.py`.
  private static func keep(
    _ input: BadInput, _ folder: BadInputFolder, _ run: CommandLineProcess
  ) throws {
    let environment = ProcessInfo.processInfo.environment
    guard let target = environment["PALIGRAPH_KEEP_BAD_INPUTS"] else { return }
    let name = "\(input.line) \(input.what)".map {
      $0.isLetter || $0.isNumber || $0 == "." ? $0 : "-"
    }
    let place = URL(fileURLWithPath: target).appendingPathComponent(
      String(String(name).prefix(100)))
    try? FileManager.default.removeItem(at: place)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let copy = Process()
    copy.executableURL = URL(fileURLWithPath: "/bin/cp")
    copy.arguments = ["-a"] + ["given", "out"].map { folder.scratch.path($0) } + [place.path]
    try copy.run()
    copy.waitUntilExit()
    let note = [
      "line": input.line, "what": input.what, "status": "\(run.status)", "said": run.errors,
    ]
    try JSONEncoder().encode(note).write(to: place.appendingPathComponent("case.json"))
  }

  @Test func `every line of the list has a case or a reason`() {
    let lines = Set(Self.all.map(\.line)).union(NotApplicable.reasons.keys)
    let expected = Set(
      Self.lineCounts.flatMap { section, count in
        (1...count).map { "2.\(section).\($0)" }
      })
    #expect(lines.subtracting(expected) == Set(Self.extraLines), "lines beyond the list")
    #expect(expected.subtracting(lines).isEmpty, "lines without a case")
    #expect(Set(NotApplicable.reasons.keys).isDisjoint(with: Self.all.map(\.line)))
    #expect(Set(Self.all.map(\.testDescription)).count == Self.all.count, "names are unique")
  }

  /// Kinds of bad input that the list does not have: one section for each of its own.
  static let extraLines = (1...7).map { "2.\($0).+" }
}
