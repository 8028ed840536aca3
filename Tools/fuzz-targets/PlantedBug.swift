import CFuzzEngine
import Foundation

/// Whether each entry has a bug far inside what it reads: `Tools/fuzz --check-planted` shows that the harness
/// finds it, and that the address sanitizer is on.
private let isPlanted = ProcessInfo.processInfo.environment["PALIGRAPH_FUZZ_PLANTED"] != nil

func plantedBug(when isReached: @autoclosure () throws -> Bool) rethrows {
  guard isPlanted else { return }
  if try isReached() { fuzz_write_out_of_bounds() }
}
