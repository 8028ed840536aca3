import CKernels
import Plans

/// Takes down when steps ended, 8 bytes each and nothing else: what is done here is in every time that it
/// measures. Steps run in their order, so that a place in the list tells which one it is.
final class StepRecorder {
  private struct Call {
    let function: Int
    let symbols: [Int]
    let start: UInt64
    /// The place of its first step in `ends`.
    let first: Int
  }

  private var calls: [Call] = []
  private var ends: UnsafeMutableBufferPointer<UInt64>
  private var count = 0
  /// Whether times are ticks of the CPU; else they are nanoseconds of the clock.
  private let usesTicks: Bool
  /// The time that belongs to no step, and since when it has been running.
  private var paused: UInt64 = 0
  private var pauseStart: UInt64 = 0
  private let startTicks: UInt64
  private let startNanoseconds: UInt64

  init() {
    ends = .allocate(capacity: 1 << 16)
    usesTicks = pg_has_steady_ticks()
    startTicks = pg_ticks()
    startNanoseconds = Clock.nanoseconds()
  }

  deinit { ends.deallocate() }

  /// The steps that follow belong to a call of a function, of `steps` steps, with these values of the
  /// symbols.
  func beginCall(of function: Int, steps: Int, _ symbols: [Int]) {
    if count + steps > ends.count { grow(to: max(2 * ends.count, count + steps)) }
    calls.append(Call(function: function, symbols: symbols, start: now, first: count))
  }

  /// The end of a step is the start of the next one: reading the clock takes time too.
  func endStep() {
    ends[count] = now
    count += 1
  }

  /// Leaves out of all times what happens until `resume`, between two steps.
  func pause() { pauseStart = now }

  func resume() { paused += now - pauseStart }

  private var now: UInt64 { (usesTicks ? pg_ticks() : Clock.nanoseconds()) - paused }

  private func grow(to capacity: Int) {
    let larger = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: capacity)
    _ = larger.update(fromContentsOf: ends[..<count])
    ends.deallocate()
    ends = larger
  }

  func profile(of plan: Plan) -> StepProfile {
    let time = nanoseconds()
    var events: [StepProfile.Event] = []
    events.reserveCapacity(count)
    for (index, call) in calls.enumerated() {
      let end = index + 1 < calls.count ? calls[index + 1].first : count
      var start = time(call.start)
      for place in call.first..<end {
        let finish = time(ends[place])
        events.append(
          StepProfile.Event(
            function: call.function, step: place - call.first, call: index, start: start,
            end: finish))
        start = finish
      }
    }
    return StepProfile(plan: plan, events: events, calls: calls.map(\.symbols))
  }

  /// What makes nanoseconds of the clock of the times taken down, by what both have counted since the
  /// start.
  private func nanoseconds() -> (UInt64) -> UInt64 {
    guard usesTicks else { return { $0 } }
    let (ticks, elapsed) = (pg_ticks() - startTicks, Clock.nanoseconds() - startNanoseconds)
    let scale = Double(elapsed) / Double(max(ticks, 1))
    let (firstTick, firstNanosecond) = (startTicks, startNanoseconds)
    return { firstNanosecond + UInt64(Double($0 - firstTick) * scale) }
  }
}
