"""Draws the sample pictures of Examples/pictures and their README with prompts and true answers.

    python3 make_pictures.py EXAMPLES/pictures
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import scenes

# The first word of every seed: no training or evaluation scene shares it.
SAMPLES = 77
# (file name, seed, width, height)
PICTURES = (
    ("circles.png", 34, 256, 256),
    ("rings.png", 10, 320, 320),
    ("column.png", 17, 384, 384),
    ("wide.jpg", 3, 448, 320),
    ("night.jpg", 25, 448, 448),
    ("triangles.jpg", 29, 384, 384),
    ("three-rings.webp", 18, 448, 448),
    ("overlap.webp", 30, 320, 320),
)
HEADER = """# Sample pictures

Scenes that the mini models were not trained on, with prompts for the mini PaliGemma and the true
answers. `Tools/train-mini/make_pictures.py` draws them and writes this file. A `<loc>` value is a box
edge (top, left, bottom, right) in 1/1023 of the picture; a model that is a few units off is right.
"""


def prompts(truth, rng):
    """Caption, up to two questions of every task that the scene allows, and detections; none that tells an
    object by its colour."""
    yield "caption en", scenes.caption(truth.scene)
    by_task = {}
    for item in scenes.answers(truth.scene):
        if not scenes.is_told_by_colour(*item[:2]):
            by_task.setdefault(item[0], []).append(item)
    for _, options in sorted(by_task.items()):
        yield from dict.fromkeys(scenes.pick(options, rng)[1:] for _ in range(2))
    found = [item for item in scenes.detections(truth) if not scenes.is_told_by_colour(*item[:2])]
    yield from (item[1:] for item in found)


def save(pixels, path):
    options = {".jpg": {"quality": 92}, ".webp": {"quality": 90}, ".png": {"optimize": True}}
    Image.fromarray(pixels).save(path, **options[path.suffix])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    text = HEADER
    for name, seed, width, height in PICTURES:
        truth = scenes.sample((SAMPLES, seed), width, height)
        save(truth.pixels, out / name)
        text += f"\n## {name}\n\n![{scenes.caption(truth.scene)}]({name})\n\n| prompt | answer |\n|---|---|\n"
        for prompt, answer in prompts(truth, np.random.default_rng((SAMPLES, seed, 1))):
            text += f"| `{prompt}` | `{answer}` |\n"
    (out / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
