"""Writes what transformers computes at the end of long texts: Tests/Fixtures/parity/long/NAME.safetensors.

    python3 Tools/references/paligemma/long.py

Needs what `python3 Tools/references/paligemma` needs. The tokens of the text are drawn from a seed and fed whatever
the model would have chosen, so that no near tie matters:

    tokens [N]      what is fed after the prompt
    steps [3]       the last step with room, and two before it
    logits [3, V]   of these steps
"""

import importlib.util
import json
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers.image_utils import load_image

NAMES = ["gemma-hub-layout", "gemma2-window-crossed-while-decoding"]
STEPS = 500
PARITY = Path(__file__).resolve().parents[3] / "Tests/Fixtures/parity"


def generator():
    """The script beside this one, as a module."""
    spec = importlib.util.spec_from_file_location("generator", Path(__file__).with_name("__main__.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(name):
    directory = PARITY / name
    case = next(case for case in GENERATOR.cases.CASES if case["name"] == name)
    model = GENERATOR.load_model(case, directory, torch.float32)
    inputs = GENERATOR.processor(directory)(
        images=load_image(str(directory / "picture.png")), text=case["prompt"], return_tensors="pt"
    )
    vocabulary = json.loads((directory / "config.json").read_text())["text_config"]["vocab_size"]
    tokens = torch.from_numpy(np.random.default_rng([len(name), 5]).integers(4, vocabulary - 2, STEPS))
    logits = GENERATOR.forced_logits(model, inputs, tokens)
    steps = torch.tensor([STEPS - 3, STEPS - 2, STEPS - 1])
    chosen = logits[steps].contiguous()
    (PARITY / "long").mkdir(exist_ok=True)
    save_file({"tokens": tokens, "steps": steps, "logits": chosen}, PARITY / "long" / f"{name}.safetensors")
    print(f"{name}: {inputs['input_ids'].numel()} tokens of prompt, {STEPS} steps, largest logit {chosen.abs().max():.3f}")


if __name__ == "__main__":
    GENERATOR = generator()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for name in NAMES:
        write(name)
