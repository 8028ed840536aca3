"""Draws evaluation scenes that training never saw: pictures as PNG and the truth as JSON lines.

    python3 make_scenes.py OUT --seed 500 --count 500

OUT/scenes.jsonl has one object per picture:
    image         file name
    caption       the answer to "caption en"
    questions     [{task, by_colour, prompt, answer}], up to one per task (count, colour, where, shape), and of
                  "where" one that tells the object by its kind and one by its colour
    detections    [{by_colour, prompt, objects: [{label, box}]}], box = [ymin, xmin, ymax, xmax] in 0…1
    layout        the caption with every object's place (for SigLIP)
    near_layout   the layout caption of a scene that differs in one object, null if none was found
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

import scenes

# The first word of every seed; the training stages use others, so no scene is ever shared.
EVALUATION = 99
SIDES = (192, 224, 256, 288)


def record(truth, name, rng):
    """The truth of one picture, with randomly picked questions."""
    by_form = {}
    for item in scenes.answers(truth.scene):
        by_form.setdefault((item[0], scenes.is_told_by_colour(*item[:2])), []).append(item)
    picked = [(form, scenes.pick(options, rng)) for form, options in sorted(by_form.items())]
    near = scenes.near_copy(truth, rng)
    return {
        "image": name,
        "caption": scenes.caption(truth.scene),
        "questions": [
            {"task": task, "by_colour": by_colour, "prompt": prompt, "answer": answer}
            for (task, by_colour), (_, prompt, answer) in picked
        ],
        "detections": [detection(truth, *target) for target in targets(truth, rng)],
        "layout": scenes.layout_caption(truth.scene),
        "near_layout": near and scenes.layout_caption(near.scene),
    }


def targets(truth, rng):
    """A kind, and a kind with its colour: what is asked to be detected."""
    objects = truth.scene.objects
    first, second = (objects[rng.integers(len(objects))] for _ in range(2))
    return (first.kind, None), (second.kind, second.colour)


def detection(truth, kind, colour):
    label = kind if colour is None else f"{colour} {kind}"
    objects = [
        {"label": label, "box": [round(v, 5) for v in box]}
        for item, box in zip(truth.scene.objects, truth.boxes)
        if item.kind == kind and colour in (None, item.colour)
    ]
    return {"by_colour": colour is not None, "prompt": f"detect {label}", "objects": objects}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=500)
    parser.add_argument("--count", type=int, default=500)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "scenes.jsonl", "w", encoding="utf-8") as lines:
        for index in range(arguments.count):
            seed = (EVALUATION, arguments.seed, index)
            rng = np.random.default_rng((*seed, 1))
            side = int(rng.choice(SIDES))
            truth = scenes.sample(seed, side, side)
            name = f"{index:04d}.png"
            Image.fromarray(truth.pixels).save(arguments.out / name)
            lines.write(json.dumps(record(truth, name, rng)) + "\n")


if __name__ == "__main__":
    main()
