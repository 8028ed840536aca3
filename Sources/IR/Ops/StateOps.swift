import Tensors

/// Operations on tensors that live across calls.
enum StateOps {
  static let all: [OpDefinition] = [cacheAppend]

  static let cacheAppend = OpDefinition(
    "cache_append", .state,
    "writes new to cache[:, :, at ..< at + n, :] and yields cache[:, :, 0 ..< at + n, :]",
    operands: [.required("cache"), .required("new", .any)],
    attributes: [.required("at", .dimension)], traits: .movesElements,
    infer: { site in
      let (cache, new) = (try site.type(0), try site.type(1))
      let fits =
        cache.rank == 4 && new.rank == 4 && cache.element == new.element
        && [0, 1, 3].allSatisfy { cache.shape[$0] == new.shape[$0] }
      try site.require(
        fits, "new has type \(new), which does not fit the cache \(cache) outside axis 2")
      let length = try site.dimension("at") + new.shape[2]
      return [cache.with(shape: [cache.shape[0], cache.shape[1], length, cache.shape[3]])]
    },
    view: { _, layout in layout }
  ) { evaluation in
    let (cache, new) = (try evaluation.input(0), try evaluation.input(1))
    let at = try evaluation.size("at")
    let (count, capacity) = (new.shape[2], cache.shape[2])
    guard at >= 0, at + count <= capacity else {
      throw OpError("\(at + count) positions do not fit a cache of \(capacity)")
    }
    let width = cache.shape[3]
    var updated = cache.values
    for head in 0..<(cache.shape[0] * cache.shape[1]) {
      let target = (head * capacity + at) * width
      let source = head * count * width
      updated.replaceSubrange(
        target..<target + count * width, with: new.values[source..<source + count * width])
    }
    let state = HostTensor(cache.element, cache.shape, updated)
    let visible = state.gathered(shape: evaluation.results[0].shape, strides: state.strides)
    // The interpreter keeps the second tensor as the state's new value.
    return evaluation.result(visible) + [state]
  }
}
