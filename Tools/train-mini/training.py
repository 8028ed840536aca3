"""What the two training stages share: the step loop's schedule, optimiser, batches, checkpoints and
the auxiliary task on the vision tower's patches."""

import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

import scenes
from configure import IMAGE_SIZE, PATCH_SIZE

GRID = IMAGE_SIZE // PATCH_SIZE


class Steps(torch.utils.data.Dataset):
    """One item per step: `make(step)` must depend on nothing but the step, so that a run that is
    stopped and resumed sees the same batches."""

    def __init__(self, make, first, last):
        self.make, self.first, self.last = make, first, last

    def __len__(self):
        return self.last - self.first

    def __getitem__(self, index):
        return self.first + index, self.make(self.first + index)


def batches(make, first, last):
    """Pairs (step, batch) drawn ahead by one worker process."""
    return torch.utils.data.DataLoader(
        Steps(make, first, last), batch_size=None, num_workers=1, prefetch_factor=8
    )


def patch_targets(truth):
    """What each patch's centre shows: (kind, colour, box) per patch, kind and colour 0 for background,
    the box as distances from the patch centre to the object's (top, left, bottom, right)."""
    rows = ((np.arange(GRID) + 0.5) / GRID * truth.scene.height).astype(int)
    columns = ((np.arange(GRID) + 0.5) / GRID * truth.scene.width).astype(int)
    owner = truth.owners[np.ix_(rows, columns)].reshape(-1) + 1
    colours = list(scenes.COLOURS)
    objects = truth.scene.objects
    kinds = np.array([0] + [1 + scenes.KINDS.index(o.kind) for o in objects])[owner]
    tints = np.array([0] + [1 + colours.index(o.colour) for o in objects])[owner]
    boxes = np.array([(0, 0, 0, 0), *truth.boxes], np.float32)[owner]
    centres = (np.arange(GRID, dtype=np.float32) + 0.5) / GRID
    y, x = np.repeat(centres, GRID), np.tile(centres, GRID)
    return kinds, tints, boxes - np.stack([y, x, y, x], 1)


def picture_batch(truths):
    """The pictures as the model sees them (uint8 N×R×R×3) and their patch targets, as tensors."""
    pixels = np.stack([scenes.model_input(t.pixels, IMAGE_SIZE) for t in truths])
    targets = [np.stack(part) for part in zip(*(patch_targets(t) for t in truths))]
    return torch.from_numpy(pixels), [torch.from_numpy(part) for part in targets]


def pixel_values(pixels):
    """uint8 N×R×R×3 to the processor's N×3×R×R in [-1, 1]."""
    return (pixels.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5


class PatchHead(nn.Module):
    """Auxiliary help, thrown away after training: names each patch's object and its box."""

    def __init__(self, width):
        super().__init__()
        self.sizes = (1 + len(scenes.KINDS), 1 + len(scenes.COLOURS), 4)
        self.linear = nn.Linear(width, sum(self.sizes))

    def loss(self, features, targets):
        kinds, tints, boxes = (t.flatten(0, 1) for t in targets)
        kind, tint, box = self.linear(features.flatten(0, 1)).split(self.sizes, -1)
        owned = (kinds > 0).unsqueeze(1)
        distance = ((box - boxes).abs() * owned).sum() / owned.sum().clamp(min=1)
        return F.cross_entropy(kind, kinds) + F.cross_entropy(tint, tints) + distance


def adamw(groups, decay=0.05):
    """AdamW over [(parameters, peak rate)]; only matrices decay."""
    out = []
    for parameters, rate in groups:
        matrices, vectors = [], []
        for parameter in parameters:
            (matrices if parameter.ndim >= 2 else vectors).append(parameter)
        out += [
            {"params": matrices, "peak": rate, "weight_decay": decay},
            {"params": vectors, "peak": rate, "weight_decay": 0.0},
        ]
    return torch.optim.AdamW(out, lr=0.0, betas=(0.9, 0.98))


def set_rate(optimizers, step, steps, warmup=150, decay_share=0.35):
    """Linear warm-up, constant, then linear to zero over the last `decay_share` of the steps."""
    decay = max(int(steps * decay_share), 1)
    factor = min((step + 1) / warmup, 1.0, (steps - step) / decay)
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        group["lr"] = group["peak"] * factor


class Log:
    """Running means of named losses, printed every `every` steps."""

    def __init__(self, every=25):
        self.every, self.sums, self.start = every, {}, time.monotonic()

    def add(self, step, **values):
        for name, value in values.items():
            self.sums.setdefault(name, []).append(float(value.detach()))
        if (step + 1) % self.every == 0:
            means = " ".join(f"{n} {np.mean(v):.4f}" for n, v in self.sums.items())
            print(f"step {step + 1} {means} {time.monotonic() - self.start:.0f} s", flush=True)
            self.sums = {}


def save_checkpoint(path, step, parts):
    """The states of modules and optimisers, written beside the old checkpoint and renamed over it."""
    temporary = Path(f"{path}.part")
    torch.save({"step": step, "parts": [part.state_dict() for part in parts]}, temporary)
    temporary.rename(path)


def load_checkpoint(path, parts):
    """The number of steps done; 0 without a checkpoint."""
    if not Path(path).exists():
        return 0
    state = torch.load(path, weights_only=True)
    for part, values in zip(parts, state["parts"], strict=True):
        part.load_state_dict(values)
    return state["step"]


def export(state, path):
    """Rounds f32 tensors to bf16 and writes them as safetensors, sorted by name."""
    rounded = {name: state[name].detach().to(torch.bfloat16).contiguous() for name in sorted(state)}
    save_file(rounded, path, metadata={"format": "pt"})
    Path(path).chmod(0o644)
