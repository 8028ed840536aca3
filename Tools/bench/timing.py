"""What the timing scripts of the peers share: their arguments, the best of some runs, the JSON object they print.

Every script takes one form of the model and prints one object with the keys of FIGURES; what a peer does not do is
null. `vision_s` is the tower with the projector, `prefill_s` the decoder on picture and prompt, `first_token_s` their
sum. One run warms up; the quickest of the `--repeat` others counts, of each figure for itself.
"""

import argparse
import json
import resource
import time
from pathlib import Path

FIGURES = ("load_s", "vision_s", "prefill_s", "first_token_s", "tokens_per_s", "peak_rss_bytes")
PICTURE = Path(__file__).resolve().parents[2] / "Examples/pictures/night.jpg"
IMAGE_TOKENS = 256


def parser(document):
    """The arguments that every timing script takes, whether or not they change anything for it."""
    parser = argparse.ArgumentParser(description=document.splitlines()[0])
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("--dtype", default="bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--prompt-tokens", type=int, default=10)
    parser.add_argument("--new-tokens", type=int, default=16)
    return parser


def timed(action):
    """What `action` returns, and the seconds it took."""
    start = time.perf_counter()
    result = action()
    return result, time.perf_counter() - start


def best(action, repeat):
    """The seconds of the quickest of `repeat` runs after one that warms up."""
    return min([timed(action)[1] for _ in range(1 + repeat)][1:])


def peak_rss_bytes(who=resource.RUSAGE_SELF):
    return resource.getrusage(who).ru_maxrss * 1024


def show(figures, **about):
    """Prints the JSON object."""
    print(json.dumps({key: figures.get(key) for key in FIGURES} | about, indent=2))
