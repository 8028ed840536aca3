/// Models that are refused: constants, and sizes beyond any memory.
extension BadONNX {
  static let tensors: [BadONNX] = [
    BadONNX(
      "raw data too short", "has 7 bytes, but its shape and type take 8",
      tensor: Message.tensor("w", [2], raw: [1, 2, 3, 4, 5, 6, 7])),
    BadONNX(
      "raw data too long", "has 9 bytes",
      tensor: Message.tensor("w", [2], raw: Array(repeating: 0, count: 9))),
    BadONNX(
      "large raw data too short", "has 2000 bytes",
      tensor: Message.tensor("w", [512], raw: Array(repeating: 0, count: 2000))),
    BadONNX(
      "floats of another type", "has 1 values",
      tensor: Message.tensor("w", [1], type: 11).data(4, [0, 0, 0, 0])),
    BadONNX(
      "doubles of another type", "has 1 values",
      tensor: Message.tensor("w", [1]).data(10, Array(repeating: 0, count: 8))),
    BadONNX("no data", "has 0 values", tensor: Message.tensor("w", [2])),
    BadONNX(
      "data in two places", "in several places",
      tensor: Message.tensor("w", [1], raw: [0, 0, 0, 0]).data(4, [0, 0, 0, 0])),
    BadONNX("an unknown type", "type 999", tensor: Message.tensor("w", [1], type: 999, raw: [0])),
    BadONNX(
      "text among numbers", "in several places",
      tensor: Message.tensor("w", [2]).text(6, "a").text(6, "b")),
    BadONNX(
      "half of the 4-bit numbers", "has 1 values of a shape of [3]",
      tensor: Message.tensor("w", [3], type: 22).int(5, 1)),
    BadONNX("no type", "type 0", tensor: Message.tensor("w", [1], type: 0, raw: [0])),
    BadONNX("text", "type 8", tensor: Message.tensor("w", [0], type: 8)),
    BadONNX("a negative extent", "an extent of -1", tensor: Message.tensor("w", [-1], raw: [])),
    BadONNX(
      "a product beyond 64 bits", "too many elements",
      tensor: Message.tensor("w", [1 << 40, 1 << 40], raw: [])),
    BadONNX(
      "nine axes", "has 9 axes",
      tensor: Message.tensor("w", Array(repeating: 1, count: 9), raw: [0, 0, 0, 0])),
    BadONNX(
      "u64 beyond i64", "beyond 2^63",
      tensor: Message.tensor("w", [1], type: 13, raw: Array(repeating: 0xFF, count: 8))),
    BadONNX(
      "a place given by the file", "has 0 values",
      tensor: Message.tensor("w", [1]).int(100001, 0).int(100002, 4)),
  ]

  /// Large in what they say, not in what they hold.
  static let sizes: [BadONNX] = [
    BadONNX(
      "2^80 elements", "too many elements",
      nodes: [
        Message.node("ConstantOfShape", ["w"], ["c"]), Message.node("Neg", ["c"]),
      ],
      tensors: [
        Message.tensor(
          "w", [2], type: 7, raw: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
      ]),
    BadONNX(
      "2^40 elements", "it asks for",
      nodes: [Message.node("ConstantOfShape", ["w"], ["c"]), Message.node("Add", ["c", "x"])],
      tensors: [
        Message.tensor(
          "w", [2], type: 7, raw: [0, 0, 0, 0, 0, 1, 0, 0, 2] + Array(repeating: 0, count: 7))
      ]),
    BadONNX(
      "counting to 2^40", "it asks for",
      Message.model(
        Message.graph(
          [Message.node("Range", ["a", "b", "c"])],
          outputs: [Message.value("y", [1 << 40], type: 7)],
          tensors: [
            Message.tensor("a", [], type: 7, raw: [0, 0, 0, 0, 0, 0, 0, 0]),
            Message.tensor("b", [], type: 7, raw: [0, 0, 0, 0, 0, 1, 0, 0]),
            Message.tensor("c", [], type: 7, raw: [1, 0, 0, 0, 0, 0, 0, 0]),
          ]))),
    BadONNX("an input of 2^40 elements", "it asks for", input: [1 << 40]),
    BadONNX("an input of 2^80 elements", "too many elements", input: [1 << 40, 1 << 40]),
    BadONNX("an input of -2 elements", "has an extent of -2", input: [-2]),
    BadONNX("an input of nine axes", "9", input: Array(repeating: 1, count: 9)),
  ]
}
