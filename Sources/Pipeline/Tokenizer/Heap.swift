/// A binary heap: the smallest element stands first.
struct Heap<Element: Comparable> {
  private var elements: [Element] = []

  var count: Int { elements.count }

  var first: Element? { elements.first }

  mutating func push(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard elements[child] < elements[parent] else { return }
      elements.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the smallest element off.
  mutating func pop() -> Element? {
    guard let first else { return nil }
    elements.swapAt(0, elements.count - 1)
    elements.removeLast()
    siftDown(0)
    return first
  }

  /// Puts an element in the place of the smallest.
  ///
  /// - Precondition: the heap is not empty.
  mutating func replaceFirst(with element: Element) {
    elements[0] = element
    siftDown(0)
  }

  /// Takes these elements instead of its own, in linear time.
  mutating func replaceAll(with elements: some Sequence<Element>) {
    removeAll()
    self.elements += elements
    for parent in (0..<count / 2).reversed() { siftDown(parent) }
  }

  /// Keeps its memory.
  mutating func removeAll() {
    elements.removeAll(keepingCapacity: true)
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while let child = smallerChild(of: parent), elements[child] < elements[parent] {
      elements.swapAt(child, parent)
      parent = child
    }
  }

  private func smallerChild(of parent: Int) -> Int? {
    let (left, right) = (2 * parent + 1, 2 * parent + 2)
    guard left < elements.count else { return nil }
    return right < elements.count && elements[right] < elements[left] ? right : left
  }
}

extension Heap: Sendable where Element: Sendable {}
