"""Networks of torchvision and transformers with random weights: tiny ones, and in the sizes that people use.

Needs torchvision==0.28.0 and transformers==5.23.0.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torchvision
import transformers
from torch import nn


@dataclass
class Network:
    """A module that takes the inputs in their order and gives the outputs in theirs."""

    module: nn.Module
    inputs: dict
    outputs: list


class Wrapped(nn.Module):
    """A model of transformers with positional inputs, which gives one of its outputs."""

    def __init__(self, model, names, output):
        super().__init__()
        self.model, self.names, self.output = model, names, output

    def forward(self, *values):
        return self.model(**dict(zip(self.names, values)), **self.options())[self.output]

    def options(self):
        return {"use_cache": False} if "input_ids" in self.names and hasattr(self.model.config, "use_cache") else {}


def pixels(side):
    return {"pixel_values": np.random.default_rng(0).standard_normal((1, 3, side, side)).astype(np.float32)}


def words(full, vocabulary, segments=False):
    """One sentence of 128 tokens, or two short ones, of which the second is padded."""
    ids = np.random.default_rng(0).integers(0, vocabulary, (1, 128) if full else (2, 7))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    if not full:
        inputs["attention_mask"][1, 5:] = 0
    return inputs | ({"token_type_ids": np.zeros_like(ids)} if segments else {})


def wrapped(model, inputs, output="last_hidden_state"):
    return Network(Wrapped(model, list(inputs), output), inputs, [output])


def vit_torchvision(full, attention):
    """`nn.MultiheadAttention` decides itself how to attend."""
    if full:
        model = torchvision.models.vit_b_16()
        # It begins as zeros.
        nn.init.normal_(model.heads.head.weight, 0, 0.02)
        return Network(model, pixels(224), ["logits"])
    vit = torchvision.models.VisionTransformer(
        image_size=16, patch_size=8, num_layers=1, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=5
    )
    return Network(vit, pixels(16), ["logits"])


def resnet(full, attention):
    if full:
        return Network(torchvision.models.resnet50(), pixels(224), ["logits"])
    block = torchvision.models.resnet.Bottleneck
    model = torchvision.models.ResNet(block, [1, 1, 1, 1], num_classes=5, groups=1, width_per_group=1)
    return Network(slimmed(model), pixels(32), ["logits"])


def slimmed(model):
    """A 128th of the channels of a ResNet, with statistics that are not 0 and 1."""
    for name, layer in model.named_modules():
        for child_name, child in layer.named_children():
            if isinstance(child, nn.Conv2d):
                made = nn.Conv2d(
                    thin(child.in_channels), thin(child.out_channels), child.kernel_size, child.stride, child.padding,
                    bias=False,
                )  # fmt: skip
                setattr(layer, child_name, made)
            elif isinstance(child, nn.BatchNorm2d):
                made = nn.BatchNorm2d(thin(child.num_features))
                nn.init.uniform_(made.running_mean, -0.5, 0.5)
                nn.init.uniform_(made.running_var, 0.5, 2)
                setattr(layer, child_name, made)
    model.fc = nn.Linear(thin(2048), 5)
    return model


def thin(channels):
    return channels if channels == 3 else max(4, channels // 128)


def vit(full, attention):
    sizes = {} if full else small(image_size=16, patch_size=8)
    config = transformers.ViTConfig(attn_implementation=attention, **sizes)
    return wrapped(transformers.ViTModel(config, add_pooling_layer=False), pixels(config.image_size))


def siglip(full, attention):
    sizes = {} if full else small(image_size=16, patch_size=8)
    config = transformers.SiglipVisionConfig(attn_implementation=attention, vision_use_head=False, **sizes)
    return wrapped(transformers.SiglipVisionModel(config), pixels(config.image_size))


def minilm(full, attention):
    """The sizes of all-MiniLM-L6-v2."""
    sizes = small() if not full else {
        "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536,
    }  # fmt: skip
    sizes |= {} if full else {"vocab_size": 20, "max_position_embeddings": 12}
    config = transformers.BertConfig(attn_implementation=attention, **sizes)
    model = transformers.BertModel(config, add_pooling_layer=False)
    return wrapped(model, words(full, config.vocab_size, segments=True))


def gpt2(full, attention):
    sizes = {} if full else {"vocab_size": 20, "n_positions": 12, "n_embd": 16, "n_layer": 1, "n_head": 2}
    config = transformers.GPT2Config(attn_implementation=attention, **sizes)
    return wrapped(transformers.GPT2LMHeadModel(config), words(full, config.vocab_size), "logits")


def decoder(kind, **sizes):
    """Grouped heads and rotary positions, in the architecture of a family of models."""

    def build(full, attention):
        config_class, model_class = (getattr(transformers, kind + part) for part in ("Config", "ForCausalLM"))
        chosen = sizes if full else small(num_key_value_heads=1, head_dim=8, vocab_size=20, max_position_embeddings=12)
        config = config_class(attn_implementation=attention, **chosen)
        return wrapped(model_class(config), words(full, config.vocab_size), "logits")

    return build


def small(**more):
    return {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32} | more


SMALL_DECODER = {
    "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
    "intermediate_size": 1536, "vocab_size": 49152, "head_dim": 64,
}  # fmt: skip

FAMILIES = {
    "vit_torchvision": vit_torchvision,
    "resnet": resnet,
    "vit": vit,
    "siglip": siglip,
    "minilm": minilm,
    "gpt2": gpt2,
    "llama": decoder("Llama", **SMALL_DECODER),
    "gemma": decoder("Gemma", **SMALL_DECODER),
}


def make(name, full=False, attention="sdpa"):
    """Tiny networks get weights so large that every part shows in the outputs."""
    torch.manual_seed(1)
    # The fast path is one operator, which the old exporter does not know.
    torch.backends.mha.set_fastpath_enabled(False)
    network = FAMILIES[name](full, attention)
    network.module.eval()
    if not full:
        for parameter in network.module.parameters():
            nn.init.normal_(parameter, 0 if parameter.dim() > 1 else 0.5, 0.5)
    return network
