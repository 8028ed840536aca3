"""Writes a model directory of the size of google/paligemma-3b-pt-224 with random bf16 weights: 5.8 GB in four shards.

    python3 Tools/bench/make_random_paligemma.py OUT [--layers N] [--image-size 448] [--weights-of DIR] [--seed S]

Needs: pip install numpy. Takes about a minute and 200 MB of memory; tensors are drawn and written in pieces.
The files have the hub's key layout and sparse config.json. The tokenizer is the small one of the parity references,
with `<loc....>`, `<seg...>` and `<image>` at the ids of the real one and unused pieces in between.
`--layers` cuts both the tower and the decoder to N layers, for trying things out. Models for other sizes of pictures
differ in the table of the patches' positions only, which is a shard of its own; `--weights-of` links the other shards
of a model that is there already.
"""

import argparse
import json
import math
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "references/paligemma"))
import small_tokenizer  # noqa: E402

VOCABULARY, IMAGE_TOKEN, FIRST_LOCATION, FIRST_SEGMENT = 257216, 257152, 256000, 257024
HIDDEN, INTERMEDIATE, HEADS, HEAD_SIZE, TEXT_LAYERS = 2048, 16384, 8, 256, 18
VISION_HIDDEN, VISION_INTERMEDIATE, VISION_HEADS, VISION_LAYERS, PATCH = 1152, 4304, 16, 27, 14
SHARDS = 3  # beside that of the positions
PIECE = 1 << 22  # values drawn at once


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, metavar="OUT")
    parser.add_argument("--layers", type=int, default=None, metavar="N")
    parser.add_argument("--image-size", type=int, default=224, metavar="N", help="pixels of a side, a multiple of 14")
    parser.add_argument("--weights-of", type=Path, metavar="DIR", help="a model that differs in the image size only")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    arguments = parser.parse_args()
    if arguments.image_size < PATCH or arguments.image_size % PATCH:
        parser.error(f"--image-size {arguments.image_size} is no multiple of {PATCH}")
    text_layers = min(TEXT_LAYERS, arguments.layers or TEXT_LAYERS)
    vision_layers = min(VISION_LAYERS, arguments.layers or VISION_LAYERS)
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_json(arguments.output / "config.json", config(text_layers, vision_layers, arguments.image_size), indent=2)
    write_json(arguments.output / "generation_config.json", {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0})
    write_json(arguments.output / "preprocessor_config.json", preprocessor(arguments.image_size), indent=2)
    write_json(arguments.output / "tokenizer.json", tokenizer())
    shards = split(list(tensors(text_layers, vision_layers))) + [[positions(arguments.image_size)]]
    write_weights(arguments.output, shards, arguments.seed, arguments.weights_of)


def write_json(path, value, indent=None):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def patch_count(image_size):
    return (image_size // PATCH) ** 2


def config(text_layers, vision_layers, image_size):
    """The hub's config.json, which leaves out what equals a default."""
    return {
        "architectures": ["PaliGemmaForConditionalGeneration"],
        "model_type": "paligemma",
        "bos_token_id": 2,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "hidden_size": HIDDEN,
        "ignore_index": -100,
        "image_token_index": IMAGE_TOKEN,
        "projection_dim": HIDDEN,
        "vocab_size": VOCABULARY,
        "torch_dtype": "bfloat16",
        "text_config": {
            "model_type": "gemma",
            "hidden_size": HIDDEN,
            "intermediate_size": INTERMEDIATE,
            "num_attention_heads": HEADS,
            "num_hidden_layers": text_layers,
            "num_image_tokens": patch_count(image_size),
            "num_key_value_heads": 1,
            "torch_dtype": "bfloat16",
            "vocab_size": VOCABULARY,
        },
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": VISION_HIDDEN,
            "intermediate_size": VISION_INTERMEDIATE,
            "num_attention_heads": VISION_HEADS,
            "num_hidden_layers": vision_layers,
            "num_image_tokens": patch_count(image_size),
            "patch_size": PATCH,
            "projection_dim": HIDDEN,
            "vision_use_head": False,
        } | ({} if image_size == 224 else {"image_size": image_size}),
    }


def preprocessor(image_size):
    return {
        "image_processor_type": "SiglipImageProcessor",
        "image_seq_length": patch_count(image_size),
        "do_resize": True,
        "size": {"height": image_size, "width": image_size},
        "resample": 3,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }


def tokenizer():
    """The small tokenizer spread over the real one's ids, without gaps."""
    model = small_tokenizer.tokenizer()
    moved = set(small_tokenizer.LOCATIONS + small_tokenizer.SEGMENTS + ["<image>"])
    pieces = [piece for piece in model["model"]["vocab"] if piece not in moved]
    pieces += [f"<unused{i:06}>" for i in range(FIRST_LOCATION - len(pieces))]
    locations = [f"<loc{i:04}>" for i in range(1024)]
    segments = [f"<seg{i:03}>" for i in range(128)]
    vocabulary = {piece: index for index, piece in enumerate(pieces + locations + segments + ["<image>"])}
    assert vocabulary["<image>"] == IMAGE_TOKEN and vocabulary["<seg000>"] == FIRST_SEGMENT
    specials = small_tokenizer.SPECIALS + ["<image>"]
    model["model"]["vocab"] = vocabulary
    model["added_tokens"] = [
        small_tokenizer.added(vocabulary, piece, special=piece in specials)
        for piece in small_tokenizer.SPECIALS + locations + segments + ["<image>"]
    ]
    return model


