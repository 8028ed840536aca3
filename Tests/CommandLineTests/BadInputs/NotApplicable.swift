/// Lines of the list without a case here, and why.
enum NotApplicable {
  static let reasons: [String: String] = [
    "2.2.23": "an exchange during the open is a race and has a test of its own, ContainmentTests",
    "2.3.22": "nothing is cached by a hash: a session compares the pixels of a picture",
    "2.4.28":
      "ids to decode come from the model, never from a file; StreamDecoder has its own tests",
    "2.6.17": "the format has no jumps, calls or loops",
    "2.6.20": "truncation of a mapped file is a fault while running, not an input",
    "2.6.21": "plans are written to a new file that is then named, as AtomicFileTests check",
    "2.6.22": "faults of the disk are injected by tests of their own",
    "2.6.23": "two writers are faults while running; a plan gets its name when it is whole",
    "2.7.11": "printing and parsing are inverse in TextTests, PassFileTests and RandomGraphTests",
  ]
}
