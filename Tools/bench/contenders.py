"""The contenders: PaliGraph and its peers, the form of the model that each reads, the command that times one round."""

import json
import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import install
from machine import cpu_features

HERE = Path(__file__).resolve().parent
DTYPES = ["f32", "bf16", "int8", "int4"]
PEERS = [
    "transformers-f32", "transformers-bf16", "onnxruntime-f32", "openvino-f32", "openvino-bf16",
    "llama.cpp-bf16", "llama.cpp-q8_0", "llama.cpp-q4_0",
]
MODULES = {
    "transformers": ["torch", "transformers"],
    "onnxruntime": ["torch", "transformers", "onnxscript", "onnxruntime"],
    "openvino": ["torch", "transformers", "onnxscript", "openvino"],
    "llama.cpp": ["gguf"],
}
REPEAT = 2  # of each figure, in each round


@dataclass(frozen=True)
class Setting:
    """What is the same for all contenders."""

    work: Path
    model: Path
    program: Path  # paligraph
    python: Path  # runs the peers
    threads: int
    prompt_tokens: int
    new_tokens: int

    @property
    def tokens(self):
        return ["--prompt-tokens", self.prompt_tokens, "--new-tokens", self.new_tokens]


@dataclass
class Contender:
    """One program on one form of the model. `command` prints a JSON object with the figures of one round."""

    program: str
    dtype: str
    command: list
    facts: dict = field(default_factory=dict)  # what is known without a round
    runs: list = field(default_factory=list)

    @property
    def name(self):
        return f"{self.program} {self.dtype}"

    def measure(self):
        done = run(self.command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{self.name}: exit {done.returncode}: {done.stderr.strip()}")
        self.runs.append(json.loads(done.stdout))

    def summary(self):
        """Numbers as medians over the rounds, all else as it was in the last one."""
        last = self.runs[-1]
        numbers = [k for k, v in last.items() if isinstance(v, (int, float)) and not isinstance(v, bool)]
        medians = {key: statistics.median(run[key] for run in self.runs) for key in numbers}
        about = {"name": self.name, "program": self.program, "dtype": self.dtype, "runs": len(self.runs)}
        return about | self.facts | last | medians


def run(command, **options):
    # Some machines force an older kernel on numpy's OpenBLAS, which would slow a peer down.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    return subprocess.run([str(word) for word in command], env=environment, **options)


# PaliGraph


def paligraph(setting, dtype):
    plan = setting.work / f"{setting.model.name}.{dtype}.plan"
    facts = plan.with_suffix(".plan.json")
    if not (plan.exists() and facts.exists()) or facts.stat().st_mtime < setting.program.stat().st_mtime:
        facts.write_text(json.dumps(compile_plan(setting, dtype, plan)) + "\n")
    command = [setting.program, "bench", plan, "--json", "--rounds", REPEAT, "--threads", setting.threads]
    return Contender("paligraph", dtype, command + setting.tokens, json.loads(facts.read_text()))


def compile_plan(setting, dtype, plan):
    """Compiles, and returns how long that took and the largest anonymous memory, seen by looking often."""
    start, largest = time.perf_counter(), 0
    with subprocess.Popen([setting.program, "compile", setting.model, "-o", plan, "--dtype", dtype]) as process:
        while process.poll() is None:
            largest = max(largest, anonymous_bytes(process.pid))
            time.sleep(0.02)
    if process.returncode != 0:
        raise SystemExit(f"paligraph compile --dtype {dtype}: exit {process.returncode}")
    return {"compile_s": time.perf_counter() - start, "compile_anonymous_bytes": largest}


def anonymous_bytes(process):
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:")), 0)


# Peers


def peers(setting, wanted):
    """Those of `wanted`, or of all, that this machine can run; says why of the others."""
    found = []
    for name in PEERS if wanted is None else wanted:
        program, dtype = name.rsplit("-", 1)
        reason = obstacle(setting, program, dtype)
        if reason:
            print(f"without {name}: {reason}", flush=True)
        else:
            found.append(peer(setting, program, dtype))
    return found


def obstacle(setting, program, dtype):
    """Why a peer cannot run here, or None."""
    code = "import importlib.util as u, sys; sys.exit(not all(u.find_spec(m) for m in sys.argv[1:]))"
    there = run([setting.python, "-c", code, *MODULES[program]]).returncode == 0
    if program == "llama.cpp":
        there = there and all(install.llama_cpp_tool(setting.work, tool).exists() for tool in install.LLAMA_CPP_TOOLS)
    if not there:
        return "it is not installed; --install-peers does that"
    if (program, dtype) == ("openvino", "bf16") and not {"avx512_bf16", "amx_bf16"} & set(cpu_features()):
        return "OpenVINO computes in f32 on a CPU without products of bf16"
    return None


def peer(setting, program, dtype):
    script = HERE / f"{program.replace('.', '_')}_timing.py"
    command = [setting.python, script, form(setting, program, dtype), "--dtype", dtype]
    command += ["--threads", setting.threads, "--repeat", REPEAT, *setting.tokens]
    if program == "llama.cpp":
        command += ["--llama-bench", install.llama_cpp_tool(setting.work, "llama-bench")]
    return Contender(program, dtype, command)


def form(setting, program, dtype):
    """The file or directory that a peer reads; made if it is not there."""
    if program == "transformers":
        return setting.model
    if program == "llama.cpp":
        return decoder(setting, dtype)
    export = [setting.python, HERE / "export_vision.py", setting.model]
    return made(setting, "vision", lambda output: [*export, output]) / "model.onnx"


def decoder(setting, dtype):
    if dtype == "bf16":
        write = [setting.python, HERE / "write_gguf.py", setting.model]
        return made(setting, "bf16.gguf", lambda output: [*write, output])
    quantize = [install.llama_cpp_tool(setting.work, "llama-quantize"), decoder(setting, "bf16")]
    return made(setting, f"{dtype}.gguf", lambda output: [*quantize, output, dtype, setting.threads])


def made(setting, kind, command):
    """WORK/peers/MODEL.KIND, which `command(output)` makes if it is not there; what is there is complete."""
    output = setting.work / "peers" / f"{setting.model.name}.{kind}"
    if not output.exists():
        print(f"making {output.name}", end="", flush=True)
        output.parent.mkdir(exist_ok=True)
        partial, start = output.with_name(f"partial.{output.name}"), time.perf_counter()
        done = run(command(partial), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f": exit {done.returncode}: {done.stderr.strip()}")
        partial.rename(output)
        print(f": {time.perf_counter() - start:.0f} s", flush=True)
    return output
