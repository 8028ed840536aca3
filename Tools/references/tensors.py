#!/usr/bin/env python3
"""Writes Tests/Fixtures/tensors: small files by the reference safetensors and numpy libraries.

Needs: pip install numpy torch safetensors ml_dtypes

Every tensor of n elements holds -2, -1, 0 ... (0, 1, 2 ... for unsigned types; bool: False where
that is 0), so that the tests know the values from the shape.
"""

from pathlib import Path

import ml_dtypes
import numpy as np
import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "tensors"

TORCH_TYPES = {
    "f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16,
    "i64": torch.int64, "i32": torch.int32, "i16": torch.int16, "i8": torch.int8,
    "u64": torch.uint64, "u32": torch.uint32, "u16": torch.uint16, "u8": torch.uint8, "bool": torch.bool,
}  # fmt: skip
NUMPY_TYPES = {
    "f64": "<f8", "f32": "<f4", "f16": "<f2", "i64": "<i8", "i32": "<i4", "i16": "<i2",
    "i8": "i1", "u64": "<u8", "u32": "<u4", "u16": "<u2", "u8": "u1", "bool": "?",
}  # fmt: skip
SMALL_FLOATS = {
    "f8e4m3": "float8_e4m3fn", "f8e5m2": "float8_e5m2", "f8e4m3fnuz": "float8_e4m3fnuz",
    "f8e5m2fnuz": "float8_e5m2fnuz", "f4e2m1": "float4_e2m1fn",
}  # fmt: skip
SHAPES = [(), (1,), (7,), (2, 3), (0, 4), (12, 1, 3), (1,) * 8]


def values(kind, shape):
    """The numbers of a tensor as float64."""
    count = int(np.prod(shape))
    return (np.arange(count, dtype=np.float64) - (0 if kind.startswith("u") else 2)).reshape(shape)


def write_safetensors():
    tensors = {
        kind: torch.from_numpy(values(kind, (3, 5))).to(dtype) for kind, dtype in TORCH_TYPES.items()
    }
    tensors["scalar"] = torch.tensor(-2.0)
    tensors["empty"] = torch.zeros(4, 0)
    tensors["gr\u00fc\u00dfe/\u4f60"] = torch.tensor([-2], dtype=torch.int8)
    save_file(tensors, FOLDER / "every_type.safetensors", {"format": "pt", "note": 'line\n"two"'})


def write_npy():
    for kind, dtype in NUMPY_TYPES.items():
        for shape in SHAPES:
            name = f"{kind}_{'x'.join(map(str, shape)) or 'scalar'}.npy"
            np.save(FOLDER / name, values(kind, shape).astype(dtype))
    array = values("f32", (2, 3)).astype("<f4")
    for version in [(2, 0), (3, 0)]:
        with open(FOLDER / f"version{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, array, version=version)
    np.save(FOLDER / "fortran.npy", np.asfortranarray(array))
    np.save(FOLDER / "big_endian.npy", array.astype(">f4"))


def write_small_floats():
    """What each byte means in each small format, and what bytes some numbers become."""
    numbers = np.concatenate([
        np.ldexp(np.arange(-40, 41, dtype=np.float32), exponent) for exponent in range(-20, 14, 3)
    ])
    tensors = {"numbers": torch.from_numpy(numbers)}
    for kind, name in SMALL_FLOATS.items():
        dtype = getattr(ml_dtypes, name)
        count = 16 if kind == "f4e2m1" else 256
        bits = np.arange(count, dtype=np.uint8)
        tensors[f"{kind}.values"] = torch.from_numpy(bits.view(dtype).astype(np.float32))
        largest = float(ml_dtypes.finfo(dtype).max)
        rounded = np.clip(numbers, -largest, largest).astype(dtype)
        tensors[f"{kind}.rounded"] = torch.from_numpy(rounded.astype(np.float32))
    save_file(tensors, FOLDER / "small_floats.safetensors")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_safetensors()
    write_npy()
    write_small_floats()
