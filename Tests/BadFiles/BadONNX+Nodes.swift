/// Models that are refused: nodes that ask for what is not there.
extension BadONNX {
  static let graphs: [BadONNX] = [
    BadONNX(
      "operators that are not supported, all at once",
      "operators that are not supported: Loop (nodes \"a\", \"b\"), other.Neg (node \"c\")",
      nodes: [
        Message.node("Loop", ["x"], ["p"], name: "a"),
        Message.node("Loop", ["p"], ["q"], name: "b"),
        Message.node("Neg", ["q"], name: "c", domain: "other"),
      ]),
    BadONNX(
      "an unknown attribute", "node \"n\" (Neg): attribute slope is not supported in version 13",
      nodes: [Message.node("Neg", ["x"], attributes: [Message.attribute("slope", int: 1)])]),
    BadONNX(
      "more nodes that are refused than are shown",
      "node \"n20\" (Neg): attribute slope is not supported in version 13; and 2 more nodes",
      nodes: (1...22).map {
        Message.node(
          "Neg", ["x"], ["v\($0)"], name: "n\($0)",
          attributes: [Message.attribute("slope", int: 1)])
      }),
    BadONNX(
      "an attribute of another version", "attribute axes is not supported in version 13",
      nodes: [Message.node("Squeeze", ["x"], attributes: [Message.attribute("axes", int: 1)])]),
    BadONNX(
      "an attribute twice", "has attribute axis twice",
      nodes: [
        Message.node(
          "Flatten", ["x"],
          attributes: [Message.attribute("axis", int: 0), Message.attribute("axis", int: 1)])
      ]),
    BadONNX(
      "an attribute of another type", "attribute perm is not a list of integers",
      nodes: [Message.node("Transpose", ["x"], attributes: [Message.attribute("perm", int: 0)])]),
    BadONNX(
      "too many inputs", "it has 2 inputs, expected 1", nodes: [Message.node("Neg", ["x", "x"])]),
    BadONNX("an input left out", "input 0 is missing", nodes: [Message.node("Neg", [""])]),
    BadONNX(
      "shapes that do not broadcast", "shapes [2] and [3] do not broadcast",
      tensor: Message.tensor("w", [3], raw: Array(repeating: 0, count: 12))),
    BadONNX(
      "a perm that is none", "no permutation",
      nodes: [
        Message.node(
          "Transpose", ["x"], attributes: [Message().text(1, "perm").int(20, 7).int(8, .max)])
      ]),
    BadONNX(
      "an axis out of range", "out of range",
      nodes: [Message.node("Softmax", ["x"], attributes: [Message.attribute("axis", int: .min)])]),
    BadONNX(
      "an open condition", "its condition depends on data",
      nodes: [
        Message.node(
          "If", ["x"], attributes: [Message.attribute("then_branch", graph: Message.graph([]))])
      ]),
    BadONNX(
      "a shape that comes with the data", "depend on data",
      nodes: [Message.node("Reshape", ["x", "x"])]),
    BadONNX(
      "a shape of -1 twice", "has -1 twice",
      nodes: [Message.node("Reshape", ["x", "w"])],
      tensors: [Message.tensor("w", [2], type: 7, raw: Array(repeating: 0xFF, count: 16))]),
    BadONNX(
      "windows over no axes", "windows over 0 axes are not supported",
      nodes: [
        Message.node(
          "MaxPool", ["x"], attributes: [Message().text(1, "kernel_shape").int(20, 7).int(8, 0)])
      ]),
  ]
}
