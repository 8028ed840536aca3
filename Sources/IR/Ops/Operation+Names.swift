extension Operation {
  /// The operand that the operation's definition calls `name`; nil where it is absent.
  ///
  /// - Precondition: the definition has an operand of this name, which is not variadic.
  public subscript(name: String) -> Operand? {
    get {
      let index = position(of: name)
      return index < operands.count ? operands[index] : nil
    }
    set { operands[position(of: name)] = newValue }
  }

  /// All operands, with others in some places.
  ///
  /// - Precondition: as for the subscript.
  public func operands(with changes: [String: Operand?]) -> [Operand?] {
    var changed = self
    for (name, operand) in changes { changed[name] = operand }
    return changed.operands
  }

  private func position(of name: String) -> Int {
    let operands = OpRegistry.definition(of: op)?.operands ?? []
    guard let index = operands.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("\(op) has no operand '\(name)'")
    }
    return index
  }
}
