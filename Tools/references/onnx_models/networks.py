"""Tiny networks of random weights as torch.onnx writes them: by the old exporter and by the new one."""

import io
import logging
import warnings

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional

from operators import Case


class Attention(nn.Module):
    """Self-attention written out, as in most model code."""

    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x, mask=None):
        batch, tokens, width = x.shape
        q, k, v = (
            part.view(batch, tokens, self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1)
        )  # fmt: skip
        scores = q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5
        if self.causal:
            seen = torch.ones(tokens, tokens, dtype=torch.bool, device=x.device).tril()
            scores = scores.masked_fill(~seen, float("-inf"))
        if mask is not None:
            scores = scores + (1.0 - mask[:, None, None, :].float()) * -1e4
        mixed = scores.softmax(dim=-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    def __init__(self, width, heads, causal=False, approximate="none", sdpa=False):
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width, eps=1e-6)
        self.attention = Fused(width, heads, causal) if sdpa else Attention(width, heads, causal)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.approximate = approximate

    def forward(self, x, mask=None):
        x = x + self.attention(self.first(x), mask)
        return x + self.down(functional.gelu(self.up(self.second(x)), approximate=self.approximate))


class Fused(Attention):
    """The same by scaled_dot_product_attention."""

    def forward(self, x, mask=None):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(mixed.transpose(1, 2).flatten(2))


class ViT(nn.Module):
    """Patches, a class token, learned positions, blocks, a head."""

    def __init__(self, width=16, sdpa=False):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 8, stride=8)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, 17, width) * 0.1)
        self.blocks = nn.ModuleList(Block(width, 2, sdpa=sdpa) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, pixels):
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


class GPT(nn.Module):
    """Token and position embeddings, causal blocks, logits by the token embedding."""

    def __init__(self, width=16, vocabulary=40, longest=24, sdpa=False):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(longest, width)
        self.blocks = nn.ModuleList(Block(width, 2, True, "tanh", sdpa) for _ in range(2))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.tokens.weight.T


class BERT(nn.Module):
    """Three embeddings, post-norm blocks with a padding mask, a pooler on the first token."""

    def __init__(self, width=16, vocabulary=40, longest=24):
        super().__init__()
        self.tokens, self.segments = nn.Embedding(vocabulary, width), nn.Embedding(2, width)
        self.positions = nn.Embedding(longest, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.blocks = nn.ModuleList(Block(width, 2) for _ in range(2))
        self.pooler = nn.Linear(width, width)

    def forward(self, input_ids, attention_mask, token_type_ids):
        places = torch.arange(input_ids.shape[1], device=input_ids.device)[None]
        x = self.norm(self.tokens(input_ids) + self.segments(token_type_ids) + self.positions(places))
        for block in self.blocks:
            x = block(x, attention_mask)
        return x, torch.tanh(self.pooler(x[:, 0]))


def export(network, inputs, outputs, opset, new, open_axes=None):
    """`open_axes` names axes of inputs that stay open."""
    network.eval()
    arguments = tuple(torch.from_numpy(value) for value in inputs.values())
    buffer = io.BytesIO()
    options = {"input_names": list(inputs), "output_names": outputs, "opset_version": opset}
    if open_axes and new:
        options["dynamic_shapes"] = tuple(
            {axis: torch.export.Dim(label, min=2, max=24) for axis, label in open_axes.get(name, {}).items()}
            for name in inputs
        )
    elif open_axes:
        options["dynamic_axes"] = open_axes
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if new:
            program = torch.onnx.export(network, arguments, dynamo=True, verbose=False, **options)
            return stripped(program.model_proto)
        torch.onnx.export(network, arguments, buffer, dynamo=False, **options)
    return stripped(onnx.load_from_string(buffer.getvalue()))


def stripped(model):
    """Without what says where and by whom it was made."""
    model.producer_version = ""
    for graph in [model.graph, *model.functions]:
        del graph.metadata_props[:]
        for entry in graph.node:
            del entry.metadata_props[:]
            entry.doc_string = ""
        for entry in graph.value_info:
            del entry.metadata_props[:]
    for entry in [*model.graph.initializer, *model.graph.input, *model.graph.output]:
        entry.ClearField("doc_string")
        del entry.metadata_props[:]
    del model.metadata_props[:]
    return model


def cases():
    logging.disable(logging.WARNING)
    rng = np.random.default_rng(0)
    pixels = rng.standard_normal((1, 3, 32, 32)).astype(np.float32)
    ids = rng.integers(0, 40, (2, 11))
    words = {
        "input_ids": ids, "attention_mask": (np.arange(11) < np.array([[11], [7]])).astype(np.int64),
        "token_type_ids": (np.arange(11)[None] >= np.array([[4], [5]])).astype(np.int64),
    }  # fmt: skip
    both = {name: {0: "batch", 1: "sequence"} for name in words}
    for new, opset in [(False, 14), (False, 17), (True, 18), (True, 20)]:
        label = f"{'new' if new else 'old'}_exporter_{opset}"
        for sdpa in [False, True] if opset in (17, 18) else [False]:
            torch.manual_seed(1)
            fused = "_sdpa" if sdpa else ""
            yield Case(f"vit{fused}_{label}", export(ViT(sdpa=sdpa), {"pixels": pixels}, ["logits"], opset, new), {"pixels": pixels})
            gpt = GPT(sdpa=sdpa)
            yield Case(f"gpt{fused}_{label}", export(gpt, {"ids": ids}, ["logits"], opset, new), {"ids": ids})
        if opset in (17, 18):
            made = export(gpt, {"ids": ids}, ["logits"], opset, new, {"ids": {0: "batch", 1: "sequence"}})
            yield Case(f"gpt_fixed_{label}", made, {"ids": ids}, dims={"batch": "2", "sequence": "11"})
            yield Case(f"gpt_open_{label}", made, {"ids": ids}, dims={"batch": "<=3", "sequence": "<=24"})
        torch.manual_seed(2)
        outputs = ["last_hidden_state", "pooler_output"]
        yield Case(f"bert_{label}", export(BERT(), words, outputs, opset, new), words)
        if opset in (17, 18):
            made = export(BERT(), words, outputs, opset, new, both)
            yield Case(f"bert_fixed_{label}", made, words, dims={"batch": "2", "sequence": "11"})
            yield Case(f"bert_open_{label}", made, words, dims={"batch": "<=3", "sequence": "<=24"})
