"""Writes the parity references: tiny PaliGemma checkpoints with random weights and what transformers makes of them.

    python3 Tools/references/paligemma [--only NAME ...] [OUTPUT_DIRECTORY]

Needs: pip install torch transformers==5.23 tokenizers safetensors pillow numpy (CPU is enough, no network).

Each case is a complete Hugging Face model directory (config.json, weights, tokenizer.json,
preprocessor_config.json, ...) plus

    picture.png            the input picture
    expected.json          prompt, counts, tolerances, versions, what the case covers
    expected.safetensors   input_ids [T], pixel_values [1,3,R,R], image_features [1,S,D],
                           logits [N,V] (raw, the ones each new token was chosen from), tokens [N]

The expectation is `PaliGemmaForConditionalGeneration.generate` in f32 with eager attention, greedy; a bf16 or f16
checkpoint is widened to f32 first. Every random number comes from a seed, so the same versions write the same bytes.
"""

import argparse
import json
import math
import shutil
import zlib
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import GemmaTokenizer, PaliGemmaConfig, PaliGemmaForConditionalGeneration, PaliGemmaProcessor
from transformers.image_utils import load_image
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

import cases
import small_tokenizer

STEPS = 24
LOGITS_TOLERANCE = 1e-4
# A greedy token is only a fair expectation where rounding cannot turn it: the runner-up is this much lower.
MINIMUM_MARGIN = 4e-3
MINIMUM_DISTINCT_TOKENS = 14
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parents[3] / "Tests/Fixtures/parity"
    parser.add_argument("output", nargs="?", type=Path, default=default)
    parser.add_argument("--only", nargs="+", default=None, metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for case in cases.CASES:
        if arguments.only is None or case["name"] in arguments.only:
            write_case(case, arguments.output / case["name"])


def write_case(case, directory):
    """Searches the first seed whose greedy continuation is a fair test, and writes the case with it."""
    for seed in range(case["first_seed"], case["first_seed"] + 200):
        write_inputs(case, directory, seed)
        reference = run_reference(case, directory)
        if objection(case, reference) is None:
            write_expected(case, directory, seed, reference)
            size = sum(f.stat().st_size for f in directory.iterdir())
            print(f"{case['name']}: seed {seed}, {size / 1000:.0f} kB, tokens {reference['tokens'].tolist()}")
            return
        print(f"{case['name']}: seed {seed}: {objection(case, reference)}")
    raise SystemExit(f"{case['name']}: no seed gives a fair test; change the scales of its weights")


# Inputs: configuration, tokenizer, picture, weights


def write_inputs(case, directory, seed):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    write_json(directory / "config.json", case["config"])
    for name, content in case["files"].items():
        write_json(directory / name, content)
    small_tokenizer.write(directory)
    draw_picture(case["picture"], seed).save(directory / "picture.png", optimize=True)
    write_weights(case, directory, random_weights(case, seed))


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def draw_picture(picture, seed):
    """A smooth background, three rectangles and a little noise, in the asked mode and size (width, height)."""
    width, height = picture["size"]
    random = np.random.default_rng([seed, 77])
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    phase = random.uniform(0, 6, (3, 3))
    channels = [127 + 100 * np.sin(7 * x * p[0] + p[1]) * np.cos(5 * y + p[2]) for p in phase]
    pixels = np.stack(channels, axis=-1)
    for _ in range(3):
        left, top = random.integers(0, width * 3 // 4), random.integers(0, height * 3 // 4)
        right, bottom = left + random.integers(3, width // 2 + 4), top + random.integers(3, height // 2 + 4)
        pixels[top:bottom, left:right] = random.integers(0, 256, 3)
    pixels += random.integers(-6, 7, pixels.shape) * (width * height < 20000)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB")
    if picture["mode"] == "RGBA":
        alpha = Image.fromarray((255 * (x + y) / (x + y).max()).astype(np.uint8), "L")
        image.putalpha(alpha)
        return image
    if picture["mode"] == "P":
        return image.quantize(64, method=Image.Quantize.MEDIANCUT)
    return image.convert(picture["mode"])


def random_weights(case, seed):
    """Every tensor of the model by its transformers 5 name, in the checkpoint's element type.

    The scales keep activations near 1 and make attention, norms, biases and softcaps matter to the result.
    """
    with torch.device("meta"):
        model = PaliGemmaForConditionalGeneration(configuration(case))
    weights = {}
    for name, parameter in model.named_parameters(remove_duplicate=True):
        shape = tuple(parameter.shape)
        random = np.random.default_rng([seed, zlib.crc32(name.encode())])
        values = random.standard_normal(shape) * scale(name, shape, case) + offset(name)
        weights[name] = torch.from_numpy(values.astype(np.float32)).to(DTYPES[case["dtype"]])
    if not case["vision_head"]:
        weights = {name: value for name, value in weights.items() if ".vision_tower.head." not in name}
    return weights


def configuration(case):
    return PaliGemmaConfig.from_dict(json.loads(json.dumps(case["config"])))


def scale(name, shape, case):
    gains = {"q_proj": 1.6, "k_proj": 1.6, "gate_proj": 1.5, "up_proj": 1.5, "down_proj": 1.6, "o_proj": 2.0}
    gains |= case["gains"]
    if "embed_tokens" in name:
        return gains.get("embed_tokens", 1.5) / math.sqrt(shape[1])
    if "lm_head" in name:
        return gains.get("lm_head", 1.5) / math.sqrt(shape[1])
    if "position_embedding" in name:
        return 0.7
    if is_final_norm(name):
        return 1.1
    if len(shape) == 1:
        return 0.25
    gain = next((value for key, value in gains.items() if key in name), 1.1)
    return gain / math.sqrt(math.prod(shape[1:]))


def offset(name):
    """LayerNorm weights are near 1; Gemma's RMSNorm adds the 1 itself.

    The final norm's 1 + w has both signs: under a tied head the last token would otherwise predict itself for ever.
    """
    if is_final_norm(name):
        return -1.0
    is_layer_norm_weight = name.endswith("weight") and ("layer_norm" in name or "post_layernorm" in name)
    return 1.0 if is_layer_norm_weight and "vision_tower" in name else 0.0


def is_final_norm(name):
    return name == "model.language_model.norm.weight"


def write_weights(case, directory, weights):
    tensors = {rename(name, case["layout"]): value for name, value in weights.items()}
    tensors |= surplus_tensors(case)
    names = sorted(tensors)
    if case["shards"] == 1:
        save_file({n: tensors[n].contiguous() for n in names}, directory / "model.safetensors", {"format": "pt"})
        return
    weight_map = {}
    for shard in range(case["shards"]):
        file = f"model-{shard + 1:05}-of-{case['shards']:05}.safetensors"
        members = names[shard * len(names) // case["shards"] : (shard + 1) * len(names) // case["shards"]]
        save_file({n: tensors[n].contiguous() for n in members}, directory / file, {"format": "pt"})
        weight_map |= dict.fromkeys(members, file)
    total = sum(t.numel() * t.element_size() for t in tensors.values())
    write_json(
        directory / "model.safetensors.index.json",
        {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))},
    )


def rename(name, layout):
    """A transformers 5 parameter name in one of the layouts checkpoints come in."""
    if layout == "v5":
        return name
    if layout == "v5-bare":
        return name.removeprefix("model.")
    name = name.removeprefix("model.")
    if layout == "v4":
        # What transformers 4.52 ... 4.57 write: the leading `model.`, the tower with its inner prefix.
        name = name.replace("vision_tower.", "vision_tower.vision_model.", 1)
        return name if name.startswith("lm_head") else "model." + name
    assert layout == "hub", layout
    name = name.replace("vision_tower.", "vision_tower.vision_model.", 1)
    name = name.replace("language_model.", "language_model.model.", 1)
    return "language_model." + name if name.startswith("lm_head") else name


def surplus_tensors(case):
    """Buffers that old versions saved and nobody reads."""
    if not case["old_buffers"]:
        return {}
    config = configuration(case)
    text, vision = config.text_config, config.vision_config
    frequencies = 1 / 10000 ** (torch.arange(0, text.head_dim, 2) / text.head_dim)
    tensors = {
        f"language_model.model.layers.{i}.self_attn.rotary_emb.inv_freq": frequencies.clone()
        for i in range(text.num_hidden_layers)
    }
    patches = (vision.image_size // vision.patch_size) ** 2
    tensors["vision_tower.vision_model.embeddings.position_ids"] = torch.arange(patches)[None]
    return tensors


# Reference run


def run_reference(case, directory):
    inputs = processor(directory)(
        images=load_image(str(directory / "picture.png")), text=case["prompt"], return_tensors="pt"
    )
    inputs.pop("labels", None)
    model = load_model(case, directory, torch.float32)
    with torch.no_grad():
        features = model.get_image_features(inputs["pixel_values"]).pooler_output
        output = model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=STEPS,
            return_dict_in_generate=True,
            output_logits=True,
        )
    tokens = output.sequences[0, inputs["input_ids"].shape[1] :]
    logits = torch.cat(output.logits).float()
    assert torch.allclose(forced_logits(model, inputs, tokens), logits, atol=2e-5, rtol=0)
    reference = {
        "input_ids": inputs["input_ids"][0],
        "pixel_values": inputs["pixel_values"],
        "image_features": features,
        "logits": logits,
        "tokens": tokens,
    }
    if case["dtype"] == "bf16":
        narrow = load_model(case, directory, torch.bfloat16)
        reference["bf16_difference"] = (forced_logits(narrow, inputs, tokens) - logits).abs().max().item()
    return reference


def processor(directory):
    images = SiglipImageProcessorPil.from_pretrained(directory)
    return PaliGemmaProcessor(images, GemmaTokenizer.from_pretrained(directory))


def load_model(case, directory, dtype):
    model, report = PaliGemmaForConditionalGeneration.from_pretrained(
        directory, dtype=dtype, attn_implementation="eager", output_loading_info=True
    )
    missing = [name for name in report["missing_keys"] if ".vision_tower.head." not in name]
    assert not missing and not report["mismatched_keys"], (case["name"], report)
    return model.eval()


@torch.no_grad()
def forced_logits(model, inputs, tokens):
    """The logits [N, V] of each step when the given tokens are fed, whatever the model would have chosen."""
    output = model(**inputs, use_cache=True)
    logits = [output.logits[:, -1]]
    for token in tokens[:-1]:
        output = model(input_ids=token.reshape(1, 1), past_key_values=output.past_key_values, use_cache=True)
        logits.append(output.logits[:, -1])
    return torch.cat(logits).float()


def objection(case, reference):
    """Why this seed does not make a fair test, or None."""
    tokens, logits = reference["tokens"], reference["logits"]
    if len(tokens) < (12 if case["stops"] else STEPS) or (case["stops"] and len(tokens) == STEPS):
        return f"{len(tokens)} tokens"
    if len(set(tokens.tolist())) < min(MINIMUM_DISTINCT_TOKENS, len(tokens) // 2):
        return f"only {len(set(tokens.tolist()))} different tokens"
    best = logits.topk(2, dim=-1).values
    margin = (best[:, 0] - best[:, 1]).min().item()
    if margin < MINIMUM_MARGIN:
        return f"margin {margin:.1e}"
    if not 1.5 <= logits.abs().max().item() <= 12:
        return f"largest logit {logits.abs().max().item():.2f}"
    return None


def write_expected(case, directory, seed, reference):
    tensors = {name: reference[name].contiguous() for name in cases.TENSORS}
    save_file(tensors, directory / "expected.safetensors")
    best = reference["logits"].topk(2, dim=-1).values
    expected = {
        "covers": case["covers"],
        "prompt": case["prompt"],
        "picture": "picture.png",
        "max_new_tokens": STEPS,
        "new_tokens": len(reference["tokens"]),
        "finish_reason": "eos" if case["stops"] else "length",
        "text": GemmaTokenizer.from_pretrained(directory).decode(reference["tokens"], skip_special_tokens=True),
        "tolerances": {"pixel_values": 0.0, "image_features": LOGITS_TOLERANCE, "logits": LOGITS_TOLERANCE},
        "smallest_margin": rounded((best[:, 0] - best[:, 1]).min().item()),
        "largest_logit": rounded(reference["logits"].abs().max().item()),
        "checkpoint_dtype": case["dtype"],
        "layout": case["layout"],
        "seed": seed,
        "versions": {
            "transformers": transformers.__version__,
            "torch": torch.__version__,
            "pillow": Image.__version__,
        },
    }
    if "bf16_difference" in reference:
        expected["transformers_bf16_max_logit_difference"] = rounded(reference["bf16_difference"])
    write_json(directory / "expected.json", expected)
    assert load_file(directory / "expected.safetensors").keys() == tensors.keys()


def rounded(value):
    return float(f"{value:.4g}")


if __name__ == "__main__":
    main()
