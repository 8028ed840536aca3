"""Times PaliGraph and its peers on one random full-size PaliGemma, in alternation, and writes tables.

    python3 Tools/bench/bench.py WORK --install-peers           # WORK/venv with the peers, llama.cpp; then as below
    python3 Tools/bench/bench.py WORK [--small] [--rounds 3] [--dtypes bf16 int8 …] [--peers openvino-bf16 …]
    python3 Tools/bench/bench.py WORK --prepare-only            # makes the model and all forms of it, and stops

WORK holds the model (5.8 GB, made once), its plans, WORK/peers with its other forms, and afterwards report.json and
report.md. `--small` cuts the model to two layers of each kind, for a look in two minutes. A contender is one process
for each round; the figures are the medians over the rounds. Nothing else should run on the machine.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

import contenders
import install
import report
from contenders import Setting

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def main():
    arguments = parse_arguments()
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.install_peers:
        install.install(arguments.work)
    setting = settings(arguments)
    if not (setting.model / "config.json").exists():
        make_model(setting, arguments)
    field = [contenders.paligraph(setting, dtype) for dtype in arguments.dtypes]
    field += contenders.peers(setting, arguments.peers)
    if arguments.prepare_only:
        return
    for round_number in range(arguments.rounds):
        for contender in field:
            print(f"round {round_number + 1}: {contender.name}", flush=True)
            contender.measure()
    result = report.summary(shown(arguments), [contender.summary() for contender in field])
    (arguments.work / "report.json").write_text(json.dumps(result, indent=2) + "\n")
    (arguments.work / "report.md").write_text(report.markdown(result))
    print(report.markdown(result))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--small", action="store_true", help="two layers of each kind")
    parser.add_argument("--rounds", type=int, help="by default 3, with --small 1")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--prompt-tokens", type=int, default=10)
    parser.add_argument("--new-tokens", type=int, default=16)
    parser.add_argument("--dtypes", nargs="*", choices=contenders.DTYPES, default=contenders.DTYPES,
                        help="PaliGraph's; by default all")
    parser.add_argument("--peers", nargs="*", choices=contenders.PEERS, metavar="PEER",
                        help=f"by default all that are installed of {' '.join(contenders.PEERS)}")
    parser.add_argument("--paligraph", type=Path, help="a built program; by default this checkout's, built now")
    parser.add_argument("--install-peers", action="store_true")
    parser.add_argument("--prepare-only", action="store_true")
    arguments = parser.parse_args()
    if arguments.rounds is None:
        arguments.rounds = 1 if arguments.small else 3
    return arguments


def settings(arguments):
    return Setting(
        work=arguments.work,
        model=arguments.work / ("small" if arguments.small else "paligemma-3b"),
        program=arguments.paligraph or build(),
        python=install.python(arguments.work),
        threads=arguments.threads,
        prompt_tokens=arguments.prompt_tokens,
        new_tokens=arguments.new_tokens,
    )


def make_model(setting, arguments):
    layers = ["--layers", "2"] if arguments.small else []
    subprocess.run([setting.python, HERE / "make_random_paligemma.py", setting.model, *layers], check=True)


def build():
    command = ["swift", "build", "-c", "release", "--product", "paligraph"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    folder = subprocess.run(["swift", "build", "-c", "release", "--show-bin-path"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.strip()
    return Path(folder) / "paligraph"


def shown(arguments):
    return {key: value for key, value in vars(arguments).items() if isinstance(value, (int, str, list))}


if __name__ == "__main__":
    main()
