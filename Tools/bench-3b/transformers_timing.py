"""Times transformers on a PaliGemma model directory and prints one JSON object.

    python3 Tools/bench-3b/transformers_timing.py DIR --image F [--prompt T] [--new-tokens N] [--dtype bf16|f32]
                                                  [--threads 2] [--attention sdpa|eager] [--repeat 1]

Needs: pip install torch transformers==5.23 tokenizers safetensors pillow.

`first_token_s` runs from the decoded picture to the first token: resize, tower, prefill. `decode_s` is the time of the
other N - 1 tokens, greedy, end tokens ignored. With `--repeat` the quickest run counts, of each figure for itself.
"""

import argparse
import json
import platform
import resource
import time

import torch
import transformers
from transformers import GemmaTokenizer, PaliGemmaForConditionalGeneration, PaliGemmaProcessor
from transformers.image_utils import load_image
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    start = time.perf_counter()
    model, processor = load(arguments)
    load_seconds = time.perf_counter() - start
    image = load_image(arguments.image)
    runs = [run(model, processor, image, arguments) for _ in range(arguments.repeat)]
    first, decode = (min(run[key] for run in runs) for key in ("first_token_s", "decode_s"))
    steps = arguments.new_tokens - 1
    report = {
        "load_s": load_seconds,
        "first_token_s": first,
        "decode_s": decode,
        "tokens_per_s": steps / decode if steps else None,
        "prompt_tokens": runs[0]["prompt_tokens"],
        "new_tokens": arguments.new_tokens,
        "tokens": runs[0]["tokens"],
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "dtype": arguments.dtype,
        "threads": arguments.threads,
        "attention": arguments.attention,
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "machine": platform.processor() or platform.machine(),
    }
    print(json.dumps(report, indent=2))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", metavar="DIR")
    parser.add_argument("--image", required=True)
    parser.add_argument("--prompt", default="caption en")
    parser.add_argument("--new-tokens", type=int, default=16)
    parser.add_argument("--dtype", choices=DTYPES, default="bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
    parser.add_argument("--repeat", type=int, default=1)
    return parser.parse_args()


def load(arguments):
    model = PaliGemmaForConditionalGeneration.from_pretrained(
        arguments.directory, dtype=DTYPES[arguments.dtype], attn_implementation=arguments.attention
    )
    images = SiglipImageProcessorPil.from_pretrained(arguments.directory)
    return model.eval(), PaliGemmaProcessor(images, GemmaTokenizer.from_pretrained(arguments.directory))


@torch.inference_mode()
def run(model, processor, image, arguments):
    start = time.perf_counter()
    inputs = processor(images=image, text=arguments.prompt, return_tensors="pt")
    inputs.pop("labels", None)
    inputs["pixel_values"] = inputs["pixel_values"].to(model.dtype)
    output = model(**inputs, use_cache=True, logits_to_keep=1)
    tokens = [output.logits[:, -1].argmax(-1)]
    tokens[0].item()
    first = time.perf_counter()
    while len(tokens) < arguments.new_tokens:
        output = model(input_ids=tokens[-1][:, None], past_key_values=output.past_key_values, use_cache=True)
        tokens.append(output.logits[:, -1].argmax(-1))
    tokens = [token.item() for token in tokens]
    return {
        "first_token_s": first - start,
        "decode_s": time.perf_counter() - first,
        "prompt_tokens": inputs["input_ids"].shape[1],
        "tokens": tokens,
    }


if __name__ == "__main__":
    main()
