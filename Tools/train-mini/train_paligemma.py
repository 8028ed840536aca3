"""Stage 2: trains the mini PaliGemma on the mini SigLIP's vision tower and writes
Examples/mini-paligemma/model.safetensors in the layout of the hub's checkpoints.

    python3 train_paligemma.py EXAMPLES --work DIRECTORY

Every picture is seen once by the vision tower and asked several prompts. Picture and prompt are one
bidirectional prefix, the loss is on the suffix alone. In the first part of the training all prompts of
a picture share its image tokens (see `layout`), which costs a third; the rest has PaliGemma's mask.
Location tokens learn a narrow bell around the
true bin instead of the bin alone, since neighbouring bins are nearly as right. Answers are a word or two and
would drown among captions and boxes: their words count more. Two auxiliary tasks help
and are thrown away afterwards: naming each patch's object, and reading the object's location tokens
straight from the projected patch. The work is shared by `--processes` processes of one thread each,
which average their gradients after every step.
"""

import argparse
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch.nn import functional as F
from transformers import PaliGemmaForConditionalGeneration

import scenes
from configure import IMAGE_TOKENS, paligemma_config
from make_tokenizer import IMAGE
from muon import Muon
from training import (
    GRID, Log, PatchHead, adamw, export, load_checkpoint, picture_batch, pixel_values, save_checkpoint,
    set_rate,
)

SEED = 12
VALIDATION_SEED = 13
PICTURES = 24
PROMPTS = 4
PACKED_PROMPTS = 8
PATCH_WEIGHT = 0.25
EDGE_WEIGHT = 1.0
# (first step of the next stage, most objects in a scene until then).
CURRICULUM = ((120, 1), (300, 2))
# What a word of an answer counts (a word of a caption: 1) from a step on. Answers are learned late: first
# the model has to find the objects, which captions and boxes teach.
ANSWER_WEIGHT = 3.0
ANSWER_WEIGHT_START = 1500
# Width of the bell around the true location bin, in bins of 1/1023 of the picture.
LOCATION_SIGMA = 8.0
TOWER_RATE = 2e-3
DECODER_RATE = 4e-3
ADAMW_RATE = 2e-3


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


@dataclass
class Chunk:
    """Sequences of like length. `picture` B: index of each row's picture; `ids` and `labels` B×T,
    `labels[:, t]` the token that follows t or -100; `answers` B×T, true where the label belongs to an
    answer; `positions` B×T, from 1; `seen` B×1×T×T, true where a query (row) may attend to a key
    (column)."""

    picture: torch.Tensor
    ids: torch.Tensor
    labels: torch.Tensor
    answers: torch.Tensor
    positions: torch.Tensor
    seen: torch.Tensor
    tasks: list


def layout(samples, packed):
    """One row of a chunk from [(task, ids, prefix length)] of one picture, as numpy arrays.

    Not packed, there is one sample and its picture and prompt see each other, as in PaliGemma. Packed,
    all samples of the picture share its image tokens, which see only themselves; every sample sees the
    picture and itself: an inexpensive approximation for the first part of the training."""
    ids = [samples[0][1][:IMAGE_TOKENS]] + [tokens[IMAGE_TOKENS:] for _, tokens, _ in samples]
    ids = np.concatenate(ids)
    seen = np.zeros((len(ids), len(ids)), bool)
    seen[:, :IMAGE_TOKENS] = True
    labels = np.full(len(ids), -100)
    answers = np.zeros(len(ids), bool)
    positions = np.arange(1, len(ids) + 1)
    start = IMAGE_TOKENS
    for task, tokens, prefix in samples:
        end, suffix = start + len(tokens) - IMAGE_TOKENS, start + prefix - IMAGE_TOKENS
        seen[start:end, start:suffix] = True
        seen[suffix:end, suffix:end] = np.tri(end - suffix, dtype=bool)
        labels[suffix - 1 : end - 1] = tokens[prefix:]
        answers[suffix - 1 : end - 1] = task not in ("caption", "detect")
        positions[start:end] = np.arange(IMAGE_TOKENS + 1, len(tokens) + 1)
        start = end
    if not packed:
        prefix = samples[0][2]
        seen[:prefix, :prefix] = True
    return ids, labels, answers, positions, seen


