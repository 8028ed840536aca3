"""Scores the mini SigLIP on evaluation scenes (see make_scenes.py): does a picture's own caption win?

    python3 evaluate_siglip.py --scenes DIR --model EXAMPLES/mini-siglip

"near copy" is the choice between the true caption and one that differs in one object; "1 of N" the
choice among the captions of all scenes, and the other way round among all pictures.
"""

import argparse
import json
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoProcessor, SiglipModel


def embed(model, processor, pictures, texts):
    """Unit-length embeddings of the pictures and the texts."""
    inputs = processor(images=pictures, return_tensors="pt")
    seen = model.vision_model(**inputs).pooler_output
    ids = processor.tokenizer(texts, padding="max_length", return_tensors="pt").input_ids
    read = model.text_model(input_ids=ids).pooler_output
    return tuple(torch.nn.functional.normalize(x, dim=-1) for x in (seen, read))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--model", required=True)
    arguments = parser.parse_args()
    lines = (arguments.scenes / "scenes.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    processor = AutoProcessor.from_pretrained(arguments.model)
    model = SiglipModel.from_pretrained(arguments.model, dtype=torch.float32)
    pictures = [Image.open(arguments.scenes / r["image"]) for r in records]
    layouts = [r["layout"] for r in records]
    with torch.inference_mode():
        image, text = embed(model, processor, pictures, layouts)
        pairs = [i for i, r in enumerate(records) if r["near_layout"]]
        _, near = embed(model, processor, pictures[:1], [records[i]["near_layout"] for i in pairs])
    own = (image * text).sum(-1)
    wins = (own[pairs] > (image[pairs] * near).sum(-1)).float().mean()
    similarity = image @ text.T
    # Two scenes may share a caption: a tie with the own caption counts as right.
    to_text = (own >= similarity.max(1).values - 1e-6).float().mean()
    to_image = (own >= similarity.max(0).values - 1e-6).float().mean()
    print(f"own caption beats its near copy   {100 * wins:6.2f} %  ({len(pairs)} pairs)")
    print(f"picture to caption, 1 of {len(records):4}     {100 * to_text:6.2f} %")
    print(f"caption to picture, 1 of {len(records):4}     {100 * to_image:6.2f} %")


if __name__ == "__main__":
    main()
