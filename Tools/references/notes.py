"""Writes the inputs of graphs/notes and what PyTorch and transformers make of them.

    python Tools/references/notes.py

graphs/notes/inputs/*.npy are what the commands of the tour read; Tests/Fixtures/notes/reference.safetensors
is what the tests compare with. Made with torch 2.13 and transformers 5.23.
"""

import pathlib
from types import SimpleNamespace

import numpy
import torch
from safetensors.torch import save_file
from torch.nn import functional
from transformers import SiglipConfig, SiglipModel
from transformers.models.clip.modeling_clip import image_text_contrastive_loss

ROOT = pathlib.Path(__file__).resolve().parents[2]
INPUTS = ROOT / "graphs/notes/inputs"
TEMPERATURE, BIAS = 10.0, -10.0


def write(name, values):
    numpy.save(INPUTS / f"{name}.npy", numpy.asarray(values, numpy.float32))


def tokens(random):
    """Four tokens of eight features, and the same ones from last to first."""
    x = random.uniform(-1, 1, (1, 4, 8)).round(2)
    write("tokens", x)
    write("tokens_reversed", x[:, ::-1])
    write("row", [[[[1, 2, 3, 4]]]])


def batches(random):
    """The mean colours of six pictures of deserts and of six pictures of the sea: red, green, blue."""
    desert = (numpy.array([0.86, 0.66, 0.42]) + random.normal(0, 0.05, (6, 3))).round(2)
    sea = (numpy.array([0.12, 0.38, 0.66]) + random.normal(0, 0.05, (6, 3))).round(2)
    write("desert", desert)
    write("sea", sea)
    write("desert_among_sea", numpy.concatenate([desert[:1], sea[1:]]))
    return torch.tensor(desert, dtype=torch.float32)


def pairs(random):
    """Four pictures and their four texts as features of length 1, those of a pair close to each other."""
    images = random.normal(size=8) + random.normal(size=(4, 8))
    texts = images + 0.4 * random.normal(size=(4, 8))
    images, texts = (x / numpy.linalg.norm(x, axis=1, keepdims=True) for x in (images, texts))
    write("images", images)
    write("texts", texts)
    write("texts_first_half", texts[:2])
    write("texts_second_half", texts[2:])
    return torch.tensor(images, dtype=torch.float32), torch.tensor(texts, dtype=torch.float32)


def picture():
    """A sun in the sky above the sand: [1, colour, row, column], from -1 to 1."""
    y, x = numpy.mgrid[0:56, 0:56] / 55
    sky, sand = numpy.array([0.2, 0.5, 0.9]), numpy.array([0.86, 0.66, 0.42])
    colours = numpy.where((y < 0.6)[..., None], sky + 0.2 * y[..., None], sand)
    colours[(x - 0.75) ** 2 + (y - 0.2) ** 2 < 0.02] = [1, 0.9, 0.5]
    write("picture", (colours.clip(0, 1).transpose(2, 0, 1)[None] * 2 - 1).round(3))


def siglip_loss(images, texts):
    """The loss of transformers' SiglipModel, whose towers are made to give these features."""
    tower = dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    model = SiglipModel(SiglipConfig(
        text_config=dict(tower, projection_size=8, vocab_size=8, bos_token_id=0, eos_token_id=1, pad_token_id=1),
        vision_config=dict(tower, image_size=4, patch_size=4))).eval()
    model.vision_model.forward = lambda *_, **__: SimpleNamespace(pooler_output=images)
    model.text_model.forward = lambda *_, **__: SimpleNamespace(pooler_output=texts)
    model.logit_scale.data.fill_(TEMPERATURE).log_()
    model.logit_bias.data.fill_(BIAS)
    with torch.no_grad():
        return model(input_ids=torch.zeros(1, 1, dtype=torch.long), pixel_values=torch.zeros(1, 3, 4, 4),
                     return_loss=True).loss


def main():
    random = numpy.random.default_rng(7)
    tokens(random)
    desert = batches(random)
    images, texts = pairs(random)
    picture()
    numbers = torch.tensor([-3, -2, -1, -0.5, 0.5, 1, 2, 3])
    write("numbers", numbers)
    slopes = numbers.clone().requires_grad_()
    functional.gelu(slopes).sum().backward()
    save_file({
        "siglip_loss": siglip_loss(images, texts),
        "softmax_loss": image_text_contrastive_loss(texts @ images.T * TEMPERATURE),
        "batch_norm": functional.batch_norm(desert, None, None, training=True),
        "layer_norm": functional.layer_norm(desert, (3,)),
        "gelu": functional.gelu(numbers),
        "gelu_tanh": functional.gelu(numbers, approximate="tanh"),
        "gelu_slope": slopes.grad,
    }, ROOT / "Tests/Fixtures/notes/reference.safetensors")


if __name__ == "__main__":
    main()
