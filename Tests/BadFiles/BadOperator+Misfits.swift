/// Operators whose inputs do not fit together, or need more memory than there is.
extension BadOperator {
  static let misfits: [BadOperator] = [
    BadOperator(
      "a picture without axes", "windows over 0 axes", "Conv", x: [1, 4],
      tensors: [zeros([1, 1, 1, 1])]),
    BadOperator(
      "another rank of kernel", "does not fit", "Conv", x: [1, 1, 4],
      tensors: [zeros([1, 1, 1, 1])]),
    BadOperator(
      "strides of 0", "strides does not fit", "Conv", attributes: [ints("strides", [0, 1])],
      tensors: [zeros([1, 1, 1, 1])]),
    BadOperator(
      "dilations of 0", "dilations does not fit", "Conv", attributes: [ints("dilations", [0, 1])],
      tensors: [zeros([1, 1, 1, 1])]),
    BadOperator(
      "no groups", "does not fit", "Conv", attributes: [int("group", 0)],
      tensors: [zeros([1, 1, 1, 1])]),
    BadOperator(
      "a kernel that is too large", "does not fit", "ConvTranspose", x: [1, 1, 4],
      tensors: [zeros([1, 1, 1 << 17])]),
    BadOperator(
      "inner extents that differ", "inner extents 3 and 4", "Gemm", x: [4, 3],
      tensors: [zeros([4, 4])]),
    BadOperator(
      "no sequences", "no batch of sequences", "RNN", x: [4], tensors: [floats([0]), floats([0])]),
    BadOperator(
      "a scalar", "out of range for 0 axes", "Slice", x: [],
      tensors: [integers([0]), integers([1])]),
    BadOperator(
      "steps of 0", "in steps of 0", "Slice", x: [4],
      tensors: [integers([0]), integers([4]), integers([0]), integers([0])]),
    BadOperator(
      "2^35 places", "more than 1048576 places", "Slice", x: [1 << 36],
      tensors: [integers([0]), integers([1 << 36]), integers([0]), integers([2])]),
    BadOperator(
      "2^36 places from behind", "more than the 1048576", "ArgMax",
      attributes: [int("axis", 0), int("select_last_index", 1)], x: [1 << 36]),
    BadOperator(
      "frames of 2^20", "more than the 16777216", "STFT", x: [1, 1 << 20],
      tensors: [integers([1]), zeros([1 << 20])]),
    BadOperator(
      "parts below 0", "beyond the extent", "Split", x: [4], tensors: [integers([5, -1])]),
    BadOperator("no parts", "Split", "Split", attributes: [int("num_outputs", 0)]),
    BadOperator(
      "letters of a scalar", "does not fit its inputs", "Einsum",
      attributes: [text("equation", "i->")], x: []),
    BadOperator(
      "a place beyond the end", "index 9 is outside an axis of 4", "Gather", x: [4],
      tensors: [integers([9])]),
    BadOperator(
      "a place before the beginning", "index -5 is outside an axis of 4", "Gather", x: [4],
      tensors: [integers([-5])]),
    BadOperator("no axis", "attribute axis is missing", "Concat", x: [4], tensors: [floats([0])]),
    BadOperator("no type", "attribute to is missing", "Cast"),
    BadOperator(
      "an unknown type", "attribute to is the type 99", "Cast", attributes: [int("to", 99)]),
    BadOperator(
      "another number of elements", "has 3 elements", "Reshape", x: [4], tensors: [integers([3])]),
    BadOperator("an extent below 0", "extent -1", "Tile", tensors: [integers([-1, 1, 1, 1])]),
    BadOperator("an axis that is not 1", "is not 1", "Squeeze", x: [4], tensors: [integers([0])]),
    BadOperator(
      "an axis twice", "repeats an axis", "Unsqueeze", x: [4], tensors: [integers([0, 0])]),
    BadOperator(
      "rank 9", "rank 9 is above 8", "Unsqueeze", x: [4],
      tensors: [integers([0, 1, 2, 3, 4, 5, 6, 7])]),
    BadOperator("a body", "Scan", "Scan"),
  ]

  /// Sizes that the importer only follows, and the plan has no room for.
  static let plans: [BadOperator] = [
    BadOperator(
      "2^50 bytes", "it asks for", "Tile", tensors: [integers([1 << 20, 1 << 20, 4, 4])]),
    BadOperator(
      "2^46 bytes", "it asks for", "Pad", tensors: [integers([1 << 20, 1 << 20, 0, 0, 0, 0, 0, 0])]),
    BadOperator(
      "2^44 bytes", "it asks for", "OneHot", tensors: [integers([1 << 40]), floats([0, 1])]),
    BadOperator(
      "2^46 bytes", "output y has", "Expand", tensors: [integers([1 << 20, 1 << 20, 4, 4])]),
  ]
}
