"""Times PaliGraph and what else is installed on one random full-size PaliGemma, in alternation, and writes a table.

    python3 Tools/bench/bench.py WORK [--small] [--rounds 3] [--dtypes bf16 int8 int4] [--peers transformers-bf16 …]
    python3 Tools/bench/bench.py WORK --install-peers     # makes WORK/venv and runs itself in it

WORK holds the model (5.8 GB, made once), the plans, and afterwards report.json and report.md. `--small` cuts the model
to two layers of each kind, for a look in two minutes. A contender is one process for each round; the figures are the
medians over the rounds, and ratios are to the fastest peer of the same run. Nothing else should run on the machine.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = ["transformers-bf16", "transformers-f32"]
PACKAGES = ["torch==2.13.0+cpu", "transformers==5.23.0", "tokenizers", "safetensors", "pillow", "numpy"]
PICTURE = ROOT / "Examples/pictures/night.jpg"
TIMES = {"vision_s": "vision tower", "prefill_s": "prefill", "first_token_s": "first token", "tokens_per_s": "tokens/s"}


def main():
    arguments = parse_arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.install_peers:
        install_and_run(arguments)
    model = arguments.work / ("small" if arguments.small else "paligemma-3b")
    if not (model / "config.json").exists():
        make_model(model, arguments)
    paligraph = arguments.paligraph or build()
    contenders = [Contender.paligraph(paligraph, model, dtype, arguments) for dtype in arguments.dtypes]
    contenders += [Contender.transformers(model, peer, arguments) for peer in arguments.peers]
    for round_number in range(arguments.rounds):
        for contender in contenders:
            print(f"round {round_number + 1}: {contender.name}", flush=True)
            contender.measure()
    report = {"machine": machine(), "arguments": shown(arguments), "contenders": [c.summary() for c in contenders]}
    (arguments.work / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    (arguments.work / "report.md").write_text(markdown(report))
    print(markdown(report))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--small", action="store_true", help="two layers of each kind")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--prompt-tokens", type=int, default=10)
    parser.add_argument("--new-tokens", type=int, default=16)
    parser.add_argument("--dtypes", nargs="*", default=["bf16", "int8", "int4"])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS[:1])
    parser.add_argument("--paligraph", type=Path, help="a built program; by default this checkout's, built now")
    parser.add_argument("--install-peers", action="store_true")
    return parser.parse_args()


def install_and_run(arguments):
    python = arguments.work / "venv/bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", arguments.work / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    rest = [word for word in sys.argv if word != "--install-peers"]
    sys.exit(subprocess.run([python, *rest]).returncode)


def make_model(model, arguments):
    layers = ["--layers", "2"] if arguments.small else []
    subprocess.run([sys.executable, HERE / "make_random_paligemma.py", model, *layers], check=True)


def build():
    command = ["swift", "build", "-c", "release", "--product", "paligraph"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    folder = subprocess.run(["swift", "build", "-c", "release", "--show-bin-path"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.strip()
    return Path(folder) / "paligraph"


class Contender:
    """One program on one form of the model. `command` prints a JSON object with the figures of one round."""

    def __init__(self, name, command):
        self.name, self.command, self.runs = name, [str(word) for word in command], []

    @classmethod
    def paligraph(cls, program, model, dtype, arguments):
        plan = arguments.work / f"{model.name}.{dtype}.plan"
        if not plan.exists() or plan.stat().st_mtime < program.stat().st_mtime:
            run = subprocess.run(
                ["/usr/bin/env", "time", "-f", "%M", program, "compile", model, "-o", plan, "--dtype", dtype],
                stderr=subprocess.PIPE, text=True,
            )
            print(run.stderr.strip(), flush=True)
            run.check_returncode()
        command = [program, "bench", plan, "--json", "--rounds", "2", "--threads", arguments.threads]
        return cls(f"paligraph {dtype}", command + tokens(arguments))

    @classmethod
    def transformers(cls, model, peer, arguments):
        command = [sys.executable, HERE / "transformers_timing.py", model, "--image", PICTURE, "--repeat", "2"]
        command += ["--dtype", peer.removeprefix("transformers-"), "--threads", arguments.threads]
        return cls(peer.replace("-", " "), command + tokens(arguments))

    def measure(self):
        # Some machines force an older kernel on numpy's OpenBLAS, which would slow a peer down.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        done = subprocess.run(self.command, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            sys.exit(f"{self.name}: exit {done.returncode}: {done.stderr.strip()}")
        self.runs.append(json.loads(done.stdout))

    def summary(self):
        numbers = [k for k, v in self.runs[0].items() if isinstance(v, (int, float)) and not isinstance(v, bool)]
        medians = {key: statistics.median(run[key] for run in self.runs) for key in numbers}
        extra = {key: self.runs[-1][key] for key in ("limits", "share_of_limit", "instruction_set") if key in self.runs[-1]}
        return {"name": self.name, "runs": len(self.runs), **medians, **extra}


def tokens(arguments):
    return ["--prompt-tokens", arguments.prompt_tokens, "--new-tokens", arguments.new_tokens]


def machine():
    wanted = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16")
    info = Path("/proc/cpuinfo").read_text()
    field = lambda name: next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith(name)), "")
    flags = field("flags").split()
    return {
        "cpu": field("model name"), "processors": os.cpu_count(), "features": [f for f in wanted if f in flags],
        "kernel": platform.release(),
    }


def shown(arguments):
    return {key: value for key, value in vars(arguments).items() if isinstance(value, (int, str, list))}


def markdown(report):
    contenders = report["contenders"]
    peers = [c for c in contenders if not c["name"].startswith("paligraph")]
    head = ["", *TIMES.values(), "peak memory", "load"]
    lines = [
        f"{report['machine']['cpu']}, {report['machine']['processors']} processors "
        f"({', '.join(report['machine']['features'])}), {report['arguments']['threads']} threads; medians of "
        f"{report['arguments']['rounds']} rounds in alternation.", "",
        "| " + " | ".join(head) + " |", "|---" * len(head) + "|",
    ]
    for contender in contenders:
        cells = [figure(contender, key, peers) for key in TIMES]
        memory = contender.get("peak_rss_bytes")
        cells += [f"{memory / 1e9:.2f} GB" if memory else "", f"{contender['load_s']:.2f} s"]
        lines.append("| " + " | ".join([contender["name"], *cells]) + " |")
    for contender in contenders:
        if "limits" in contender:
            limits, share = contender["limits"], contender["share_of_limit"]
            lines += ["", f"{contender['name']}: vision {share['vision']:.0%}, prefill {share['prefill']:.0%}, decode "
                      f"{share['decode']:.0%} of the machine's limit (reads {limits['read_bytes_per_s'] / 1e9:.1f} GB/s, "
                      f"f32 {limits['f32_flops'] / 1e9:.0f}, bf16 {limits['bf16_flops'] / 1e9:.0f}, int8 "
                      f"{limits['int8_ops'] / 1e9:.0f} GFLOPS)."]
    return "\n".join(lines) + "\n"


def figure(contender, key, peers):
    """A figure with its ratio to the fastest peer; of tokens/s, more is faster."""
    value = contender.get(key)
    if value is None:
        return ""
    best = [peer[key] for peer in peers if peer.get(key)]
    text = f"{value:.2f}" if key == "tokens_per_s" else f"{value:.3f} s"
    if contender in peers or not best:
        return text
    return f"{text} ({value / (max(best) if key == 'tokens_per_s' else min(best)):.2f}×)"


if __name__ == "__main__":
    main()
