"""Writes an ONNX model of the size that people use, with random weights, and its inputs beside it.

    python3 Tools/bench/onnx_models.py FOLDER [NAME ...] [--old] [--opset 17] [--attention sdpa]

FOLDER/NAME.onnx and FOLDER/NAME.INPUT.npy, for the names of Tools/references/onnx_models/families.py; by default
vit_torchvision (ViT-B/16), resnet (ResNet-50) and minilm (MiniLM-L6, 128 tokens).
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "references/onnx_models"))

import families  # noqa: E402
from networks import export  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", default=["vit_torchvision", "resnet", "minilm"])
    parser.add_argument("--old", action="store_true", help="by the exporter that traces (dynamo=False)")
    parser.add_argument("--opset", type=int, default=18)
    parser.add_argument("--attention", choices=["eager", "sdpa"], default="sdpa")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names:
        network = families.make(name, full=True, attention=arguments.attention)
        model = export(network.module, network.inputs, network.outputs, arguments.opset, not arguments.old)
        onnx.save(model, arguments.folder / f"{name}.onnx")
        for key, value in network.inputs.items():
            np.save(arguments.folder / f"{name}.{key}.npy", value)


if __name__ == "__main__":
    main()