def chunk(rows, packed):
    """The padded chunk of [(picture, samples)]."""
    laid = [layout(samples, packed) for _, samples in rows]
    length = max(len(ids) for ids, *_ in laid)
    ids, labels, answers, positions = (np.full((len(rows), length), v) for v in (0, -100, False, 1))
    seen = np.zeros((len(rows), 1, length, length), bool)
    seen[..., 0] = True
    padded = (ids, labels, answers, positions)
    for row, (*values, row_seen) in enumerate(laid):
        size = len(row_seen)
        for array, value in zip(padded, values):
            array[row, :size] = value
        seen[row, 0, :size, :size] = row_seen
    arrays = [np.array([picture for picture, _ in rows]), *padded, seen]
    return Chunk(*map(torch.from_numpy, arrays), [task for _, samples in rows for task, *_ in samples])


class Batch:
    """Pictures, patch targets and chunks of samples. Not packed, every sample is a row of its own."""

    def __init__(self, encoder, truths, rng, chunks, prompts, packed=False):
        self.pixels, self.targets = picture_batch(truths)
        rows = []
        for index, truth in enumerate(truths):
            samples = [
                (task, *encoder.sequence(prompt, suffix))
                for task, prompt, suffix in scenes.training_prompts(truth, rng, prompts)
            ]
            rows += [(index, samples)] if packed else [(index, [sample]) for sample in samples]
        rows.sort(key=lambda row: sum(len(tokens) for _, tokens, _ in row[1]))
        size = math.ceil(len(rows) / chunks)
        self.chunks = [chunk(rows[i : i + size], packed) for i in range(0, len(rows), size)]


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
        waves = 2 * math.pi * torch.logspace(-1, 5, width // 2, base=2)
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
    strengthen_positions(model.model.vision_tower.embeddings.position_embedding.weight)


def strengthen_positions(table):
    """Adds waves along rows and columns, as strong as the patches, to the GRID² × width table.
    Contrastive training hardly needs to know where a patch is; detection reads it off every feature."""
    centres = (torch.arange(GRID) + 0.5) / GRID
    angles = 2 * math.pi * centres.unsqueeze(1) * torch.tensor([0.25, 0.5, 1.0, 2.0])
    waves = torch.cat([angles.sin(), angles.cos()], 1) * 2**0.5
    code = torch.cat([waves.repeat_interleave(GRID, 0), waves.repeat(GRID, 1)], 1)
    directions = nn.init.orthogonal_(torch.empty(code.shape[1], table.shape[1]))
    with torch.no_grad():
        table += code @ directions * (table.shape[1] / code.shape[1]) ** 0.5


def forward(model, features, chunk):
    """At the positions that have a label: logits, labels, and which labels belong to answers."""
    embeddings = model.get_input_embeddings()(chunk.ids[:, IMAGE_TOKENS:])
    hidden = model.model.language_model(
        inputs_embeds=torch.cat([features[chunk.picture], embeddings], 1),
        attention_mask=chunk.seen, position_ids=chunk.positions, use_cache=False,
    ).last_hidden_state
    wanted = chunk.labels != -100
    return model.lm_head(hidden[wanted]), chunk.labels[wanted], chunk.answers[wanted]


def bell_divergence(log_p, bins):
    """How far N×1024 log-probabilities of locations are from the bell around the true bins."""
    distance = torch.arange(1024) - bins.unsqueeze(1)
    bell = F.log_softmax(-0.5 * (distance / LOCATION_SIGMA) ** 2, -1)
    return (bell.exp() * (bell - log_p)).sum(-1)


class EdgeHead(nn.Module):
    """Auxiliary help: the four location tokens of a patch's object from its projected feature, by the
    decoder's own location embeddings."""

    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, 4 * width)

    def loss(self, features, locations, targets):
        kinds, _, boxes = targets
        owned = kinds > 0
        centres = (torch.arange(GRID) + 0.5) / GRID
        y, x = centres.repeat_interleave(GRID), centres.repeat(GRID)
        bins = ((boxes + torch.stack([y, x, y, x], 1))[owned] * 1023).round().flatten()
        edges = self.linear(features[owned]).view(-1, locations.shape[1])
        return bell_divergence(F.log_softmax(edges @ locations.T, -1), bins).mean()


def token_losses(logits, labels, answers, first_location):
    """Per token: cross-entropy for words, and which of them are an answer's; for locations the
    divergence from the bell."""
    log_p = F.log_softmax(logits, -1)
    words = F.nll_loss(log_p, labels, reduction="none")
    bins = labels - first_location
    located = (bins >= 0) & (bins < 1024)
    bins_log_p = log_p[located, first_location : first_location + 1024]
    return words[~located], answers[~located], bell_divergence(bins_log_p, bins[located])


