"""Measures how times and memory grow with picture, prompt and context, and draws them beside the arithmetic.

    python3 Tools/bench/growth.py WORK [--small] [--rounds 3] [--dtypes bf16 int8]
    python3 Tools/bench/growth.py WORK --redraw           # tables and plot again from growth.json

WORK holds random models for three sizes of pictures (5.8 GB together, made once; needs numpy), and afterwards
growth.json, growth.md and growth.svg. All points take turns, each one process in each round. A plan is compiled when
its turn comes and removed after it, so that there is one at a time (5.9 GB). `--small` cuts the models to two layers of
each kind. Nothing else should run on the machine; what still disturbs makes no round quicker, so the quickest counts.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import growth_report
from bench import HERE, ROOT, build, shown
from contenders import run
from machine import machine

SIZES = [224, 448, 896]  # pixels of a side
PROMPT = 10  # tokens, where the size of the picture grows
LENGTHS = [16, 64, 256, 512, 1024, 2048, 4096]  # tokens of the prompt, where that grows, with the smallest picture
PATCH = 14
PICTURE = ROOT / "Examples/pictures/night.jpg"
SECONDS = {"vision": "vision_s", "prefill": "prefill_s", "decode": "decode_s_per_token"}
BYTES = ["peak_rss_bytes", "weight_bytes", "arena_bytes", "state_bytes", "scratch_bytes"]


def main():
    arguments = parse_arguments()
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.redraw:
        result = json.loads((arguments.work / "growth.json").read_text())
    else:
        result = {"machine": machine(), "arguments": shown(arguments), "points": measure(arguments)}
        (arguments.work / "growth.json").write_text(json.dumps(result, indent=1) + "\n")
    (arguments.work / "growth.md").write_text(growth_report.markdown(result))
    (arguments.work / "growth.svg").write_text(growth_report.drawing(result))
    print(growth_report.markdown(result))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--small", action="store_true", help="two layers of each kind")
    parser.add_argument("--rounds", type=int, help="by default 3, with --small 1")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--new-tokens", type=int, default=16)
    parser.add_argument("--dtypes", nargs="*", default=["bf16", "int8"])
    parser.add_argument("--paligraph", type=Path, help="a built program; by default this checkout's, built now")
    parser.add_argument("--redraw", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    if arguments.rounds is None:
        arguments.rounds = 1 if arguments.small else 3
    return arguments


def measure(arguments):
    models = {size: model(size, arguments) for size in SIZES}
    program = (arguments.paligraph or build()).resolve()
    points = {
        (dtype, size, prompt): {"dtype": dtype, "size": size, "prompt": prompt, "runs": []}
        for dtype in arguments.dtypes for size in SIZES for prompt in prompts(size)
    }
    for number in range(arguments.rounds):
        for dtype in arguments.dtypes:
            for size in SIZES:
                print(f"round {number + 1}: {dtype}, {size} pixels", flush=True)
                plan = arguments.work / f"growth-{size}.{dtype}.plan"
                try:
                    compile_plan(program, models[size], plan, dtype, largest_tokens(size, arguments))
                    for prompt in prompts(size):
                        points[dtype, size, prompt]["runs"].append(bench(program, plan, prompt, arguments))
                    if number == 0:
                        reply = ask(program, plan, arguments)
                        points[dtype, size, PROMPT]["run_peak_rss_bytes"] = reply["stats"]["peak_rss_bytes"]
                finally:
                    plan.unlink(missing_ok=True)
    return [summary(point, arguments) for point in points.values()]


def model(size, arguments):
    """The folder of a model for pictures of this size; made if it is not there."""
    name = "small" if arguments.small else "paligemma-3b"
    folder = arguments.work / f"{name}-{size}"
    # The index is the last file of a model.
    if not (folder / "model.safetensors.index.json").exists():
        command = [sys.executable, HERE / "make_random_paligemma.py", folder, "--image-size", str(size)]
        command += ["--layers", "2"] if arguments.small else []
        command += ["--weights-of", arguments.work / f"{name}-{SIZES[0]}"] if size != SIZES[0] else []
        subprocess.run(command, check=True)
    return folder


def image_tokens(size):
    return (size // PATCH) ** 2


def prompts(size):
    return [PROMPT, *LENGTHS] if size == SIZES[0] else [PROMPT]


def largest_tokens(size, arguments):
    return image_tokens(size) + max(prompts(size)) + arguments.new_tokens


def compile_plan(program, model, plan, dtype, tokens):
    command = [program, "compile", model, "-o", plan, "--dtype", dtype, "--max-tokens", tokens, "--quiet"]
    if run(command).returncode != 0:
        raise SystemExit(f"paligraph compile --dtype {dtype} failed")


def bench(program, plan, prompt, arguments):
    """One round after one that warms up."""
    print(f"  {prompt} tokens of prompt", flush=True)
    options = ["--kernels", "--rounds", 1, "--prompt-tokens", prompt, "--new-tokens", arguments.new_tokens]
    return reply([program, "bench", plan, "--json", "--threads", arguments.threads, *options])


def ask(program, plan, arguments):
    """What `run` says about a picture."""
    options = ["--image", PICTURE, "--prompt", "caption en", "--max-new-tokens", arguments.new_tokens]
    return reply([program, "run", plan, "--json", "--threads", arguments.threads, *options])


def reply(command):
    done = run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"paligraph {command[1]}: exit {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def summary(point, arguments):
    """A point without its runs: of each function the quickest, of bytes and the machine's limits the largest."""
    runs, tokens = point["runs"], point["runs"][0]["prompt_tokens"]
    elements = {"vision": image_tokens(point["size"]), "prefill": tokens, "decode": 1}
    functions = {}
    for function, key in SECONDS.items():
        quickest = min(runs, key=lambda run: run[key])
        functions[function] = {
            "seconds": quickest[key], "terms": terms(quickest["kernels"][function], quickest[key], elements[function])
        }
    del point["runs"]
    return point | {
        "tokens": tokens,
        "largest_tokens": largest_tokens(point["size"], arguments),
        "functions": functions,
        "limits": {key: max(run["limits"][key] for run in runs) for key in runs[0]["limits"]},
        **{key: max(run[key] for run in runs) for key in BYTES},
    }


def terms(kernels, seconds, elements):
    """A call's seconds and work, split: what is neither product nor attention grows with the elements."""
    result = {"products": {"seconds": 0, "work": 0}, "attention": {"seconds": 0, "work": 0}}
    for name, kernel in kernels.items():
        term = "products" if name.startswith("linear_") or name == "matmul" else name
        if term in result:
            result[term]["seconds"] += kernel["seconds"]
            result[term]["work"] += kernel["operations"]
    rest = seconds - sum(term["seconds"] for term in result.values())
    return result | {"rest": {"seconds": max(rest, 0), "work": elements}}


if __name__ == "__main__":
    main()
