"""Times transformers on a PaliGemma model directory and prints one JSON object.

    python3 Tools/bench/transformers_timing.py DIR --image F [--prompt-tokens N] [--new-tokens N] [--dtype bf16|f32]
                                               [--threads 2] [--attention sdpa|eager] [--repeat 1]

Needs: pip install torch transformers==5.23 tokenizers safetensors pillow.

`vision_s` is the tower with the projector, `prefill_s` the decoder on picture and prompt; `first_token_s` is their sum,
without the processor. The other tokens are decoded greedily, end tokens ignored. One run warms up; with `--repeat` the
quickest of the others counts, of each figure for itself.
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
    inputs = prepare(model, processor, load_image(arguments.image), arguments)
    runs = [run(model, inputs, arguments) for _ in range(1 + arguments.repeat)][1:]
    vision, prefill, decode = (min(run[key] for run in runs) for key in ("vision_s", "prefill_s", "decode_s"))
    steps = arguments.new_tokens - 1
    report = {
        "load_s": load_seconds,
        "vision_s": vision,
        "prefill_s": prefill,
        "first_token_s": vision + prefill,
        "decode_s": decode,
        "tokens_per_s": steps / decode if steps else None,
        "prompt_tokens": inputs["input_ids"].shape[1],
        "new_tokens": arguments.new_tokens,
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
    parser.add_argument("--prompt-tokens", type=int, default=10)
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


def prepare(model, processor, image, arguments):
    """The processor's inputs with the text cut or repeated to `--prompt-tokens` tokens after the picture's."""
    inputs = processor(images=image, text="caption en", return_tensors="pt")
    ids = inputs["input_ids"]
    image_token = model.config.image_token_id
    pictures, text = ids[ids == image_token], ids[ids != image_token]
    text = text.repeat(arguments.prompt_tokens)[: arguments.prompt_tokens]
    ids = torch.cat([pictures, text])[None]
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "token_type_ids": torch.zeros_like(ids),
        "pixel_values": inputs["pixel_values"].to(model.dtype),
    }


@torch.inference_mode()
def run(model, inputs, arguments):
    start = time.perf_counter()
    features = model.get_image_features(inputs["pixel_values"])
    seen = time.perf_counter()
    features = features if isinstance(features, torch.Tensor) else features.pooler_output
    text = {k: v for k, v in inputs.items() if k != "pixel_values"}
    embeddings = model.get_input_embeddings()(inputs["input_ids"].clamp(max=model.config.text_config.vocab_size - 1))
    places = inputs["input_ids"] == model.config.image_token_id
    embeddings = embeddings.masked_scatter(places[..., None], features.to(embeddings.dtype))
    del text["input_ids"]
    output = model(**text, inputs_embeds=embeddings, use_cache=True, logits_to_keep=1)
    tokens = [output.logits[:, -1].argmax(-1)]
    tokens[0].item()
    first = time.perf_counter()
    while len(tokens) < arguments.new_tokens:
        output = model(input_ids=tokens[-1][:, None], past_key_values=output.past_key_values, use_cache=True)
        tokens.append(output.logits[:, -1].argmax(-1))
    tokens[-1].item()
    return {"vision_s": seen - start, "prefill_s": first - seen, "decode_s": time.perf_counter() - first}


if __name__ == "__main__":
    main()
