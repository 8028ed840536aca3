"""The tiny networks of families.py as both exporters of torch.onnx write them.

optimum calls the old exporter (`dynamo=False`): its spelling is that one's.
"""

import logging

import families
from networks import export
from operators import Case

EXPORTERS = {"old14": (False, 14), "old17": (False, 17), "new18": (True, 18), "new20": (True, 20)}


def attentions(name, label):
    """Models of torchvision leave no choice, and new20 differs from new18 in the activations alone."""
    fixed = name in ("vit_torchvision", "resnet") or label == "new20"
    return ["sdpa"] if fixed else ["eager", "sdpa"]


def cases():
    logging.disable(logging.WARNING)
    for name in families.FAMILIES:
        for label, (new, opset) in EXPORTERS.items():
            for attention in attentions(name, label):
                network = families.make(name, attention=attention)
                made = export(network.module, network.inputs, network.outputs, opset, new)
                yield Case(f"exports/{name}-{label}-{attention}", made, network.inputs)
