"""Writes what transformers answers about the bundled pictures: Tests/Fixtures/mini-paligemma.json.

    python3 Tools/references/mini_paligemma.py

Needs: pip install torch transformers==5.23 tokenizers pillow. The prompts are those of Examples/pictures/README.md; greedy
in f32. Run it again whenever the bundled model changes.
"""

import json
import re
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoProcessor, PaliGemmaForConditionalGeneration

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "Examples/mini-paligemma"
PICTURES = ROOT / "Examples/pictures"
MAX_NEW_TOKENS = 64


def prompts():
    """Pairs of picture and prompt."""
    picture = None
    for line in (PICTURES / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            picture = line[3:]
        elif row := re.match(r"\| `(.*?)` \| `.*` \|$", line):
            yield picture, row[1]


@torch.inference_mode()
def main():
    processor = AutoProcessor.from_pretrained(MODEL)
    model = PaliGemmaForConditionalGeneration.from_pretrained(MODEL, dtype=torch.float32).eval()
    answers = []
    for picture, prompt in prompts():
        inputs = processor(images=Image.open(PICTURES / picture), text="<image>" + prompt, return_tensors="pt")
        inputs.pop("labels", None)
        out = model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
        text = processor.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        answers.append({"picture": picture, "prompt": prompt, "text": text})
    lines = ",\n".join(json.dumps(answer, ensure_ascii=False) for answer in answers)
    (ROOT / "Tests/Fixtures/mini-paligemma.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
