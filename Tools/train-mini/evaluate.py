"""Asks a mini PaliGemma about evaluation scenes (see make_scenes.py) and scores its texts.

    python3 evaluate.py --scenes DIR --runner transformers --model EXAMPLES/mini-paligemma --texts OUT.json
    python3 evaluate.py --scenes DIR --runner paligraph --paligraph PATH --plan FILE --compare OUT.json

`--texts` keeps every generated text; `--compare` counts the texts that differ from a kept run.
Scores: exact captions; right answers by task; for detections the share of prompts with the right
number of boxes, and the mean IoU over all true objects (an object without a box counts as 0). Prompts that
tell an object by its colour are counted apart.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

MAX_NEW_TOKENS = 64
RECORD = re.compile(r"\s*((?:<loc\d{4}>){4})\s*([^;<]*?)\s*(?:;|$)")


# -- the two runners: lists of (picture path, prompt) to lists of texts -----------------------------


def run_transformers(arguments, requests):
    """Greedy generation in f32. Requests of equal length share a batch, so nothing is padded."""
    import torch
    from PIL import Image
    from transformers import AutoProcessor, PaliGemmaForConditionalGeneration

    torch.set_num_threads(arguments.threads)
    processor = AutoProcessor.from_pretrained(arguments.model)
    model = PaliGemmaForConditionalGeneration.from_pretrained(arguments.model, dtype=torch.float32)
    by_length = {}
    for index, (path, prompt) in enumerate(requests):
        tokens = len(processor.tokenizer(f"{prompt}\n", add_special_tokens=False).input_ids)
        by_length.setdefault(tokens, []).append(index)
    texts = [None] * len(requests)
    for indices in by_length.values():
        for start in range(0, len(indices), 64):
            part = indices[start : start + 64]
            inputs = processor(
                images=[Image.open(requests[i][0]) for i in part],
                text=["<image>" + requests[i][1] for i in part],
                return_tensors="pt",
            )
            inputs.pop("labels", None)
            with torch.inference_mode():
                out = model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
            new = out[:, inputs["input_ids"].shape[1] :]
            for i, text in zip(part, processor.batch_decode(new, skip_special_tokens=True)):
                texts[i] = text
    return texts


def run_paligraph(arguments, requests):
    texts = []
    for path, prompt in requests:
        command = [arguments.paligraph, "run", arguments.plan, "--image", path, "--prompt", prompt]
        command += ["--max-new-tokens", str(MAX_NEW_TOKENS), "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr.strip()}")
        texts.append(json.loads(done.stdout)["text"])
    return texts


# -- scores ------------------------------------------------------------------------------------------


def boxes(text, label):
    """The boxes of the records of that label, as fractions (ymin, xmin, ymax, xmax)."""
    found = []
    for locations, name in RECORD.findall(text):
        box = [int(v) / 1023 for v in re.findall(r"\d{4}", locations)]
        if name == label and box[2] > box[0] and box[3] > box[1]:
            found.append(box)
    return found


def iou(a, b):
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    if height <= 0 or width <= 0:
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return height * width / (area(a) + area(b) - height * width)


def matched_ious(truth, found):
    """One IoU per true box; the best pairs are matched first and each box is used once."""
    pairs = sorted(
        ((iou(t, f), i, j) for i, t in enumerate(truth) for j, f in enumerate(found)), reverse=True
    )
    out, used = [0.0] * len(truth), set()
    taken = set()
    for value, i, j in pairs:
        if i not in taken and j not in used:
            out[i] = value
            taken.add(i)
            used.add(j)
    return out


class Scores:
    """The values of each row: of right and wrong ones the share is shown, of IoUs the mean."""

    def __init__(self):
        self.rows = {}

    def add(self, row, *values):
        self.rows.setdefault(row, []).extend(values)

    def lines(self):
        for row, values in sorted(self.rows.items()):
            mean = sum(values) / len(values)
            if isinstance(values[0], bool):
                yield f"{row:40} {100 * mean:6.2f} %  ({sum(values)} of {len(values)})"
            else:
                yield f"{row:40} {mean:6.3f}    ({len(values)} objects)"


def questions(records, folder):
    """All requests with a function that scores the request's text."""
    for record in records:
        path = folder / record["image"]
        yield path, "caption en", lambda s, text, r=record: s.add("captions", text == r["caption"])
        for q in record["questions"]:
            yield path, q["prompt"], lambda s, text, q=q: score_answer(s, text, q)
        for d in record["detections"]:
            yield path, d["prompt"], lambda s, text, d=d: score_detection(s, text, d)


def form(record):
    return "told by colour, " if record["by_colour"] else ""


def score_answer(scores, text, question):
    right = text == question["answer"]
    prefix = form(question)
    scores.add(f"{prefix}answers", right)
    scores.add(f"{prefix}answers: {question['task']}", right)


def score_detection(scores, text, wanted):
    truth = [o["box"] for o in wanted["objects"]]
    found = boxes(text, wanted["objects"][0]["label"])
    scores.add(f"{form(wanted)}boxes: right number", len(found) == len(truth))
    scores.add(f"{form(wanted)}boxes: IoU", *matched_ious(truth, found))


def report(requests, texts):
    scores = Scores()
    for (_, _, score), text in zip(requests, texts):
        score(scores, text)
    print("\n".join(scores.lines()))


def compare(keys, texts, path):
    kept = json.loads(path.read_text(encoding="utf-8"))
    differing = [key for key, text in zip(keys, texts) if kept.get(key) != text]
    print(f"texts that differ from {path.name}: {len(differing)} of {len(texts)}")
    for key in differing[:10]:
        print(f"  {key}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--runner", choices=("transformers", "paligraph"), required=True)
    parser.add_argument("--model", help="the model directory, for transformers")
    parser.add_argument("--paligraph", help="the paligraph binary")
    parser.add_argument("--plan", help="the compiled plan, for paligraph")
    parser.add_argument("--limit", type=int, help="only the first scenes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--texts", type=Path, help="write all texts to this JSON file")
    parser.add_argument("--compare", type=Path, help="compare with the texts of another run")
    arguments = parser.parse_args()
    needed = {"transformers": ("model",), "paligraph": ("paligraph", "plan")}[arguments.runner]
    for name in needed:
        if getattr(arguments, name) is None:
            parser.error(f"--runner {arguments.runner} needs --{name}")
    lines = (arguments.scenes / "scenes.jsonl").read_text(encoding="utf-8").splitlines()
    requests = list(questions(map(json.loads, lines[: arguments.limit]), arguments.scenes))
    run = {"transformers": run_transformers, "paligraph": run_paligraph}[arguments.runner]
    texts = run(arguments, [(path, prompt) for path, prompt, _ in requests])
    keys = [f"{path.name} {prompt}" for path, prompt, _ in requests]
    report(requests, texts)
    if arguments.texts:
        arguments.texts.write_text(json.dumps(dict(zip(keys, texts)), indent=0), encoding="utf-8")
    if arguments.compare:
        compare(keys, texts, arguments.compare)


if __name__ == "__main__":
    main()
