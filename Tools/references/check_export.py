#!/usr/bin/env python3
"""Runs exported ONNX models in ONNX Runtime and prints how far they are from what they were made of.

    swift build -c release --product paligraph
    python3 Tools/references/check_export.py [PALIGRAPH] [--opsets 13,17,18,20]

Needs: pip install numpy onnx onnxruntime pillow safetensors. PALIGRAPH is the program, by default
.build/release/paligraph. Writes nothing but temporary files; ends with status 1 when a model is refused by
the checker of the onnx package or is further than 1e-4 away.

- The functions of the bundled PaliGemma model, in both stages: pixels to features to the logits of each step, with
  the caches handed over, against `paligraph run --logits` on the same picture (plans of f32).
- The functions of the bundled SigLIP model, in both stages: texts and a pattern of pixels to embeddings to logits,
  against what transformers makes of them (Tests/Fixtures/mini-siglip.safetensors) and `paligraph run --json`.
- Every model of Tests/Fixtures/onnx, imported and exported again, against what ONNX Runtime made of the
  original (the outputs beside it).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "Examples/mini-paligemma"
SIGLIP = ROOT / "Examples/mini-siglip"
SIGLIP_FIXTURE = ROOT / "Tests/Fixtures/mini-siglip.safetensors"
FIXTURES = ROOT / "Tests/Fixtures/onnx"
TOLERANCE = 1e-4
SIDE = 96
PROMPT = "detect red circle"


def paligraph(*arguments):
    done = subprocess.run([ARGUMENTS.paligraph, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{done.stderr.strip()} (paligraph {' '.join(map(str, arguments))})")
    return done.stdout


def session(path):
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(model, inputs):
    names = [output.name for output in model.get_outputs()]
    return dict(zip(names, model.run(None, inputs)))


def distance(found, expected):
    """The largest difference, as a share of the expected number where that is above 1."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return float("inf")
    if found.size == 0:
        return 0.0
    a, b = found.astype(np.float64), expected.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0, np.abs(a - b) / np.maximum(1, np.abs(b)))
    return float("inf") if np.isnan(apart).any() else float(apart.max())


def answer(folder):
    """What the plan makes of a picture that needs no resizing: pixel values, ids, logits of each step."""
    pixels = np.random.default_rng(7).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "picture.png")
    paligraph("compile", MODEL, "-o", folder / "mini.plan", "--dtype", "f32", "--quiet")
    text = paligraph(
        "run", folder / "mini.plan", "--image", folder / "picture.png", "--prompt", PROMPT,
        "--max-new-tokens", 12, "--json", "--logits", folder / "logits.npy",
    )  # fmt: skip
    told = json.loads(text)
    values = (pixels.astype(np.float32) / 255 - 0.5) / 0.5
    return values.transpose(2, 0, 1)[None], told["prompt_tokens"], told["tokens"], np.load(folder / "logits.npy")


def exported(model, functions, folder, stage, opset):
    """A session for each function of a model."""
    models = {}
    for name in functions:
        path = folder / f"{name}.onnx"
        paligraph(
            "export", model, "-o", path, "--function", name, "--stage", stage, "--opset", opset,
            "--quiet",
        )  # fmt: skip
        models[name] = session(path)
    return models


def scores(folder):
    """What the plan says of the picture that `answer` wrote: texts and their logits."""
    texts = json.loads(SIGLIP_FIXTURE.with_suffix(".json").read_text(encoding="utf-8"))["texts"]
    paligraph("compile", SIGLIP, "-o", folder / "siglip.plan", "--dtype", "f32", "--quiet")
    prompts = [word for text in texts for word in ("--prompt", text)]
    text = paligraph(
        "run", folder / "siglip.plan", "--image", folder / "picture.png", "--json", *prompts
    )  # fmt: skip
    return np.array([[score["logit"] for score in json.loads(text)["scores"]]], dtype=np.float32)