def tensors(text_layers, vision_layers):
    """Name, shape, standard deviation and mean of every tensor but the positions, in the order of the files."""
    yield from vision_tensors(vision_layers)
    yield from affine("multi_modal_projector.linear", HIDDEN, VISION_HIDDEN)
    yield from text_tensors(text_layers)


def vision_tensors(layers):
    prefix = "vision_tower.vision_model."
    yield from affine(f"{prefix}embeddings.patch_embedding", VISION_HIDDEN, 3, PATCH, PATCH)
    for layer in range(layers):
        block = f"{prefix}encoder.layers.{layer}."
        for norm in ("layer_norm1", "layer_norm2"):
            yield from layer_norm(block + norm)
        for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from affine(f"{block}self_attn.{projection}", VISION_HIDDEN, VISION_HIDDEN)
        yield from affine(f"{block}mlp.fc1", VISION_INTERMEDIATE, VISION_HIDDEN)
        yield from affine(f"{block}mlp.fc2", VISION_HIDDEN, VISION_INTERMEDIATE)
    yield from layer_norm(f"{prefix}post_layernorm")


def positions(image_size):
    shape = (patch_count(image_size), VISION_HIDDEN)
    return "vision_tower.vision_model.embeddings.position_embedding.weight", shape, 0.5, 0


def text_tensors(layers):
    prefix = "language_model.model."
    yield f"{prefix}embed_tokens.weight", (VOCABULARY, HIDDEN), 1.5 / math.sqrt(HIDDEN), 0
    for layer in range(layers):
        block = f"{prefix}layers.{layer}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"{block}{norm}.weight", (HIDDEN,), 0.2, 0
        yield linear(f"{block}self_attn.q_proj", HEADS * HEAD_SIZE, HIDDEN)
        yield linear(f"{block}self_attn.k_proj", HEAD_SIZE, HIDDEN)
        yield linear(f"{block}self_attn.v_proj", HEAD_SIZE, HIDDEN)
        yield linear(f"{block}self_attn.o_proj", HIDDEN, HEADS * HEAD_SIZE)
        yield linear(f"{block}mlp.gate_proj", INTERMEDIATE, HIDDEN)
        yield linear(f"{block}mlp.up_proj", INTERMEDIATE, HIDDEN)
        yield linear(f"{block}mlp.down_proj", HIDDEN, INTERMEDIATE)
    # 1 + w takes both signs, so that a token does not predict itself through the tied head.
    yield f"{prefix}norm.weight", (HIDDEN,), 1.0, -1.0


def linear(name, outputs, *inputs):
    return f"{name}.weight", (outputs, *inputs), 1 / math.sqrt(math.prod(inputs)), 0


def affine(name, outputs, *inputs):
    yield linear(name, outputs, *inputs)
    yield f"{name}.bias", (outputs,), 0.1, 0


def layer_norm(name):
    yield f"{name}.weight", (VISION_HIDDEN,), 0.1, 1
    yield f"{name}.bias", (VISION_HIDDEN,), 0.1, 0


def write_weights(directory, shards, seed, source):
    """Writes the shards and their index; with a source, all but the last are links to the source's."""
    total = sum(byte_count(entry[1]) for members in shards for entry in members)
    weight_map, written = {}, 0
    for shard, members in enumerate(shards):
        file = f"model-{shard + 1:05}-of-{len(shards):05}.safetensors"
        weight_map |= {name: file for name, *_ in members}
        (directory / file).unlink(missing_ok=True)
        if source and shard < len(shards) - 1:
            link(source / file, directory / file, header(members))
            continue
        random = np.random.Generator(np.random.SFC64([seed, shard]))
        with open(directory / file, "wb") as output:
            output.write(header(members))
            for _, shape, deviation, mean in members:
                write_tensor(output, math.prod(shape), deviation, mean, random)
                written += byte_count(shape)
                show_progress(written, total)
    write_json(
        directory / "model.safetensors.index.json",
        {"metadata": {"total_size": total}, "weight_map": weight_map},
        indent=2,
    )


def link(source, target, head):
    """Gives a shard with this header a second name."""
    with open(source, "rb") as file:
        if file.read(len(head)) != head:
            sys.exit(f"{source}: has other tensors than this model; give the same --layers")
    os.link(source, target)


def byte_count(shape):
    return 2 * math.prod(shape)


def split(entries):
    """Consecutive shards of about equal size."""
    total = sum(byte_count(shape) for _, shape, _, _ in entries)
    shards, position = [[] for _ in range(SHARDS)], 0
    for entry in entries:
        shards[min(SHARDS - 1, position * SHARDS // total)].append(entry)
        position += byte_count(entry[1])
    return [shard for shard in shards if shard]


def header(members):
    fields, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape, _, _ in members:
        end = offset + byte_count(shape)
        fields[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(fields, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def write_tensor(output, count, deviation, mean, random):
    """Normal values, rounded to bf16: half a unit of the last place is added before the cut."""
    for start in range(0, count, PIECE):
        values = random.standard_normal(min(PIECE, count - start), dtype=np.float32)
        values *= np.float32(deviation)
        values += np.float32(mean)
        bits = values.view(np.uint32)
        bits += 0x8000
        bits >>= 16
        bits.astype("<u2").tofile(output)


def show_progress(written, total):
    if sys.stderr.isatty():
        end = "\n" if written == total else ""
        print(f"\r{written / 1e9:5.2f} of {total / 1e9:.2f} GB", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
