"""The targets of the design: what PaliGraph is to reach beside the best peer of a class, or without one.

A class is a set of peers that do the same work on weights as large. Where a class has no peer with the figure, for
example a tower in int8, the wider table compares with the peers in bf16.
"""

from dataclasses import dataclass

CLASSES = {
    "f32": ["transformers f32", "onnxruntime f32", "openvino f32"],
    "bf16": ["transformers bf16", "openvino bf16", "llama.cpp bf16"],
    "int8": ["llama.cpp q8_0"],
    "int4": ["llama.cpp q4_0"],
}


@dataclass(frozen=True)
class Ratio:
    """A figure of PaliGraph over that of the best of some peers. Of tokens/s, more is better."""

    figure: str
    dtype: str
    key: str
    peers: tuple
    target: float

    def row(self, contenders):
        ours = value(contenders.get(f"paligraph {self.dtype}"), self.key)
        peer = best(contenders, self.peers, self.key)
        row = {"figure": self.figure, "paligraph": shown(self.key, ours), "target": self.shown_target()}
        if peer is None:
            return row
        row["peer"] = f"{peer['name']}, {shown(self.key, peer[self.key])}"
        if ours is None:
            return row
        ratio = ours / peer[self.key]
        met = ratio >= self.target if more_is_better(self.key) else ratio <= self.target
        return row | {"ratio": f"{ratio:.2f}×", "met": met}

    def shown_target(self):
        return f"{'≥' if more_is_better(self.key) else '≤'} {self.target:.2f}×"


@dataclass(frozen=True)
class Bound:
    """A figure of PaliGraph beside a fixed bound, less what `base` has."""

    figure: str
    dtype: str
    key: str
    target: float
    base: str | None = None

    def row(self, contenders):
        contender = contenders.get(f"paligraph {self.dtype}")
        ours, base = value(contender, self.key), value(contender, self.base) if self.base else 0
        of_base = "weights + " if self.base else ""
        row = {"figure": self.figure, "target": f"≤ {of_base}{shown(self.key, self.target)}"}
        if ours is None or base is None:
            return row
        more = f" (weights + {shown(self.key, ours - base)})" if self.base else ""
        return row | {"paligraph": shown(self.key, ours) + more, "met": ours - base <= self.target}


ON_ANY_CPU = [
    Bound("peak memory bf16", "bf16", "peak_rss_bytes", 0.4e9, base="weight_bytes"),
    Bound("plan load", "bf16", "load_s", 0.1),
    Bound("anonymous memory of compiling to bf16", "bf16", "compile_anonymous_bytes", 1.5e9),
]
WITH_AVX512 = [
    Ratio("vision tower f32", "f32", "vision_s", ("openvino f32", "onnxruntime f32", "transformers f32"), 0.9),
    Ratio("vision tower bf16", "bf16", "vision_s", ("openvino bf16", "transformers bf16"), 0.9),
    Ratio("decoder prefill bf16", "bf16", "prefill_s", ("llama.cpp bf16", "transformers bf16"), 0.85),
    Ratio("decoder prefill int8", "int8", "prefill_s", ("llama.cpp q8_0",), 0.35),
    Ratio("first token bf16", "bf16", "first_token_s", ("transformers bf16",), 0.8),
    Ratio("first token int8", "int8", "first_token_s", ("transformers bf16",), 0.5),
    Ratio("decode bf16", "bf16", "tokens_per_s", ("llama.cpp bf16",), 1.0),
    Ratio("decode int8", "int8", "tokens_per_s", ("llama.cpp q8_0",), 1.15),
    Ratio("decode int4", "int4", "tokens_per_s", ("llama.cpp q4_0",), 1.25),
]
# Where the CPU has no products of bf16, a peer that holds f32 may be the quickest.
BF16_OR_F32 = ("llama.cpp bf16", "transformers bf16", "transformers f32")
WITHOUT_AVX512 = [
    Ratio("decoder prefill bf16", "bf16", "prefill_s", BF16_OR_F32, 0.65),
    Ratio("decoder prefill int8", "int8", "prefill_s", ("llama.cpp q8_0",), 0.45),
    Ratio("first token bf16", "bf16", "first_token_s", ("transformers f32",), 0.6),
    Ratio("decode bf16", "bf16", "tokens_per_s", ("llama.cpp bf16",), 1.2),
    Ratio("decode int8", "int8", "tokens_per_s", ("llama.cpp q8_0",), 1.25),
    Ratio("decode int4", "int4", "tokens_per_s", ("llama.cpp q4_0",), 1.4),
]


def rows(features, contenders):
    """One dictionary for each target of a CPU with these features; what was not measured is left out of it."""
    contenders = {contender["name"]: contender for contender in contenders}
    chosen = WITH_AVX512 if "avx512f" in features else WITHOUT_AVX512
    return [target.row(contenders) for target in chosen + ON_ANY_CPU]


def ratio_in_class(contender, key, contenders):
    """A figure over the best of the contender's class, or where that has none, of the peers in bf16."""
    contenders = {contender["name"]: contender for contender in contenders}
    peer = best(contenders, CLASSES[contender["dtype"]], key) or best(contenders, CLASSES["bf16"], key)
    return value(contender, key) / peer[key] if peer else None


def best(contenders, names, key):
    found = [contenders[name] for name in names if value(contenders.get(name), key) is not None]
    choose = max if more_is_better(key) else min
    return choose(found, key=lambda contender: contender[key], default=None)


def value(contender, key):
    return contender.get(key) if contender else None


def more_is_better(key):
    return key == "tokens_per_s"


def shown(key, number):
    if number is None:
        return ""
    if key.endswith("_bytes"):
        return f"{number / 1e9:.2f} GB"
    if key == "tokens_per_s":
        return f"{number:.2f}"
    return f"{number:.2f} s" if key == "load_s" else f"{number:.3f} s"