def siglip(folder, pixels, logits, stage, opset):
    """The largest distance of any embedding or logit."""
    expected = load_file(SIGLIP_FIXTURE)
    models = exported(SIGLIP, ["image", "text", "score"], folder, stage, opset)
    pattern = (np.arange(3 * SIDE * SIDE) * 7919 % 256).astype(np.float32) / 128 - 1
    image = run(models["image"], {"pixel_values": pattern.reshape(1, 3, SIDE, SIDE)})["image_embeds"]
    worst = distance(image, expected["pattern_embeds"])
    rows = [run(models["text"], {"input_ids": ids[None]}) for ids in expected["input_ids"]]
    texts = np.concatenate([row["text_embeds"] for row in rows])
    worst = max(worst, distance(texts, expected["text_embeds"]))
    for index, embeds in enumerate(expected["image_embeds"]):
        found = run(models["score"], {"image_embeds": embeds[None], "text_embeds": texts})
        row = expected["logits_per_image"][index : index + 1]
        worst = max(worst, distance(found["logits_per_image"], row))
    image = run(models["image"], {"pixel_values": pixels})["image_embeds"]
    found = run(models["score"], {"image_embeds": image, "text_embeds": texts})
    return max(worst, distance(found["logits_per_image"], logits))


def bundled(folder, reference, stage, opset):
    """The largest distance of any step's logits."""
    pixels, prompt, tokens, logits = reference
    models = exported(MODEL, ["vision", "prefill", "decode"], folder, stage, opset)
    features = run(models["vision"], {"pixel_values": pixels})
    outputs = run(models["prefill"], features | {"input_ids": np.array([prompt], dtype=np.int64)})
    worst = distance(outputs["logits"], logits[:1])
    for step, token in enumerate(tokens[: len(logits) - 1], start=1):
        caches = {
            name.replace("present.", "past.", 1): value for name, value in outputs.items() if name != "logits"
        }
        outputs = run(models["decode"], caches | {"input_ids": np.array([[token]], dtype=np.int64)})
        worst = max(worst, distance(outputs["logits"], logits[step : step + 1]))
    return worst, len(logits)


def fixture(folder, case, stage, opset):
    sizes = []
    for name, shape in case["shapes"].items():
        sizes += ["--shape", f"{name}={'x'.join(map(str, shape))}"]
    for name, size in case["dims"].items():
        sizes += ["--dim", f"{name}{size}" if size.startswith("<") else f"{name}={size}"]
    tensors = load_file(FIXTURES / f"{case['name']}.safetensors")
    for name in case.get("values", []):
        np.save(folder / f"{name}.npy", tensors[f"input.{name}"])
        sizes += ["--value", f"{name}={folder / name}.npy"]
    path = folder / "fixture.onnx"
    paligraph(
        "export", FIXTURES / f"{case['name']}.onnx", "-o", path, "--stage", stage, "--opset", opset,
        "--quiet", *sizes,
    )  # fmt: skip
    inputs = {name.removeprefix("input."): value for name, value in tensors.items() if name.startswith("input.")}
    model = session(path)
    wanted = {entry.name for entry in model.get_inputs()}
    outputs = run(model, {name: value for name, value in inputs.items() if name in wanted})
    return max(distance(value, tensors[f"output.{name}"]) for name, value in outputs.items())


def main():
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = answer(folder)
        logits = scores(folder)
        cases = json.loads((FIXTURES / "cases.json").read_text(encoding="utf-8"))
        for opset in ARGUMENTS.opsets.split(","):
            for stage in ["imported", "optimized"]:
                worst, steps = bundled(folder, reference, stage, opset)
                failed |= worst > TOLERANCE
                print(f"opset {opset}, {stage}: mini-paligemma, logits of {steps} steps: {worst:.1e}")
                worst = siglip(folder, reference[0], logits, stage, opset)
                failed |= worst > TOLERANCE
                print(f"opset {opset}, {stage}: mini-siglip, embeddings and logits: {worst:.1e}")
                apart = {}
                for case in cases:
                    try:
                        apart[case["name"]] = fixture(folder, case, stage, opset)
                    except Exception as error:  # a model that ONNX or its runtime refuses
                        print(f"  {case['name']}: {str(error).splitlines()[0][:200]}")
                        apart[case["name"]] = float("inf")
                far = {key: value for key, value in apart.items() if value > TOLERANCE}
                failed |= bool(far)
                print(
                    f"opset {opset}, {stage}: {len(apart) - len(far)} of {len(apart)} imported models; "
                    f"largest {max((v for v in apart.values() if v <= TOLERANCE), default=0):.1e}"
                )
                for key, value in far.items():
                    print(f"  {key}: {value:.1e}")
    sys.exit(1 if failed else 0)


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("paligraph", nargs="?", default=str(ROOT / ".build/release/paligraph"))
parser.add_argument("--opsets", default="13,17,18,20", help="versions of the standard operators, by comma")
ARGUMENTS = parser.parse_args()
main()
