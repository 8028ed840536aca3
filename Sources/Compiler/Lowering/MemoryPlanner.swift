import IR

/// What the memory of a planned module comes to.
public struct MemoryPlan: Sendable {
  /// Bytes that all functions share, and the least that any placement could do with.
  public private(set) var arenaBytes = 0
  public private(set) var lowerBound = 0
  /// Values that took over the storage of an operand.
  public private(set) var valuesInPlace = 0
  /// What the arena holds in each function, in the order of functions; the place of a buffer is the
  /// offset of its root.
  package private(set) var buffers: [[ArenaBuffer]] = []

  /// Measures the placement that `MemoryPlanner` has written into the module.
  public init(of module: Module) throws {
    for function in module.functions {
      let liveness = try Liveness(of: function, in: module)
      for buffer in liveness.buffers {
        arenaBytes = max(arenaBytes, (function[buffer.root].offset ?? 0) + buffer.bytes)
      }
      lowerBound = max(lowerBound, ArenaPlacement.lowerBound(of: liveness.buffers))
      valuesInPlace += liveness.valuesInPlace
      buffers.append(liveness.buffers)
    }
  }
}

/// Gives every value that lives in the arena its offset.
enum MemoryPlanner {
  /// Sets `Value.offset` throughout a function. Views and values computed in place get the offset
  /// of their storage, values in weights and states none.
  static func plan(
    _ function: inout Function, in module: Module
  ) throws -> ArenaPlacement {
    let liveness = try Liveness(of: function, in: module)
    let placement = ArenaPlacement.place(liveness.buffers)
    for value in function.values.indices {
      function.values[value].offset = liveness.bufferOfValue[value].map { placement.offsets[$0] }
    }
    return placement
  }

  /// The same with the buffers one after the other.
  static func spread(_ function: inout Function, in module: Module) throws {
    let liveness = try Liveness(of: function, in: module)
    var offsets: [Int] = []
    var end = 0
    for buffer in liveness.buffers {
      offsets.append(end)
      end += buffer.bytes
    }
    for value in function.values.indices {
      function.values[value].offset = liveness.bufferOfValue[value].map { offsets[$0] }
    }
  }
}
