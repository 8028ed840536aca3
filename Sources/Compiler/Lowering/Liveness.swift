import IR
import Tensors

/// One stretch of arena memory that a function needs: the storage of a value, of all views of it,
/// and of every value computed in place over it.
package struct ArenaBuffer {
  /// The value that the storage was first made for.
  package var root: ValueID
  /// Bytes that suffice for all values of the symbols, a multiple of the plan's alignment.
  package var bytes: Int
  /// First and last moment at which its contents matter, both included. Parameters exist from
  /// moment 0, operation i runs at moment i + 1, the function's results are read at the last one.
  package var lifetime: ClosedRange<Int>

  package init(root: ValueID, bytes: Int, lifetime: ClosedRange<Int>) {
    self.root = root
    self.bytes = bytes
    self.lifetime = lifetime
  }

  /// Bytes × moments; saturates.
  var area: Int {
    let (area, overflows) = bytes.multipliedReportingOverflow(by: lifetime.count)
    return overflows ? .max : area
  }
}

/// Which value lives in which arena buffer, and when.
struct Liveness {
  private(set) var buffers: [ArenaBuffer] = []
  /// Index into `buffers` of the storage of each value; nil for views of weights and states.
  private(set) var bufferOfValue: [Int?]
  /// How many values are computed over the storage of another one.
  let valuesInPlace: Int
  let layouts: [Layout]

  init(of function: Function, in module: Module) throws {
    layouts = try Layout.analyze(function, in: module)
    let roots = layouts.map { $0.root.value }
    let takenOver = InPlace.storage(of: function, layouts)
    valuesInPlace = takenOver.count { $0 != nil }
    let storage = Self.owners(function, takenOver)
    let last = function.operations.count + 1
    var lifetimes = [ClosedRange<Int>?](repeating: nil, count: function.values.count)
    func touch(_ id: ValueID, at moment: Int) {
      guard let root = roots[id.index] else { return }
      let owner = storage[root.index].index
      lifetimes[owner] =
        lifetimes[owner].map {
          min($0.lowerBound, moment)...max($0.upperBound, moment)
        } ?? moment...moment
    }
    for id in function.parameters { touch(id, at: 0) }
    for (index, operation) in function.operations.enumerated() {
      for id in operation.results { touch(id, at: index + 1) }
      for case .some(.value(let id)) in operation.operands { touch(id, at: index + 1) }
    }
    for result in function.results {
      if let id = result.operand.value { touch(id, at: last) }
    }
    bufferOfValue = Array(repeating: nil, count: function.values.count)
    for index in function.values.indices {
      guard let lifetime = lifetimes[index] else { continue }
      let type = function.values[index].type
      let bytes = try type.shape.elementCount().largest(module.bounds) * type.element.byteCount
      bufferOfValue[index] = buffers.count
      buffers.append(
        ArenaBuffer(root: ValueID(index), bytes: bytes.alignedForPlan, lifetime: lifetime))
    }
    for index in function.values.indices {
      guard let root = roots[index] else { continue }
      bufferOfValue[index] = bufferOfValue[storage[root.index].index]
    }
  }

  /// The value whose buffer each value ends up in: that of the storage it takes over, else its own.
  private static func owners(_ function: Function, _ takenOver: [ValueID?]) -> [ValueID] {
    var owners = function.values.indices.map { ValueID($0) }
    // In the order of operations, the owner of what is taken over is known already.
    for id in function.operations.compactMap(\.results.first) {
      if let former = takenOver[id.index] { owners[id.index] = owners[former.index] }
    }
    return owners
  }
}
