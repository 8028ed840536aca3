"""Stage 2: trains the mini PaliGemma on the mini SigLIP's vision tower and writes
Examples/mini-paligemma/model.safetensors in the layout of the hub's checkpoints.

    python3 train_paligemma.py EXAMPLES --work DIRECTORY

Every picture is seen once by the vision tower and asked several prompts. Picture and prompt are one
bidirectional prefix, the loss is on the suffix alone. Location tokens learn a narrow bell around the
true bin instead of the bin alone, since neighbouring bins are nearly as right. The work is shared by
`--processes` processes of one thread each, which average their gradients after every step.
"""

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch.nn import functional as F
from transformers import PaliGemmaForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutputWithPooling

import scenes
from configure import IMAGE_TOKENS, paligemma_config
from make_tokenizer import IMAGE
from training import (
    Log, PatchHead, export, load_checkpoint, optimizer, picture_batch, pixel_values, save_checkpoint,
    set_rate,
)

SEED = 12
VALIDATION_SEED = 13
PICTURES = 32
PROMPTS = 4
PATCH_WEIGHT = 0.25
# Width of the bell around the true location bin, in bins of 1/1023 of the picture.
LOCATION_SIGMA = 5.0


class Encoder:
    """Prompts and suffixes to token ids, as PaliGemma's processor encodes them."""

    def __init__(self, examples):
        self.tokenizer = Tokenizer.from_file(str(examples / "mini-paligemma" / "tokenizer.json"))
        self.image = self.tokenizer.token_to_id(IMAGE)
        self.first_location = self.tokenizer.token_to_id("<loc0000>")

    def ids(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def sequence(self, prompt, suffix):
        """(all ids, length of the bidirectional prefix)."""
        prefix = [self.image] * IMAGE_TOKENS + self.ids(f"<bos>{prompt}\n")
        return prefix + self.ids(f"{suffix}<eos>"), len(prefix)


def pad(sequences):
    """Right-padded tensors: ids, attention mask, token types (0 in the prefix) and labels (-100 where
    there is no loss), each B×T; `labels[:, t]` is the token that follows position t."""
    length = max(len(ids) for ids, _ in sequences)
    shape = (len(sequences), length)
    ids, mask, types = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
    labels = torch.full(shape, -100)
    for row, (tokens, prefix) in enumerate(sequences):
        values = torch.tensor(tokens)
        ids[row, : len(tokens)] = values
        mask[row, : len(tokens)] = 1
        types[row, prefix:] = 1
        labels[row, prefix - 1 : len(tokens) - 1] = values[prefix:]
    return ids, mask, types, labels


class Batch:
    """Pictures, patch targets and padded chunks of samples; a chunk holds samples of like length.
    Each chunk is (index of the picture per row, ids, mask, types, labels, tasks)."""

    def __init__(self, encoder, truths, rng, chunks):
        self.pixels, self.targets = picture_batch(truths)
        samples = []
        for index, truth in enumerate(truths):
            for task, prompt, suffix in scenes.training_prompts(truth, rng, PROMPTS):
                samples.append((index, task, *encoder.sequence(prompt, suffix)))
        samples.sort(key=lambda sample: len(sample[2]))
        size = math.ceil(len(samples) / chunks)
        self.chunks = []
        for start in range(0, len(samples), size):
            part = samples[start : start + size]
            padded = pad([(ids, prefix) for _, _, ids, prefix in part])
            self.chunks.append((torch.tensor([s[0] for s in part]), *padded, [s[1] for s in part]))


def initialise(model, encoder):
    """Unit-variance activations at this small width: matrices by fan-in (those that write to the
    residual stream smaller), token embeddings after Gemma's scaling. Neighbouring locations start
    alike."""
    width = model.config.text_config.hidden_size
    writers = (2 * model.config.text_config.num_hidden_layers) ** -0.5
    table = model.get_input_embeddings().weight
    with torch.no_grad():
        for name, weight in model.model.language_model.layers.named_parameters():
            if weight.ndim == 2:
                share = writers if "o_proj" in name or "down_proj" in name else 1.0
                weight.normal_(std=share * weight.shape[1] ** -0.5)
        table.normal_(std=width**-0.5)
        bins = torch.arange(1024).unsqueeze(1) / 1024
        waves = 2 * math.pi * torch.logspace(-1, 5.5, width // 2, base=2)
        first = encoder.first_location
        table[first : first + 1024] = torch.cat([(bins * waves).sin(), (bins * waves).cos()], 1) / (
            width / 2
        ) ** 0.5
        model.model.multi_modal_projector.linear.weight.normal_(std=width**-0.5)


def load_vision_tower(model, examples):
    """The vision tower of stage 1, without SigLIP's pooling head."""
    state = load_file(examples / "mini-siglip" / "model.safetensors")
    prefix = "vision_model."
    tower = {
        name.removeprefix(prefix): value.float()
        for name, value in state.items()
        if name.startswith(prefix) and not name.startswith(prefix + "head.")
    }
    model.model.vision_tower.load_state_dict(tower)


def forward(model, features, chunk):
    """Logits at the positions that have a label, and those labels."""
    index, ids, mask, types, labels, _ = chunk
    seen = BaseModelOutputWithPooling(pooler_output=features[index])
    hidden = model.model(
        input_ids=ids, attention_mask=mask, token_type_ids=types, mm_encoder_outputs={"image": seen},
        use_cache=False,
    ).last_hidden_state
    wanted = labels != -100
    return model.lm_head(hidden[wanted]), labels[wanted]


def token_losses(logits, labels, first_location):
    """Per token: cross-entropy for words; for locations the divergence from the bell."""
    log_p = F.log_softmax(logits, -1)
    words = F.nll_loss(log_p, labels, reduction="none")
    bins = labels - first_location
    located = (bins >= 0) & (bins < 1024)
    distance = torch.arange(1024) - bins[located].unsqueeze(1)
    bell = F.log_softmax(-0.5 * (distance / LOCATION_SIGMA) ** 2, -1)
    bins_log_p = log_p[located, first_location : first_location + 1024]
    return words[~located], (bell.exp() * (bell - bins_log_p)).sum(-1)


def step_loss(model, head, encoder, batch):
    seen = model.model.vision_tower(pixel_values(batch.pixels)).last_hidden_state
    features = model.model.multi_modal_projector(seen)
    parts = [token_losses(*forward(model, features, c), encoder.first_location) for c in batch.chunks]
    words, locations = (torch.cat(p) for p in zip(*parts))
    text = (words.sum() + locations.sum()) / (len(words) + len(locations))
    patches = head.loss(seen, batch.targets)
    return text + PATCH_WEIGHT * patches, {
        "words": words.mean(), "locations": locations.mean(), "patches": patches
    }


@torch.no_grad()
def validate(model, encoder, pictures=100):
    """Shares of unseen samples whose every token is the most likely one given the tokens before it
    (for detections: whose words are right), and the mean location error in bins."""
    truths = [scenes.sample((VALIDATION_SEED, i)) for i in range(pictures)]
    batch = Batch(encoder, truths, np.random.default_rng(VALIDATION_SEED), 8)
    seen = model.model.vision_tower(pixel_values(batch.pixels)).last_hidden_state
    features = model.model.multi_modal_projector(seen)
    right, errors = {}, []
    for chunk in batch.chunks:
        logits, labels = forward(model, features, chunk)
        guess = logits.argmax(-1)
        located = (labels >= encoder.first_location) & (labels < encoder.first_location + 1024)
        guessed = (guess >= encoder.first_location) & (guess < encoder.first_location + 1024)
        errors.append((guess - labels).abs()[located & guessed].float())
        correct = (guess == labels) | (located & guessed)
        lengths = (chunk[4] != -100).sum(1).tolist()
        for task, tokens in zip(chunk[5], correct.split(lengths)):
            right.setdefault(task, []).append(tokens.all().item())
    shares = " ".join(f"{task} {np.mean(values):.3f}" for task, values in sorted(right.items()))
    print(f"  unseen: {shares} location error {torch.cat(errors).mean():.1f} bins", flush=True)


def average_gradients(parameters):
    """One sum over all processes of all gradients, flattened into one buffer."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, values in zip(gradients, flat.split([g.numel() for g in gradients])):
        gradient.copy_(values.view_as(gradient))


def hub_layout(state):
    """The names of the hub's PaliGemma checkpoints; the tied head is left out."""
    renames = {
        "model.vision_tower.": "vision_tower.vision_model.",
        "model.language_model.": "language_model.model.",
        "model.multi_modal_projector.": "multi_modal_projector.",
    }
    out = {}
    for name, value in state.items():
        for old, new in renames.items():
            if name.startswith(old):
                out[new + name.removeprefix(old)] = value
    return out


def worker(rank, examples, work, steps, processes):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{work}/rendezvous", rank=rank, world_size=processes
    )
    torch.manual_seed(SEED)
    encoder = Encoder(examples)
    model = PaliGemmaForConditionalGeneration(paligemma_config(encoder.image))
    initialise(model, encoder)
    load_vision_tower(model, examples)
    head = PatchHead(model.config.vision_config.hidden_size)
    head.load_state_dict(torch.load(work / "patch_head.pt", weights_only=True))
    optim = optimizer(
        [(model.model.vision_tower, 8e-4), (model.model.multi_modal_projector, 1.5e-3),
         (model.model.language_model, 1.5e-3), (head, 1.5e-3)]
    )
    checkpoint = work / "paligemma.pt"
    first = load_checkpoint(checkpoint, [model, head], optim)
    parameters = [p for group in optim.param_groups for p in group["params"]]
    share = PICTURES // processes
    log, start = Log(), time.monotonic()
    for step in range(first, steps):
        truths = [scenes.sample((SEED, step, rank * share + i)) for i in range(share)]
        batch = Batch(encoder, truths, np.random.default_rng((SEED, step, rank)), 2)
        set_rate(optim, step, steps)
        loss, shown = step_loss(model, head, encoder, batch)
        optim.zero_grad()
        loss.backward()
        average_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optim.step()
        if rank == 0:
            log.add(step, **shown)
            if (step + 1) % 100 == 0 or step + 1 == steps:
                save_checkpoint(checkpoint, step + 1, [model, head], optim)
            if (step + 1) % 250 == 0 or step + 1 == steps:
                validate(model, encoder)
    if rank == 0:
        print(f"{steps - first} steps in {(time.monotonic() - start) / 60:.1f} minutes", flush=True)
        state = hub_layout(model.state_dict())
        export(state, examples / "mini-paligemma" / "model.safetensors")
    dist.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("examples", type=Path, help="the folder that holds mini-siglip and mini-paligemma")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints are kept")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    (work / "rendezvous").unlink(missing_ok=True)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    mp.spawn(
        worker, (arguments.examples.resolve(), work, arguments.steps, arguments.processes),
        nprocs=arguments.processes,
    )


if __name__ == "__main__":
    main()
