extension ExportBuilder {
  /// A name for each value: those of inputs and outputs as they are, then those that the graph has, then
  /// those of nodes in between. A name that is taken gets a number.
  func names() -> [String] {
    var names = [String](repeating: "", count: entries.count)
    var taken: Set<[UInt8]> = []
    var next: [String: Int] = [:]
    func unique(_ name: String) -> String {
      var candidate = name
      while candidate.isEmpty || !taken.insert(Array(candidate.utf8)).inserted {
        let number = next[name, default: 0] + 1
        next[name] = number
        candidate = "\(name).\(number)"
      }
      return candidate
    }
    for naming in [Naming.interface, .graph, .between] {
      for (id, entry) in entries.enumerated() where entry.naming == naming {
        names[id] = unique(entry.name)
      }
    }
    return names
  }
}
