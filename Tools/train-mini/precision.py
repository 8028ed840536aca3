"""Compares plans of the mini PaliGemma in several precisions on evaluation scenes (see make_scenes.py).

    python3 precision.py --scenes DIR --paligraph PATH f32=F32.plan int8=INT8.plan int4=INT4.plan

The first plan is the reference. For each further one: mean and largest KL divergence of its next-token distribution to
the reference's over the generated positions (as long as both have generated the same tokens), how often both find the
same token most probable, and exact captions. Prompts are the caption, one question and one detection of each scene.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("plans", nargs="+", metavar="NAME=PLAN")
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--paligraph", required=True)
    parser.add_argument("--limit", type=int, help="only the first scenes")
    arguments = parser.parse_args()
    plans = dict(plan.split("=", 1) for plan in arguments.plans)
    lines = (arguments.scenes / "scenes.jsonl").read_text(encoding="utf-8").splitlines()[: arguments.limit]
    divergences, agreements = {n: [] for n in plans}, {n: [] for n in plans}
    captions = {n: [] for n in plans}
    for record in map(json.loads, lines):
        for prompt in prompts(record):
            runs = {n: generate(arguments, plan, arguments.scenes / record["image"], prompt) for n, plan in plans.items()}
            reference = next(iter(runs.values()))
            for name, run in runs.items():
                steps = comparable(reference["tokens"], run["tokens"])
                divergences[name] += list(divergence(reference["logits"][:steps], run["logits"][:steps]))
                same = reference["logits"][:steps].argmax(-1) == run["logits"][:steps].argmax(-1)
                agreements[name] += list(same)
                if prompt == "caption en":
                    captions[name].append(run["text"] == record["caption"])
    print("| weights | mean KL | largest KL | same best token | exact captions |")
    print("|---|---|---|---|---|")
    for name in plans:
        kl = np.array(divergences[name])
        print(f"| {name} | {kl.mean():.5f} | {kl.max():.3f} | {np.mean(agreements[name]):.2%} | {np.mean(captions[name]):.1%} |")


def prompts(record):
    return ["caption en"] + [q["prompt"] for q in record["questions"][:1]] + [d["prompt"] for d in record["detections"][:1]]


def generate(arguments, plan, picture, prompt):
    with tempfile.NamedTemporaryFile(suffix=".npy") as logits:
        command = [arguments.paligraph, "run", plan, "--image", picture, "--prompt", prompt, "--json"]
        command += ["--max-new-tokens", "64", "--logits", logits.name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout) | {"logits": np.load(logits.name).astype(np.float64)}


def comparable(a, b):
    """Steps that follow the same tokens: up to and with the first that differs."""
    for index, (left, right) in enumerate(zip(a, b)):
        if left != right:
            return index + 1
    return min(len(a), len(b))


def log_probabilities(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def divergence(reference, found):
    """KL(reference ‖ found) of each row, in nats."""
    p, q = log_probabilities(reference), log_probabilities(found)
    return (np.exp(p) * (p - q)).sum(-1)


if __name__ == "__main__":
    main()
