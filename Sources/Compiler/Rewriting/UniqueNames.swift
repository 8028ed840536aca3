/// Names in use; makes new ones unique by a numeric suffix.
struct UniqueNames {
  private var taken: Set<String>
  private var suffixes: [String: Int] = [:]

  init(_ names: some Sequence<String>) {
    taken = Set(names)
  }

  mutating func insert(_ name: String) { taken.insert(name) }

  mutating func remove(_ name: String) { taken.remove(name) }

  /// `name` itself if it is free, else `name.1`, `name.2` and so on; taken from now on.
  mutating func unique(_ name: String) -> String {
    if taken.insert(name).inserted { return name }
    while true {
      let suffix = suffixes[name, default: 0] + 1
      suffixes[name] = suffix
      let candidate = "\(name).\(suffix)"
      if taken.insert(candidate).inserted { return candidate }
    }
  }
}
