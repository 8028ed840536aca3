/// Lines of the list without a case here, and why.
enum NotApplicable {
  static let reasons: [String: String] = [
    "2.2.23": "an exchange during the open is a race and has a test of its own, ContainmentTests",
    "2.3.22": "nothing is cached by a hash: a session compares the pixels of a picture",
    "2.4.28":
      "ids to decode come from the model, never from a file; StreamDecoder has its own tests",
    "2.6.17": "the format has no jumps, calls or loops",
    "2.6.20": "a file that is cut while it is mapped is a fault while running: FaultTests",
    "2.6.21": "plans are written to a new file that is then named: AtomicFileTests, FaultTests",
    "2.6.22": "faults of the disk are injected in FaultTests",
    "2.6.23": "two writers to one path are in FaultTests",
    "2.7.11": "printing and parsing are inverse in TextTests, PassFileTests and RandomGraphTests",
  ]
}