def step_loss(model, head, edge_head, encoder, batch, answer_weight):
    seen = model.model.vision_tower(pixel_values(batch.pixels)).last_hidden_state
    features = model.model.multi_modal_projector(seen)
    parts = [token_losses(*forward(model, features, c), encoder.first_location) for c in batch.chunks]
    words, answers, locations = (torch.cat(p) for p in zip(*parts))
    weighted = torch.where(answers, answer_weight * words, words)
    text = (weighted.sum() + locations.sum()) / (len(words) + len(locations))
    patches = head.loss(seen, batch.targets)
    table = model.get_input_embeddings().weight
    table = table[encoder.first_location : encoder.first_location + 1024]
    edges = edge_head.loss(features, table, batch.targets)
    shown = {"words": words.mean(), "locations": locations.mean(), "patches": patches, "edges": edges}
    return text + PATCH_WEIGHT * patches + EDGE_WEIGHT * edges, shown


@torch.no_grad()
def validate(model, encoder, pictures=100):
    """Shares of unseen samples whose every token is the most likely one given the tokens before it
    (for detections: whose words are right), and the mean location error in bins."""
    truths = [scenes.sample((VALIDATION_SEED, i)) for i in range(pictures)]
    batch = Batch(encoder, truths, np.random.default_rng(VALIDATION_SEED), 8, 4)
    seen = model.model.vision_tower(pixel_values(batch.pixels)).last_hidden_state
    features = model.model.multi_modal_projector(seen)
    right, errors = {}, []
    for chunk in batch.chunks:
        logits, labels, _ = forward(model, features, chunk)
        guess = logits.argmax(-1)
        located = (labels >= encoder.first_location) & (labels < encoder.first_location + 1024)
        guessed = (guess >= encoder.first_location) & (guess < encoder.first_location + 1024)
        errors.append((guess - labels).abs()[located & guessed].float())
        correct = (guess == labels) | (located & guessed)
        lengths = (chunk.labels != -100).sum(1).tolist()
        for task, tokens in zip(chunk.tasks, correct.split(lengths)):
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


def optimizers(model, heads):
    """Muon for the layers' matrices, AdamW for the rest."""
    parts = model.model
    tower = [p for p in parts.vision_tower.encoder.layers.parameters() if p.ndim == 2]
    decoder = [p for p in parts.language_model.layers.parameters() if p.ndim == 2]
    taken = {id(p) for p in tower + decoder}
    rest = [p for p in [*model.parameters(), *heads.parameters()] if id(p) not in taken]
    groups = [{"params": tower, "peak": TOWER_RATE}, {"params": decoder, "peak": DECODER_RATE}]
    return [Muon(groups), adamw([(rest, ADAMW_RATE)])]


def most_objects(step):
    """The curriculum: scenes grow over the first steps."""
    return next((most for last, most in CURRICULUM if step < last), scenes.MAX_OBJECTS)


def worker(rank, examples, work, steps, packed_steps, processes):
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
    heads = nn.ModuleList([head, EdgeHead(model.config.text_config.hidden_size)])
    optims = optimizers(model, heads)
    checkpoint = work / "paligemma.pt"
    parts = [model, heads, *optims]
    first = load_checkpoint(checkpoint, parts)
    parameters = [p for optim in optims for group in optim.param_groups for p in group["params"]]
    share = PICTURES // processes
    log, start = Log(), time.monotonic()
    for step in range(first, steps):
        most = most_objects(step)
        truths = [scenes.sample((SEED, step, rank * share + i), most=most) for i in range(share)]
        rng, packed = np.random.default_rng((SEED, step, rank)), step < packed_steps
        batch = Batch(encoder, truths, rng, 2, PACKED_PROMPTS if packed else PROMPTS, packed)
        set_rate(optims, step, steps, warmup=100)
        answer_weight = ANSWER_WEIGHT if step >= ANSWER_WEIGHT_START else 1.0
        loss, shown = step_loss(model, *heads, encoder, batch, answer_weight)
        model.zero_grad()
        heads.zero_grad()
        loss.backward()
        average_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optim in optims:
            optim.step()
        if rank == 0:
            log.add(step, **shown)
            if (step + 1) % 50 == 0 or step + 1 == steps:
                save_checkpoint(checkpoint, step + 1, parts)
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
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--packed-steps", type=int, default=6500, help="how many of them are packed")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    (work / "rendezvous").unlink(missing_ok=True)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    mp.spawn(
        worker, (arguments.examples.resolve(), work, arguments.steps, arguments.packed_steps, arguments.processes),
        nprocs=arguments.processes,
    )


if __name__ == "__main__":
    main()
