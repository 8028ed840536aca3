"""Times llama.cpp on the decoder of PaliGemma and prints one JSON object (see timing.py).

    python3 Tools/bench/llama_cpp_timing.py decoder.gguf --llama-bench F [--threads 2] [--repeat 1]
                                            [--prompt-tokens N] [--new-tokens N]

`write_gguf.py` writes the file, of picture and prompt together only the number of tokens counts. `llama-bench` runs
with and without flash attention, and the quicker one counts; it decodes behind a prompt of full length. Loading is
the time until it starts to warm up.
"""

import json
import resource
import subprocess
import time
from pathlib import Path

import timing


def main():
    parser = timing.parser(__doc__)
    parser.add_argument("--llama-bench", type=Path, required=True)
    arguments = parser.parse_args()
    prompt, steps = timing.IMAGE_TOKENS + arguments.prompt_tokens, arguments.new_tokens - 1
    tests, load_s = llama_bench(arguments, "-p", prompt, "-n", 0)
    figures = {"load_s": load_s, "prefill_s": quickest(tests)}
    if steps:
        decode, _ = llama_bench(arguments, "-p", 0, "-n", steps, "-d", prompt)
        figures["tokens_per_s"] = steps / quickest(decode)
    figures["peak_rss_bytes"] = timing.peak_rss_bytes(resource.RUSAGE_CHILDREN)
    timing.show(figures, versions={"llama.cpp": tests[0]["build_commit"]}, model=tests[0]["model_type"])


def llama_bench(arguments, *test):
    """The objects that llama-bench prints, one for each setting, and the seconds until it warmed up."""
    command = [arguments.llama_bench, "-m", arguments.model, "-t", arguments.threads, "-r", arguments.repeat, *test]
    command += ["-fa", "0,1", "-o", "json", "--progress"]
    start = time.perf_counter()
    with subprocess.Popen(map(str, command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        messages = [(time.perf_counter() - start, line) for line in process.stderr]
        output = process.stdout.read()
    if process.returncode != 0:
        raise SystemExit("".join(line for _, line in messages))
    load_s = next(seconds for seconds, line in messages if "warmup" in line)
    return json.loads(output), load_s


def quickest(tests):
    return min(min(test["samples_ns"]) for test in tests) / 1e9


if __name__ == "__main__":
    main()
