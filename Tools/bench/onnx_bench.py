"""Times ONNX models with PaliGraph and ONNX Runtime in alternation and writes a Markdown table.

    python3 Tools/bench/onnx_bench.py FOLDER [NAME ...] [--rounds 5] [--threads 2] [--output FILE.md]

FOLDER holds NAME.onnx and NAME.INPUT.npy, as onnx_models.py writes them; by default all models there. Plans are compiled
beside them. In each round, each contender runs in a process of its own: one run warms up, and the median of the
following runs counts. Over the rounds, the medians of times and of the ratios within a round count.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DTYPES = ("f32", "bf16")
RUNS = 40


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--paligraph", type=Path, default=ROOT / ".build/release/paligraph")
    parser.add_argument("--output", type=Path, help="by default the table is printed")
    parser.add_argument("--peer", metavar="NAME", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        return print(json.dumps(onnxruntime_seconds(arguments)))
    names = arguments.names or sorted(path.stem for path in arguments.folder.glob("*.onnx"))
    for name in names:
        for dtype in DTYPES:
            compile_plan(arguments, name, dtype)
    rows = [row(arguments, name) for name in names]
    table = "\n".join(["| model | ONNX Runtime | f32 | | bf16 | |", "|---|---|---|---|---|---|", *rows]) + "\n"
    if arguments.output:
        arguments.output.write_text(table)
    else:
        print(table, end="")


def row(arguments, name):
    rounds = []
    for _ in range(arguments.rounds):
        command = [sys.executable, __file__, arguments.folder, "--peer", name, "--threads", arguments.threads]
        peer = json.loads(output(command))
        rounds.append((peer, *(paligraph_seconds(arguments, name, dtype) for dtype in DTYPES)))
    times = [statistics.median(column) for column in zip(*rounds)]
    ratios = [statistics.median(column[i] / column[0] for column in rounds) for i in (1, 2)]
    cells = [f"{times[0] * 1e3:.1f} ms"]
    for seconds, ratio in zip(times[1:], ratios):
        cells += [f"{seconds * 1e3:.1f} ms", f"{ratio:.2f} ×"]
    return f"| {name} | {' | '.join(cells)} |"


def inputs(arguments, name):
    return {path.name[len(name) + 1 : -4]: path for path in sorted(arguments.folder.glob(f"{name}.*.npy"))}


def compile_plan(arguments, name, dtype):
    model, plan = arguments.folder / f"{name}.onnx", arguments.folder / f"{name}.{dtype}.plan"
    output([arguments.paligraph, "compile", model, "-o", plan, "--dtype", dtype])


def paligraph_seconds(arguments, name, dtype):
    command = [arguments.paligraph, "bench", arguments.folder / f"{name}.{dtype}.plan", "--json"]
    command += ["--rounds", RUNS, "--threads", arguments.threads]
    for key, path in inputs(arguments, name).items():
        command += ["--input", f"{key}={path}"]
    return json.loads(output(command))["run_s"]


def onnxruntime_seconds(arguments):
    """All graph optimisations; one thread of the pool is this process's own."""
    import numpy as np
    import onnxruntime_timing
    import timing

    arguments.model = arguments.folder / f"{arguments.peer}.onnx"
    session = onnxruntime_timing.load(arguments)
    values = {key: np.load(path) for key, path in inputs(arguments, arguments.peer).items()}
    times = [timing.timed(lambda: session.run(None, values))[1] for _ in range(1 + RUNS)]
    return statistics.median(times[1:])


def output(command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
