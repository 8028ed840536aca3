"""Writes what transformers makes of the bundled SigLIP model: Tests/Fixtures/mini-siglip.json and
mini-siglip.safetensors.

    python3 Tools/references/mini_siglip.py

Needs: pip install torch transformers==5.23 tokenizers pillow safetensors. Three bundled pictures and four
texts in f32: ids, embeddings, logits. Texts are padded to the longest length and read without a mask over
the padding, as SigLIP learned to read them. Besides, the embeddings of a pattern that needs no picture (also
with pixels beyond the last patch), and the ids of a text under changed tokenizer_config.json. Run it again whenever the bundled model changes.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoProcessor, AutoTokenizer, SiglipConfig, SiglipModel

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "Examples/mini-siglip"
FIXTURE = ROOT / "Tests/Fixtures/mini-siglip"
PICTURES = ["circles.png", "night.jpg", "overlap.webp"]
TEXTS = [
    "a blue circle at the top left, a blue circle at the left and a yellow triangle at the right on a striped cyan background",
    "a blue ring at the left, a yellow star at the center and an orange star at the right on a striped black background",
    "a yellow ring, an orange triangle and a purple circle on a pink background",
    "A Red Square: «ρ»,\n2  dots!",
]

# What is changed in tokenizer_config.json; null takes a field away.
TOKENIZER_CHANGES = [
    {},
    {"padding_side": None},
    {"tokenizer_class": "PreTrainedTokenizerFast", "padding_side": None},
    {"padding_side": "left", "model_max_length": 12},
    {"add_bos_token": True, "add_eos_token": False},
    {"add_bos_token": None, "add_eos_token": None, "model_max_length": 4},
    {"pad_token": "<eos>", "eos_token": "<bos>"},
    {"pad_token": {"__type": "AddedToken", "content": "<unk>", "special": True}},
]


def pattern(side):
    """Pixel values that every language computes alike: (i·7919 mod 256) / 128 - 1."""
    values = (torch.arange(3 * side * side) * 7919 % 256).float() / 128 - 1
    return values.reshape(1, 3, side, side)


def pattern_embeds(side):
    """The embedding of the pattern by the model for pictures of a side, 8 patches and what is left."""
    config = SiglipConfig.from_pretrained(MODEL)
    config.vision_config.image_size = side
    model = SiglipModel.from_pretrained(MODEL, config=config, dtype=torch.float32).eval()
    embeds = model.get_image_features(pixel_values=pattern(side)).pooler_output
    return embeds / embeds.norm(dim=-1, keepdim=True)


def changed_tokenizers():
    """The ids of a text under each change."""
    cases = []
    for change in TOKENIZER_CHANGES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for file in ["tokenizer.json", "config.json"]:
                shutil.copy(MODEL / file, folder)
            config = json.loads((MODEL / "tokenizer_config.json").read_text(encoding="utf-8")) | change
            config = {key: value for key, value in config.items() if value is not None}
            (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
            tokenizer = AutoTokenizer.from_pretrained(folder)
            ids = tokenizer(["a red circle"], padding="max_length").input_ids[0]
            cases.append({"config": config, "ids": ids})
    return cases


@torch.inference_mode()
def main():
    processor = AutoProcessor.from_pretrained(MODEL)
    model = SiglipModel.from_pretrained(MODEL, dtype=torch.float32).eval()
    pictures = [Image.open(ROOT / "Examples/pictures" / name) for name in PICTURES]
    inputs = processor(images=pictures, text=TEXTS, padding="max_length", return_tensors="pt")
    out = model(pixel_values=inputs["pixel_values"], input_ids=inputs["input_ids"])
    save_file(
        {
            "pattern_embeds": pattern_embeds(96),
            "pattern_embeds.100": pattern_embeds(100),
            "input_ids": inputs["input_ids"],
            "image_embeds": out.image_embeds.contiguous(),
            "text_embeds": out.text_embeds.contiguous(),
            "logits_per_image": out.logits_per_image.contiguous(),
        },
        FIXTURE.with_suffix(".safetensors"),
    )
    cases = ",\n".join("    " + json.dumps(case) for case in changed_tokenizers())
    names = json.dumps({"pictures": PICTURES, "texts": TEXTS}, indent=2, ensure_ascii=False)
    text = names.removesuffix("\n}") + f',\n  "tokenizers": [\n{cases}\n  ]\n}}\n'
    FIXTURE.with_suffix(".json").write_text(text, encoding="utf-8")
    FIXTURE.with_suffix(".safetensors").chmod(0o644)
    print(out.logits_per_image)


if __name__ == "__main__":
    main()
