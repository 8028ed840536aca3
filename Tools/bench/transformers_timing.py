"""Times transformers on a PaliGemma model directory and prints one JSON object (see timing.py).

    python3 Tools/bench/transformers_timing.py DIR [--dtype bf16|f32] [--threads 2] [--repeat 1] [--image F]
                                               [--prompt-tokens N] [--new-tokens N] [--attention sdpa|eager]

The times are without the processor. Tokens after the first are decoded greedily, end tokens ignored.
"""

import time

import timing
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
    (model, processor), load_s = timing.timed(lambda: load(arguments))
    inputs = prepare(model, processor, load_image(str(arguments.image)), arguments)
    runs = [run(model, inputs, arguments) for _ in range(1 + arguments.repeat)][1:]
    vision, prefill, decode = (min(run[key] for run in runs) for key in ("vision_s", "prefill_s", "decode_s"))
    steps = arguments.new_tokens - 1
    figures = {
        "load_s": load_s,
        "vision_s": vision,
        "prefill_s": prefill,
        "first_token_s": vision + prefill,
        "tokens_per_s": steps / decode if steps else None,
        "peak_rss_bytes": timing.peak_rss_bytes(),
    }
    about = {"prompt_tokens": inputs["input_ids"].shape[1], "attention": arguments.attention}
    timing.show(figures, versions={"transformers": transformers.__version__, "torch": torch.__version__}, **about)


def parse_arguments():
    parser = timing.parser(__doc__)
    parser.add_argument("--image", default=timing.PICTURE)
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
    return parser.parse_args()


def load(arguments):
    directory = arguments.model
    model = PaliGemmaForConditionalGeneration.from_pretrained(
        directory, dtype=DTYPES[arguments.dtype], attn_implementation=arguments.attention
    )
    images = SiglipImageProcessorPil.from_pretrained(directory)
    return model.eval(), PaliGemmaProcessor(images, GemmaTokenizer.from_pretrained(directory))


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
