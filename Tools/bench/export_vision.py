"""Exports a PaliGemma directory's vision tower with its projector to ONNX, for the peers that read that.

    python3 Tools/bench/export_vision.py DIR OUT

Needs: pip install torch transformers==5.23 onnx onnxscript. Writes OUT/model.onnx, f32, for one picture, with the
weights in a file beside it.
"""

import argparse
import warnings
from pathlib import Path

import torch
import transformers
from transformers import AutoConfig, PaliGemmaForConditionalGeneration

OPSET = 18


class Vision(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.tower = model.model.vision_tower
        self.projector = model.model.multi_modal_projector

    def forward(self, pixel_values):
        return self.projector(self.tower(pixel_values=pixel_values).last_hidden_state)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("output", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    vision, config = load(arguments.directory)
    pixels = torch.zeros(1, 3, config.image_size, config.image_size)
    program = torch.onnx.export(
        vision, (pixels,), dynamo=True, opset_version=OPSET, input_names=["pixel_values"], output_names=["features"],
        verbose=False,
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    program.save(arguments.output / "model.onnx", external_data=True)


def load(directory):
    """The tower with its projector in f32. Of the decoder only one layer is loaded, to save memory."""
    config = AutoConfig.from_pretrained(directory)
    config.text_config.num_hidden_layers = 1
    model = PaliGemmaForConditionalGeneration.from_pretrained(directory, config=config, dtype=torch.float32)
    return Vision(model).eval(), config.vision_config


if __name__ == "__main__":
    main()
