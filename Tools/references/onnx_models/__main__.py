"""Writes Tests/Fixtures/onnx: small ONNX models and what ONNX Runtime makes of them.

    python3 Tools/references/onnx_models [--only PREFIX ...]

Needs: pip install onnx==1.23.2 onnxruntime==1.32.0 numpy, and for networks.py torch==2.13.0 onnxscript==0.7.2,
for exports.py torchvision==0.28.0 transformers==5.23.0 (CPU is enough, no network).

Each case is NAME.onnx and NAME.safetensors with `input.X` and `output.Y` for each input and output; cases.json lists
the cases with what is said about their open sizes and known inputs. Those in backend/ are tests of the onnx package with
the outputs that these expect. Every random number comes from a seed, so the same versions write
the same bytes.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime

import backend
import exports
import networks
import operators

FOLDER = Path(__file__).resolve().parents[3] / "Tests" / "Fixtures" / "onnx"
NAMES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL"}


def save(tensors, path):
    """A safetensors file; 0 axes and bool are fine."""
    header, data = {}, b""
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)],
        }  # fmt: skip
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def expected(case):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # What the operators say, not what fusions make of them.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(case.model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, case.inputs)))


def write(case):
    tensors = {f"input.{name}": value for name, value in case.inputs.items()}
    tensors |= {f"output.{name}": np.asarray(value) for name, value in expected(case).items()}
    (FOLDER / f"{case.name}.onnx").write_bytes(case.model.SerializeToString(deterministic=True))
    save(tensors, FOLDER / f"{case.name}.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="cases whose names begin so; the list is not written then")
    only = parser.parse_args().only
    for folder in ["backend", "exports"]:
        (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    cases = [*operators.cases(), *networks.cases(), *exports.cases()]
    index = []
    for case in cases:
        index.append({"name": case.name, "shapes": case.shapes, "dims": case.dims})
        if only is None or case.name.startswith(tuple(only)):
            try:
                write(case)
            except Exception as error:
                raise SystemExit(f"{case.name}: {error}")
    for name, model, tensors, given in backend.cases():
        path = f"backend/{name}"
        index.append({"name": path, "shapes": {}, "dims": {}, "values": given})
        if only is None or path.startswith(tuple(only)):
            (FOLDER / f"{path}.onnx").write_bytes(model.SerializeToString(deterministic=True))
            save(tensors, FOLDER / f"{path}.safetensors")
    if only is None:
        lines = ",\n".join(json.dumps(entry) for entry in index)
        (FOLDER / "cases.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
