/// Models that are refused: names, order, branches and functions.
extension BadONNX {
  /// Who yields what, and in which order.
  static let order: [BadONNX] = [
    BadONNX(
      "an undefined input", "reads \"z\" before anything yields it",
      nodes: [Message.node("Neg", ["z"])]),
    BadONNX("a cycle", "before anything yields it", nodes: [Message.node("Neg", ["y"])]),
    BadONNX(
      "two values of one name", "two values are named \"y\"",
      nodes: [Message.node("Neg", ["x"]), Message.node("Abs", ["x"])]),
    BadONNX(
      "a value that hides an input", "two values are named \"x\"",
      nodes: [Message.node("Neg", ["x"], ["x"])]),
    BadONNX("no output", "nothing yields output \"y\"", nodes: [Message.node("Neg", ["x"], ["z"])]),
    BadONNX(
      "nodes out of order", "reads \"h\" before anything yields it",
      nodes: [Message.node("Neg", ["h"]), Message.node("Abs", ["x"], ["h"])]),
    BadONNX(
      "a value that hides a constant", "two values are named \"w\"",
      nodes: [Message.node("Neg", ["x"], ["w"])],
      tensors: [Message.tensor("w", [1], raw: [0, 0, 0, 0])]),
    BadONNX(
      "two constants of one name", "two values are named \"w\"",
      nodes: [Message.node("Neg", ["x"])],
      tensors: Array(repeating: Message.tensor("w", [1], raw: [0, 0, 0, 0]), count: 2)),
    BadONNX(
      "two inputs of one name", "two values are named \"x\"",
      Message.model(
        Message.graph(
          [Message.node("Neg", ["x"])], inputs: [Message.value("x", [2]), Message.value("x", [2])]))
    ),
    BadONNX(
      "two outputs of one name", "two outputs are named \"y\"",
      Message.model(
        Message.graph(
          [Message.node("Neg", ["x"])], outputs: [Message.value("y", [2]), Message.value("y", [2])])
      )),
    BadONNX(
      "nodes without outputs", "nothing yields output \"y\"",
      nodes: [Message.node("Neg", ["x"], [""])]),
    BadONNX(
      "an output of another type", "output \"y\" should be i64, but is f32",
      Message.model(
        Message.graph([Message.node("Neg", ["x"])], outputs: [Message.value("y", [2], type: 7)]))),
    BadONNX(
      "types that do not mix", "element types f32 and i64 do not mix",
      tensor: Message.tensor("w", [1], type: 7, raw: Array(repeating: 0, count: 8))),
  ]

  static let branches: [BadONNX] = [
    BadONNX(
      "a branch that hides a value", "two values are named \"x\"",
      nodes: [branching(Message.graph([Message.node("Neg", ["x"], ["x"])]))], tensors: [yes]),
    BadONNX(
      "a branch that is missing", "it has no then_branch", nodes: [Message.node("If", ["c"])],
      tensors: [yes]),
    BadONNX(
      "a branch that yields nothing", "an output that its branch never makes",
      nodes: [branching(Message.graph([])), Message.node("Neg", ["y"], ["z"])], tensors: [yes]),
    BadONNX(
      "a function that calls itself in a branch", "more than 32 deep",
      Message.model(
        Message.graph([Message.node("A", ["x", "c"], domain: "f")], tensors: [yes]),
        functions: [
          Message.function(
            "A",
            [
              branching(
                Message.graph([Message.node("A", ["x", "c"], ["y"], domain: "f")]), yielding: "z"),
              Message.node("Neg", ["z"]),
            ], inputs: ["x", "c"])
        ])),
  ]

  static let functions: [BadONNX] = [
    BadONNX(
      "a function that calls itself", "more than 32 deep",
      Message.model(
        Message.graph([Message.node("A", ["x"], domain: "f")]),
        sets: [Message.operators(13), Message.operators(1, domain: "f")],
        functions: [Message.function("A", [Message.node("A", ["x"], domain: "f")])])),
    BadONNX(
      "functions that call each other", "more than 32 deep",
      Message.model(
        Message.graph([Message.node("A", ["x"], domain: "f")]),
        functions: [
          Message.function("A", [Message.node("B", ["x"], domain: "f")]),
          Message.function("B", [Message.node("A", ["x"], domain: "f")]),
        ])),
    BadONNX(
      "functions that double 30 times", "more than 262144 nodes",
      Message.model(
        Message.graph([Message.node("F30", ["x"], domain: "f")]),
        functions: (1...30).map { level in
          Message.function(
            "F\(level)",
            [
              Message.node(
                level == 1 ? "Neg" : "F\(level - 1)", ["x"], ["h"], domain: level == 1 ? "" : "f"),
              Message.node(
                level == 1 ? "Neg" : "F\(level - 1)", ["h"], domain: level == 1 ? "" : "f"),
            ])
        })),
    BadONNX(
      "two functions of one name", "two functions \"A\"",
      Message.model(
        Message.graph([]), functions: [Message.function("A", []), Message.function("A", [])])),
  ]
}
