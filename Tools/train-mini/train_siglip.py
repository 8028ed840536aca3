"""Stage 1: trains the mini SigLIP (image and text tower) on drawn scenes and their layout captions
with the pairwise sigmoid loss, and writes Examples/mini-siglip/model.safetensors.

    python3 train_siglip.py EXAMPLES --work DIRECTORY

Half of every batch are near copies of the other half: one object has another kind, colour or place.
They make the towers look at every object. The vision tower also learns an auxiliary task on its
patches (see `training.PatchHead`).
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional as F
from transformers import SiglipModel

import scenes
from configure import SIGLIP_TEXT_LENGTH, siglip_config
from training import (
    Log, PatchHead, adamw, batches, export, load_checkpoint, picture_batch, pixel_values,
    save_checkpoint, set_rate,
)

SEED = 11
PAIRS = 48
PATCH_WEIGHT = 0.5
RATE = 1.5e-3


def siglip_tokenizer(examples):
    """Pads every text to the full length on the right, as SigLIP's text tower expects."""
    tokenizer = Tokenizer.from_file(str(examples / "mini-siglip" / "tokenizer.json"))
    tokenizer.enable_padding(length=SIGLIP_TEXT_LENGTH, pad_id=0, pad_token="<pad>", direction="right")
    tokenizer.enable_truncation(SIGLIP_TEXT_LENGTH)
    return tokenizer


def batch_maker(tokenizer, seed):
    def make(step):
        rng = np.random.default_rng((seed, step))
        truths = []
        for index in range(PAIRS):
            truth = scenes.sample((seed, step, index))
            truths += [truth, scenes.near_copy(truth, rng) or scenes.sample((seed, step, index, 1))]
        texts = [scenes.layout_caption(t.scene) for t in truths]
        ids = torch.tensor([e.ids for e in tokenizer.encode_batch(texts)])
        pixels, targets = picture_batch(truths)
        same = np.array([[a == b for b in texts] for a in texts])
        return pixels, targets, ids, torch.from_numpy(same)

    return make


def initialise(model):
    """Scale and bias of the sigmoid loss start where a random batch costs little."""
    torch.nn.init.constant_(model.logit_scale, math.log(10.0))
    torch.nn.init.constant_(model.logit_bias, -6.0)


def losses(model, head, batch):
    pixels, targets, ids, same = batch
    seen = model.vision_model(pixel_values(pixels))
    read = model.text_model(input_ids=ids)
    image = F.normalize(seen.pooler_output, dim=-1)
    text = F.normalize(read.pooler_output, dim=-1)
    logits = image @ text.T * model.logit_scale.exp() + model.logit_bias
    pairwise = -F.logsigmoid(torch.where(same, logits, -logits)).sum() / len(ids)
    # The right text against its near copy: the even half of the hard negatives.
    other = torch.arange(len(ids)) ^ 1
    hard = (logits.diagonal() > logits[torch.arange(len(ids)), other]).float().mean()
    return pairwise, head.loss(seen.last_hidden_state, targets), hard


def train(examples, work, steps):
    torch.manual_seed(SEED)
    model = SiglipModel(siglip_config())
    initialise(model)
    head = PatchHead(model.config.vision_config.hidden_size)
    optim = adamw([(model.parameters(), RATE), (head.parameters(), RATE)])
    parts = [model, head, optim]
    checkpoint = work / "siglip.pt"
    first = load_checkpoint(checkpoint, parts)
    log, start = Log(), time.monotonic()
    for step, batch in batches(batch_maker(siglip_tokenizer(examples), SEED), first, steps):
        set_rate([optim], step, steps)
        pairwise, patches, hard = losses(model, head, batch)
        optim.zero_grad()
        (pairwise + PATCH_WEIGHT * patches).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optim.step()
        log.add(step, pairwise=pairwise, patches=patches, hard=hard)
        if (step + 1) % 100 == 0 or step + 1 == steps:
            save_checkpoint(checkpoint, step + 1, parts)
    print(f"{steps - first} steps in {(time.monotonic() - start) / 60:.1f} minutes", flush=True)
    export(model.state_dict(), examples / "mini-siglip" / "model.safetensors")
    torch.save(head.state_dict(), work / "patch_head.pt")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("examples", type=Path, help="the folder that holds mini-siglip")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints are kept")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    train(arguments.examples, arguments.work, arguments.steps)


if __name__ == "__main__":
    main()
