"""Writes the mini models' `config.json`, `generation_config.json` and `preprocessor_config.json`.

    python3 configure.py EXAMPLES
"""

import argparse
from pathlib import Path

from transformers import PaliGemmaConfig, SiglipConfig

from make_tokenizer import write_json

IMAGE_SIZE = 96
PATCH_SIZE = 12
IMAGE_TOKENS = (IMAGE_SIZE // PATCH_SIZE) ** 2
# 1761 pieces, padded to a round size.
VOCABULARY_SIZE = 1792
SIGLIP_TEXT_LENGTH = 48

VISION = {
    "model_type": "siglip_vision_model",
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_attention_heads": 4,
    "num_hidden_layers": 5,
    "image_size": IMAGE_SIZE,
    "patch_size": PATCH_SIZE,
}
SIGLIP_TEXT = {
    "model_type": "siglip_text_model",
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "max_position_embeddings": SIGLIP_TEXT_LENGTH,
    "vocab_size": VOCABULARY_SIZE,
    "projection_size": 128,
    "pad_token_id": 0,
    "bos_token_id": 2,
    "eos_token_id": 1,
}
GEMMA = {
    "model_type": "gemma",
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "num_hidden_layers": 5,
    "vocab_size": VOCABULARY_SIZE,
    "num_image_tokens": IMAGE_TOKENS,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": 2,
    "eos_token_id": 1,
}
PREPROCESSOR = {
    "do_convert_rgb": None,
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_processor_type": "SiglipImageProcessor",
    "image_std": [0.5, 0.5, 0.5],
    "resample": 3,
    "rescale_factor": 1 / 255,
    "size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
}


def siglip_json():
    """SigLIP's configuration, only what differs from the Hugging Face defaults."""
    return {
        "architectures": ["SiglipModel"],
        "model_type": "siglip",
        "dtype": "bfloat16",
        "text_config": SIGLIP_TEXT,
        "vision_config": VISION,
    }


def paligemma_json(image_token):
    """PaliGemma's configuration in the sparse layout of the hub's checkpoints."""
    return {
        "architectures": ["PaliGemmaForConditionalGeneration"],
        "bos_token_id": 2,
        "eos_token_id": 1,
        "hidden_size": GEMMA["hidden_size"],
        "ignore_index": -100,
        "image_token_index": image_token,
        "model_type": "paligemma",
        "pad_token_id": 0,
        "projection_dim": GEMMA["hidden_size"],
        "text_config": GEMMA,
        "torch_dtype": "bfloat16",
        "vision_config": VISION
        | {
            "num_image_tokens": IMAGE_TOKENS,
            "projection_dim": GEMMA["hidden_size"],
            "vision_use_head": False,
        },
        "vocab_size": VOCABULARY_SIZE,
    }


def siglip_config():
    return SiglipConfig.from_dict(siglip_json())


def paligemma_config(image_token):
    return PaliGemmaConfig.from_dict(paligemma_json(image_token))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("examples", type=Path, help="the folder that holds mini-siglip and mini-paligemma")
    examples = parser.parse_args().examples
    from tokenizers import Tokenizer

    image_token = Tokenizer.from_file(str(examples / "mini-paligemma" / "tokenizer.json")).token_to_id("<image>")
    siglip, paligemma = examples / "mini-siglip", examples / "mini-paligemma"
    write_json(siglip / "config.json", siglip_json())
    write_json(
        siglip / "preprocessor_config.json", PREPROCESSOR | {"processor_class": "SiglipProcessor"}
    )
    write_json(paligemma / "config.json", paligemma_json(image_token))
    write_json(
        paligemma / "generation_config.json",
        {"bos_token_id": 2, "cache_implementation": "dynamic", "eos_token_id": 1, "pad_token_id": 0},
    )
    write_json(
        paligemma / "preprocessor_config.json",
        PREPROCESSOR | {"image_seq_length": IMAGE_TOKENS, "processor_class": "PaliGemmaProcessor"},
    )


if __name__ == "__main__":
    main()
