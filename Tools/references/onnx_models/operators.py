"""One small graph for each meaning of each operator."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F32, I64, I32, BOOL, F16 = np.float32, np.int64, np.int32, np.bool_, np.float16


@dataclass
class Case:
    """A model, its inputs by name, and what is said about its open sizes."""

    name: str
    model: onnx.ModelProto
    inputs: dict
    shapes: dict = field(default_factory=dict)
    dims: dict = field(default_factory=dict)


def random(seed, *shape, low=-2.0, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(F32)


def node(op, inputs, outputs=("y",), **attributes):
    return helper.make_node(op, list(inputs), list(outputs), name=f"{op}_{list(outputs)[0]}", **attributes)


def model(nodes, inputs, constants, opset, outputs=("y",), ir=8, functions=(), sets=()):
    """Output types are left to shape inference."""
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), shape)
        for name, (value, shape) in inputs.items()
    ]
    graph = helper.make_graph(
        nodes, "case", infos, [onnx.ValueInfoProto(name=name) for name in outputs],
        [value if isinstance(value, TensorProto) else numpy_helper.from_array(np.asarray(value), name)
         for name, value in constants.items()],
    )
    made = helper.make_model(
        graph, ir_version=ir, opset_imports=[helper.make_opsetid("", opset), *sets],
        functions=list(functions), producer_name="",
    )
    inferred = onnx.shape_inference.infer_shapes(made)
    types = {info.name: info for info in [*inferred.graph.value_info, *inferred.graph.output]}
    for output in made.graph.output:
        output.CopyFrom(types[output.name])
    return made


def case(name, opset, nodes, outputs=("y",), constants=None, symbolic=None, dims=None, shapes=None, **inputs):
    """`symbolic` gives the declared shape of an input whose value has another."""
    nodes = nodes if isinstance(nodes, list) else [nodes]
    declared = {
        key: (value, (symbolic or {}).get(key, value.shape)) for key, value in inputs.items()
    }
    return Case(
        name, model(nodes, declared, constants or {}, opset, outputs), inputs, shapes or {}, dims or {}
    )


def elementwise():
    x = random(1, 2, 3)
    positive = random(2, 2, 3, low=0.1, high=2)
    for op in ["Abs", "Neg", "Exp", "Sigmoid", "Tanh", "Relu", "Erf", "Identity"]:
        yield case(op.lower(), 13, node(op, ["x"]), x=x)
    for op in ["Floor", "Ceil", "Round", "Sign", "IsNaN"]:
        special = np.array([[0.5, 1.5, -0.5], [-2.5, np.nan if op == "IsNaN" else 0, 3.2]], F32)
        yield case(op.lower(), 13, node(op, ["x"]), x=special)
    for fmod in [0, 1]:
        yield case(
            f"mod_{fmod}", 13, node("Mod", ["a", "b"], fmod=fmod), a=np.array([[7, -7, 6]]), b=np.array([[3], [-3]]),
        )
    for op in ["Sin", "Cos", "Tan"]:
        yield case(op.lower(), 9, node(op, ["x"]), x=x)
    for op in ["Log", "Sqrt", "Reciprocal"]:
        yield case(op.lower(), 13, node(op, ["x"]), x=positive)
    for op in ["Add", "Sub", "Mul", "Div"]:
        yield case(op.lower(), 7, node(op, ["a", "b"]), a=x, b=positive[:1])
    i, j = np.array([[7, -7, 5]], I64), np.array([[2], [-2]], I64)
    for op in ["Add", "Sub", "Mul", "Div"]:
        yield case(f"{op.lower()}_integers", 14, node(op, ["a", "b"]), a=i, b=j)
    yield case("pow", 13, node("Pow", ["x", "e"]), constants={"e": F32(3)}, x=x)
    yield case("pow_integer_exponent", 13, node("Pow", ["x", "e"]), constants={"e": I64(2)}, x=x)
    for op in ["Max", "Min", "Sum", "Mean"]:
        yield case(f"{op.lower()}_of_three", 13, node(op, "abc"), a=x, b=positive, c=x[:, :1])
    yield case("dropout_7", 7, node("Dropout", ["x"], ratio=0.3), x=x)
    yield case("dropout_13", 13, node("Dropout", ["x", "r"]), constants={"r": F32(0.5)}, x=x)
    flags = np.array([[True, False, True], [False, False, True]])
    for op in ["And", "Or", "Xor"]:
        yield case(op.lower(), 7, node(op, ["a", "b"]), a=flags, b=flags[:, ::-1].copy())
    yield case("not", 1 + 6, node("Not", ["x"]), x=flags)
    nan = x.copy()
    nan[0, 0] = np.nan
    nan[1, 1] = positive[1, 1]
    for op, opset in [("Equal", 13), ("Less", 9), ("Greater", 9), ("LessOrEqual", 16), ("GreaterOrEqual", 16)]:
        yield case(op.lower(), opset, node(op, ["a", "b"]), a=nan, b=positive)
    yield case("less_integers", 9, node("Less", ["a", "b"]), a=i, b=j)
    yield case("where", 16, node("Where", ["c", "a", "b"]), c=flags, a=x, b=positive[:1])
    for to in [TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.DOUBLE, TensorProto.INT8]:
        yield case(f"cast_to_{TensorProto.DataType.Name(to).lower()}", 13, node("Cast", ["x"], to=to), x=x)
    yield case("cast_integers", 13, node("Cast", ["x"], to=TensorProto.FLOAT), x=i)
    yield case("castlike", 15, node("CastLike", ["x", "t"]), constants={"t": np.zeros(1, I64)}, x=x)


def activations():
    x = random(3, 2, 5, low=-4, high=4)
    for name, opset, op, attributes in [
        ("gelu", 20, "Gelu", {}), ("gelu_tanh", 20, "Gelu", {"approximate": "tanh"}),
        ("clip_6", 6 + 1, "Clip", {"min": -1.0, "max": 1.5}), ("elu", 7, "Elu", {"alpha": 0.7}),
        ("celu", 12, "Celu", {"alpha": 1.3}), ("selu", 7, "Selu", {}), ("leakyrelu", 16, "LeakyRelu", {}),
        ("hardsigmoid", 7, "HardSigmoid", {"alpha": 0.3}), ("hardswish", 14, "HardSwish", {}),
        ("softplus", 7, "Softplus", {}), ("softsign", 7, "Softsign", {}), ("mish", 18, "Mish", {}),
    ]:  # fmt: skip
        yield case(name, opset, node(op, ["x"], **attributes), x=x)
    yield case("clip_11", 11, node("Clip", ["x", "low", "high"]), constants={"low": F32(-1), "high": F32(1)}, x=x)
    yield case("clip_only_high", 13, node("Clip", ["x", "", "high"]), constants={"high": F32(1)}, x=x)
    yield case("prelu", 9, node("PRelu", ["x", "s"]), constants={"s": random(4, 5)}, x=x)


def views():
    x = random(5, 2, 3, 4)
    yield case("transpose", 13, node("Transpose", ["x"], perm=[1, 2, 0]), x=x)
    yield case("transpose_all", 13, node("Transpose", ["x"]), x=x)
    yield case("reshape", 13, node("Reshape", ["x", "s"]), constants={"s": np.array([0, -1, 2])}, x=x)
    yield case(
        "reshape_of_a_transposed_value", 14,
        [node("Transpose", ["x"], ["t"], perm=[2, 0, 1]), node("Reshape", ["t", "s"])],
        constants={"s": np.array([6, 4])}, x=x,
    )
    yield case("flatten", 13, node("Flatten", ["x"], axis=2), x=x)
    yield case("flatten_from_the_end", 13, node("Flatten", ["x"], axis=-1), x=x)
    yield case("squeeze_11", 11, node("Squeeze", ["x"], axes=[1]), x=x[:, :1])
    yield case("squeeze_13", 13, node("Squeeze", ["x", "a"]), constants={"a": np.array([-1])}, x=x[..., :1])
    yield case("squeeze_every_one", 13, node("Squeeze", ["x"]), x=x[:1, :, :1])
    yield case("unsqueeze_11", 11, node("Unsqueeze", ["x"], axes=[0, 4]), x=x)
    yield case("unsqueeze_13", 13, node("Unsqueeze", ["x", "a"]), constants={"a": np.array([-1, 1])}, x=x)
    yield case("expand", 13, node("Expand", ["x", "s"]), constants={"s": np.array([2, 1, 3, 1])}, x=x[:1, :, :])
    yield case("tile", 13, node("Tile", ["x", "r"]), constants={"r": np.array([1, 2, 3])}, x=x)


def indexing():
    x = random(6, 3, 4, 5)
    yield case("concat", 13, node("Concat", ["x", "z", "x"], axis=-2), constants={"z": random(7, 3, 1, 5)}, x=x)
    yield case("split_11", 11, node("Split", ["x"], ["y", "z"], axis=1, split=[1, 3]), ("y", "z"), x=x)
    yield case("split_13", 13, node("Split", ["x", "n"], ["y", "z"], axis=2), ("y", "z"), constants={"n": np.array([2, 3])}, x=x)
    yield case("split_equally", 13, node("Split", ["x"], ["y", "z", "w"]), ("y", "z", "w"), x=x)
    yield case("split_18_unevenly", 18, node("Split", ["x"], ["y", "z"], axis=2, num_outputs=2), ("y", "z"), x=x)
    yield case("slice_9", 9, node("Slice", ["x"], axes=[1, 2], starts=[1, -3], ends=[3, 2**31]), x=x)
    yield case(
        "slice_to_the_end", 13, node("Slice", ["x", "s", "e", "a"]),
        constants={"s": np.array([-2]), "e": np.array([2**63 - 1]), "a": np.array([1])}, x=x,
    )
    yield case(
        "slice_in_steps", 13, node("Slice", ["x", "s", "e", "a", "d"]),
        constants={"s": np.array([-1, 0]), "e": np.array([-100, 5]), "a": np.array([1, 2]), "d": np.array([-1, 2])}, x=x,
    )
    yield case("gather_one", 13, node("Gather", ["x", "i"], axis=1), constants={"i": I64(-1)}, x=x)
    yield case("gather_several", 13, node("Gather", ["x", "i"], axis=2), constants={"i": np.array([[0, 4], [1, 2]])}, x=x)
    table, ids = random(8, 9, 2, 3), np.array([[3, 0], [8, 3]])
    yield case("gather_rows", 13, node("Gather", ["t", "ids"]), constants={"t": table}, ids=ids)
    yield case("gather_rows_i32", 13, node("Gather", ["t", "ids"]), constants={"t": table}, ids=ids.astype(I32))
    yield case("gather_from_an_input", 13, node("Gather", ["t", "ids"]), t=table, ids=ids)
    yield case("gather_columns_from_the_end", 13, node("Gather", ["x", "ids"], axis=-1), x=x, ids=np.array([[-1, 0], [2, -5]]))
    yield case("gather_integers", 13, node("Gather", ["t", "ids"]), t=np.array([[1, 2], [3, 4]]), ids=np.array([1, 0, 1]))
    yield case("pad_7", 7, node("Pad", ["x"], pads=[0, 1, 2, 0, 0, 1], value=1.5), x=x)
    yield case("pad_13", 13, node("Pad", ["x", "p", "v"]), constants={"p": np.array([1, 0, 0, 0, 2, 0]), "v": F32(-3)}, x=x)
    yield case("pad_cuts", 13, node("Pad", ["x", "p"]), constants={"p": np.array([-1, 0, 0, 0, -2, 1])}, x=x)
    yield case(
        "pad_18_axes", 18, node("Pad", ["x", "p", "", "a"]),
        constants={"p": np.array([1, 2]), "a": np.array([-1])}, x=x,
    )
    yield case("trilu_upper", 14, node("Trilu", ["x"]), x=x)
    yield case("trilu_lower", 14, node("Trilu", ["x", "k"], upper=0), constants={"k": I64(-1)}, x=x)


def reductions():
    x = random(9, 2, 3, 4)
    for op in ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2", "ReduceSumSquare"]:
        name = op.lower()
        yield case(f"{name}_13", 13, node(op, ["x"], axes=[-1, 0]), x=x)
        yield case(f"{name}_18", 18, node(op, ["x", "a"], keepdims=0), constants={"a": np.array([1])}, x=x)
    yield case("reducesum_11", 11, node("ReduceSum", ["x"], axes=[1], keepdims=0), x=x)
    yield case("reducesum_13", 13, node("ReduceSum", ["x", "a"]), constants={"a": np.array([-2])}, x=x)
    yield case("reducesum_all", 13, node("ReduceSum", ["x"], keepdims=0), x=x)
    yield case("reducesum_nothing", 13, node("ReduceSum", ["x"], noop_with_empty_axes=1), x=x)
    yield case("softmax_11", 11, node("Softmax", ["x"], axis=1), x=x)
    yield case("softmax_13", 13, node("Softmax", ["x"], axis=1), x=x)
    yield case("softmax_last", 13, node("Softmax", ["x"]), x=x)
    yield case("logsoftmax_11", 11, node("LogSoftmax", ["x"]), x=x)
    yield case("logsoftmax_13", 13, node("LogSoftmax", ["x"], axis=0), x=x)
    yield case("globalaveragepool", 9, node("GlobalAveragePool", ["x"]), x=random(10, 1, 2, 3, 4))
    yield case("globalmaxpool", 9, node("GlobalMaxPool", ["x"]), x=random(11, 1, 2, 3, 4))


def normalizations():
    x = random(12, 2, 3, 8)
    weight, bias = random(13, 8), random(14, 8)
    constants = {"w": weight, "b": bias}
    yield case("layernormalization", 17, node("LayerNormalization", "xwb", epsilon=1e-4), constants=constants, x=x)
    yield case(
        "layernormalization_two_axes", 17, node("LayerNormalization", "xw", axis=-2), constants={"w": random(15, 3, 8)}, x=x,
    )
    yield case("rmsnormalization", 23, node("RMSNormalization", "xw", epsilon=1e-3), constants={"w": weight}, x=x)
    channels = {"s": random(16, 3), "b": random(17, 3), "m": random(18, 3), "v": random(19, 3, low=0.1)}
    yield case("batchnormalization_9", 9, node("BatchNormalization", "xsbmv"), constants=channels, x=x)
    yield case("batchnormalization_15", 15, node("BatchNormalization", "xsbmv", epsilon=1e-2), constants=channels, x=random(20, 1, 3, 2, 2))


def products():
    a, w = random(21, 2, 3, 4), random(22, 4, 5)
    yield case("matmul", 13, node("MatMul", ["a", "b"]), a=a, b=random(23, 2, 4, 5))
    yield case("matmul_weight", 13, node("MatMul", ["a", "w"]), constants={"w": w}, a=a)
    yield case("matmul_broadcast", 13, node("MatMul", ["a", "b"]), a=a, b=random(24, 7, 1, 4, 2))
    yield case("matmul_vectors", 13, node("MatMul", ["a", "b"]), a=a[0, 0], b=a[1, 1])
    yield case("matmul_row", 13, node("MatMul", ["a", "b"]), a=a[0, 0], b=random(25, 2, 4, 5))
    yield case("matmul_column", 13, node("MatMul", ["a", "b"]), a=a, b=w[:, 0].copy())
    rows, bias = random(26, 3, 4), random(27, 5)
    yield case("gemm", 13, node("Gemm", "awb"), constants={"w": w, "b": bias}, a=rows)
    yield case(
        "gemm_scaled", 11, node("Gemm", "awb", alpha=0.5, beta=2.0, transB=1), constants={"w": w.T.copy(), "b": bias}, a=rows,
    )
    yield case("gemm_transposed", 13, node("Gemm", "aw", transA=1), constants={"w": random(28, 3, 5)}, a=rows)
    pixels = random(29, 1, 3, 8, 8)
    kernel = {"k": random(30, 6, 3, 4, 4), "b": random(31, 6)}
    yield case("conv_patches", 11, node("Conv", "xkb", strides=[4, 4], kernel_shape=[4, 4]), constants=kernel, x=pixels)
    yield case("conv_patches_with_a_rest", 11, node("Conv", "xk", strides=[4, 4]), constants={"k": kernel["k"]}, x=random(32, 1, 3, 9, 11))
    yield case("conv_1x1", 11, node("Conv", "xk"), constants={"k": random(33, 2, 3, 1, 1)}, x=pixels)
    yield case("maxpool", 12, node("MaxPool", ["x"], kernel_shape=[2, 2], strides=[2, 2]), x=random(34, 1, 2, 5, 4))
    yield case("averagepool", 11, node("AveragePool", ["x"], kernel_shape=[2, 4], strides=[2, 4]), x=pixels)


def windows():
    pixels, line = random(50, 2, 4, 7, 9), random(51, 2, 4, 11)
    kernel, bias = random(52, 6, 4, 3, 3), random(53, 6)
    both = {"k": kernel, "b": bias}
    yield case("conv", 11, node("Conv", "xkb", pads=[1, 1, 1, 1]), constants=both, x=pixels)
    yield case(
        "conv_every_attribute", 11, node("Conv", "xk", pads=[2, 0, 1, 3], strides=[2, 3], dilations=[2, 1]), constants={"k": kernel}, x=pixels,
    )
    yield case("conv_groups", 11, node("Conv", "xkb", group=2, strides=[2, 1]), constants={"k": random(54, 6, 2, 3, 2), "b": bias}, x=pixels)
    yield case("conv_depthwise", 11, node("Conv", "xk", group=4, pads=[1, 1, 1, 1]), constants={"k": random(55, 4, 1, 3, 3)}, x=pixels)
    yield case("conv_one_axis", 11, node("Conv", "xkb", pads=[2, 1], strides=[2], dilations=[2]), constants={"k": random(56, 6, 4, 3), "b": bias}, x=line)
    for mode in ["SAME_UPPER", "SAME_LOWER", "VALID"]:
        yield case(f"conv_{mode.lower()}", 11, node("Conv", "xk", auto_pad=mode, strides=[2, 2]), constants={"k": random(57, 2, 4, 2, 3)}, x=pixels)
    yield case(
        "conv_open_batch", 11, node("Conv", "xkb", pads=[1, 1, 1, 1], strides=[2, 2]), constants=both, symbolic={"x": ("batch", 4, 7, 9)},
        dims={"batch": "<=3"}, x=pixels,
    )
    yield case(
        "conv_open_length", 11, node("Conv", "xk", pads=[1, 1]), constants={"k": random(58, 2, 4, 3)}, symbolic={"x": (2, 4, "length")},
        dims={"length": "<=20"}, x=line,
    )
    yield case("maxpool_with_pads", 12, node("MaxPool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]), x=pixels)
    yield case("maxpool_rounding_up", 12, node("MaxPool", ["x"], kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1, dilations=[1, 2]), x=pixels)
    yield case("maxpool_one_axis", 12, node("MaxPool", ["x"], kernel_shape=[3], strides=[2]), x=line)
    yield case("averagepool_with_pads", 11, node("AveragePool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]), x=pixels)
    yield case(
        "averagepool_counting_pads", 11, node("AveragePool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 2], count_include_pad=1), x=pixels,
    )
    yield case("averagepool_rounding_up", 19, node("AveragePool", ["x"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1), x=pixels)
    yield case("averagepool_one_axis", 11, node("AveragePool", ["x"], kernel_shape=[4], strides=[3], pads=[1, 2]), x=line)
    scale, shift = random(59, 4), random(60, 4)
    yield case("instancenormalization", 6 + 1, node("InstanceNormalization", "xsb", epsilon=1e-3), constants={"s": scale, "b": shift}, x=pixels)
    yield case("groupnormalization_21", 21, node("GroupNormalization", "xsb", num_groups=2), constants={"s": scale, "b": shift}, x=pixels)


def sizes():
    x = random(35, 2, 3, 4)
    yield case("constant", 13, [node("Constant", [], ["c"], value=numpy_helper.from_array(x)), node("Add", ["x", "c"])], x=x)
    yield case("constant_floats", 13, [node("Constant", [], ["c"], value_floats=[1.0, 2.0, 3.0, 4.0]), node("Add", ["x", "c"])], x=x)
    yield case("shape", 15, node("Shape", ["x"], start=-2), x=x)
    yield case("size", 13, node("Size", ["x"]), x=x)
    yield case(
        "constantofshape", 9,
        [node("Shape", ["x"], ["s"]), node("ConstantOfShape", ["s"], ["c"], value=helper.make_tensor("v", 1, [1], [2.5])), node("Add", ["x", "c"])],
        x=x,
    )
    yield case(
        "range", 11, [node("Range", ["a", "b", "d"], ["r"]), node("Add", ["x", "r"])],
        constants={"a": I64(7), "b": I64(-1), "d": I64(-2)}, x=np.zeros((2, 4), I64),
    )
    # How exporters split heads: sizes read off the input, one of them left to -1.
    heads = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["b"]),
        node("Gather", ["s", "one"], ["t"]),
        node("Unsqueeze", ["b", "axis"], ["b1"]),
        node("Unsqueeze", ["t", "axis"], ["t1"]),
        node("Concat", ["b1", "t1", "two", "rest"], ["shape"], axis=0),
        node("Reshape", ["x", "shape"], ["split"]),
        node("Transpose", ["split"], perm=[0, 2, 1, 3]),
    ]
    constants = {
        "zero": I64(0), "one": I64(1), "axis": np.array([0]), "two": np.array([2]), "rest": np.array([-1]),
    }  # fmt: skip
    yield case("shape_arithmetic", 13, heads, constants=constants, x=x)
    symbolic = {"x": ("batch", "seq len", 4)}
    yield case("shape_arithmetic_fixed", 13, heads, constants=constants, symbolic=symbolic, dims={"batch": "2", "seq len": "3"}, x=x)
    yield case("shape_arithmetic_open", 13, heads, constants=constants, symbolic=symbolic, dims={"batch": "<=4", "seq len": "<=7"}, x=x)
    yield case("unnamed_sizes", 13, heads, constants=constants, symbolic={"x": (None, None, 4)}, shapes={"x": [2, 3, 4]}, x=x)
    # A causal mask as exporters write it, over a length that stays open.
    mask = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "last"], ["t"]),
        node("Range", ["zero", "t", "one"], ["i"]),
        node("Unsqueeze", ["i", "axis"], ["rows"]),
        node("LessOrEqual", ["i", "rows"], ["seen"]),
        node("Where", ["seen", "x", "low"], ["masked"]),
        node("Softmax", ["masked"]),
    ]
    constants = {"last": I64(-1), "zero": I64(0), "one": I64(1), "axis": np.array([1]), "low": F32(-1e9)}
    yield case("open_causal_mask", 16, mask, constants=constants, symbolic={"x": (2, "T", "T")}, dims={"T": "<=9"}, x=random(36, 2, 5, 5))
    # torch.Tensor.expand: -1 keeps a size.
    expand = [
        node("Shape", ["x"], ["s"]),
        node("Equal", ["wanted", "minus"], ["keeps"]),
        node("Where", ["keeps", "s", "wanted"], ["to"]),
        node("Expand", ["x", "to"]),
    ]
    yield case(
        "expand_keeping_a_size", 13, expand, constants={"wanted": np.array([5, -1]), "minus": I64(-1)},
        symbolic={"x": (1, "n")}, dims={"n": "<=4"}, x=random(37, 1, 3),
    )


def types():
    x = random(38, 2, 4)
    w = random(39, 4, 3)
    for name, array, opset in [("f16", w.astype(F16), 13), ("f64", w.astype(np.float64), 13)]:
        yield case(f"weight_{name}", opset, node("MatMul", ["x", "w"]), constants={"w": array}, x=x.astype(array.dtype))
    for kind in ["FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE", "INT8", "UINT8", "INT16", "UINT16", "INT32", "INT64", "UINT32", "UINT64", "BOOL", "INT4", "UINT4"]:
        number = getattr(TensorProto, kind)
        values = [0, 1, 1, 0, 1] if kind == "BOOL" else [0, 1, 7, 3, 5] if kind.startswith("U") else [0, -1, 7, -3, 5]
        for raw in [False, True]:
            tensor = helper.make_tensor("c", number, [5], values)
            if raw:
                tensor = numpy_helper.from_array(numpy_helper.to_array(tensor), "c")
            yield case(
                f"typed_{kind.lower()}_{'raw' if raw else 'fields'}", 21,
                [node("Cast", ["c"], ["f"], to=TensorProto.FLOAT), node("Add", ["x", "f"])], constants={"c": tensor}, x=random(40, 5),
            )
    yield case("i32_in_and_out", 13, node("Add", ["x", "x"]), x=np.array([1, -2], I32))
    yield case("large_raw_weight", 13, node("MatMul", ["x", "w"]), constants={"w": random(41, 32, 16)}, x=random(42, 1, 32))


def structure():
    x = random(43, 2, 3)
    flag = np.array(True)
    then = helper.make_graph([node("Add", ["x", "one"], ["t"])], "then", [], [helper.make_tensor_value_info("t", 1, [2, 3])])
    other = helper.make_graph([node("Sub", ["x", "one"], ["e"])], "else", [], [helper.make_tensor_value_info("e", 1, [2, 3])])
    branches = node("If", ["c"], ["y"], then_branch=then, else_branch=other)
    yield case("if_true", 16, branches, constants={"c": flag, "one": F32(1)}, x=x)
    yield case("if_false", 16, branches, constants={"c": ~flag, "one": F32(1)}, x=x)
    yield case("output_is_an_input", 13, [node("Add", ["x", "x"], ["z"]), node("Identity", ["x"])], ("y", "z"), x=x)
    yield case("output_is_a_constant", 13, [node("Identity", ["c"]), node("Add", ["x", "c"], ["z"])], ("y", "z"), constants={"c": x}, x=x)
    yield case("names_with_slashes", 13, [node("Add", ["/in/x", "/in/x"], ["/a b/y"])], ("/a b/y",), **{"/in/x": x})
    scaled = helper.make_function(
        "local", "Scaled", ["v", "w"], ["r"],
        [node("Mul", ["v", "w"], ["p"]), helper.make_node("Scale", ["p"], ["r"], domain="local")],
        [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)],
    )
    leaky = onnx.NodeProto(op_type="LeakyRelu", input=["v"], output=["r"])
    leaky.attribute.add(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    scale = helper.make_function(
        "local", "Scale", ["v"], ["r"], [leaky], [helper.make_opsetid("", 18)],
        attribute_protos=[helper.make_attribute("slope", 0.25)],
    )
    nodes = [
        helper.make_node("Scaled", ["x", "x"], ["a"], domain="local"),
        helper.make_node("Scale", ["x"], ["b"], domain="local", slope=0.5),
        node("Add", ["a", "b"]),
    ]
    infos = {"x": (x, x.shape)}
    yield Case(
        "functions", model(nodes, infos, {}, 18, functions=[scaled, scale], sets=[helper.make_opsetid("local", 1)], ir=9), {"x": x},
    )


def cases():
    for group in [elementwise, activations, views, indexing, reductions, normalizations, products, windows, sizes, types, structure]:
        yield from group()
