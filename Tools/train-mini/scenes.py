"""Synthetic scenes: what is in them, how they look, and the texts that are true of them.

A scene is drawn from a seed alone. Lengths inside a scene are fractions of the shorter picture side
for sizes, and fractions of width and height for centres. Truth is well defined by construction: a
scene is drawn again when an object is mostly hidden, when two objects are too level to be
ordered from left to right, or when a centre lies near a border between two places ("left", "top" …).
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

KINDS = ("circle", "square", "triangle", "star", "ring")
COLOURS = {
    "red": (214, 38, 40),
    "green": (38, 158, 60),
    "blue": (44, 82, 214),
    "yellow": (238, 212, 48),
    "purple": (140, 50, 172),
    "orange": (242, 132, 28),
}
BACKGROUNDS = {
    "white": (242, 242, 242),
    "grey": (132, 132, 132),
    "black": (22, 22, 22),
    "pink": (246, 184, 204),
    "cyan": (156, 226, 236),
}
PATTERNS = ("plain", "gradient", "striped")
MAX_OBJECTS = 3

# Outline radius of each kind for a scene radius of 1, so that all kinds look about equally large.
OUTLINE = {"circle": 1.0, "square": 1.2, "triangle": 1.2, "star": 1.25, "ring": 1.05}
RING_HOLE = 0.55
# Centres keep this distance from the borders (1/3 and 2/3) between the nine named places.
PLACE_MARGIN = 0.035
# Objects differ at least this much in their centre's x, so "left to right" is an order.
ORDER_MARGIN = 0.06
VISIBLE_SHARE = 0.75


@dataclass(frozen=True)
class Object:
    kind: str
    colour: str
    x: float
    y: float
    radius: float
    angle: float
    shade: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Scene:
    """`objects` are in drawing order: a later one hides parts of an earlier one."""

    width: int
    height: int
    background: str
    pattern: str
    objects: tuple[Object, ...]
    noise: float
    paint_seed: int


@dataclass(frozen=True)
class Truth:
    """A drawn scene: `boxes[i]` is (ymin, xmin, ymax, xmax) in 0…1 of object i's visible pixels;
    `owners` holds, per pixel, the index of the visible object or -1."""

    scene: Scene
    pixels: np.ndarray
    boxes: tuple[tuple[float, float, float, float], ...]
    owners: np.ndarray


# -- sampling ------------------------------------------------------------------------------------


def sample(seed, width=None, height=None, most=MAX_OBJECTS):
    """The drawn scene (`Truth`) of a seed (an int or a tuple of ints), with at most `most` objects."""
    rng = np.random.default_rng(seed)
    while True:
        scene = _propose(rng, width, height, most)
        if scene is not None:
            truth = draw(scene)
            if truth is not None:
                return truth


def _propose(rng, width, height, most):
    if width is None or height is None:
        width = height = int(rng.integers(160, 257))
        if rng.random() < 0.3:
            height = int(np.clip(width * rng.uniform(0.75, 1.33), 128, 288))
    count = min(int(rng.choice((1, 2, 3, 4), p=(0.22, 0.28, 0.27, 0.23))), most)
    may_overlap = rng.random() < 0.3
    objects = []
    for _ in range(count):
        placed = _place(rng, objects, width, height, may_overlap)
        if placed is None:
            return None
        objects.append(placed)
    return Scene(
        width=width,
        height=height,
        background=str(rng.choice(list(BACKGROUNDS))),
        pattern=str(rng.choice(PATTERNS, p=(0.4, 0.3, 0.3))),
        objects=tuple(objects),
        noise=float(rng.choice((0.0, rng.uniform(0, 12)))),
        paint_seed=int(rng.integers(2**31)),
    )


def _place(rng, objects, width, height, may_overlap, tries=40):
    kind = str(rng.choice(KINDS))
    colour = str(rng.choice(list(COLOURS)))
    if objects and rng.random() < 0.35:
        kind = objects[-1].kind
    if objects and rng.random() < 0.3:
        colour = objects[-1].colour
    short = min(width, height)
    for _ in range(tries):
        radius = float(rng.uniform(0.09, 0.2))
        reach = radius * OUTLINE[kind] * short + 2
        x = float(rng.uniform(reach / width, 1 - reach / width))
        y = float(rng.uniform(reach / height, 1 - reach / height))
        new = Object(kind, colour, x, y, radius, float(rng.uniform(-0.3, 0.3)),
                     tuple(float(v) for v in rng.uniform(-14, 14, 3)))
        if not any(_near_border(v) for v in (x, y)) and all(
            _compatible(new, old, width, height, may_overlap) for old in objects
        ):
            return new
    return None


def _near_border(v):
    return min(abs(v - 1 / 3), abs(v - 2 / 3)) < PLACE_MARGIN


def _compatible(a, b, width, height, may_overlap):
    if abs(a.x - b.x) < ORDER_MARGIN:
        return False
    short = min(width, height)
    distance = np.hypot((a.x - b.x) * width, (a.y - b.y) * height) / short
    reach = a.radius * OUTLINE[a.kind] + b.radius * OUTLINE[b.kind]
    if may_overlap and a.colour != b.colour:
        return distance > 0.7 * reach
    return distance > reach + 0.02


# -- drawing -------------------------------------------------------------------------------------


def draw(scene):
    """The picture and its truth, or None when an object is hidden too much."""
    rng = np.random.default_rng(scene.paint_seed)
    height, width = scene.height, scene.width
    picture = _background(scene, rng)
    owners = np.full((height, width), -1, np.int8)
    areas = []
    for index, item in enumerate(scene.objects):
        rows, columns, coverage = _coverage(item, width, height)
        paint = np.asarray(COLOURS[item.colour], np.float32) + np.asarray(item.shade, np.float32)
        window = picture[rows, columns]
        window += coverage[..., None] * (paint - window)
        inside = coverage > 0.5
        owners[rows, columns][inside] = index
        areas.append(int(inside.sum()))
    boxes = []
    for index, area in enumerate(areas):
        visible = owners == index
        if visible.sum() < VISIBLE_SHARE * area:
            return None
        ys, xs = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
        boxes.append((float(ys[0] / height), float(xs[0] / width),
                      float((ys[-1] + 1) / height), float((xs[-1] + 1) / width)))
    if scene.noise > 0:
        picture += scene.noise * rng.standard_normal((height, width, 1), np.float32)
    pixels = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    return Truth(scene, pixels, tuple(boxes), owners)


def _background(scene, rng):
    height, width = scene.height, scene.width
    base = np.asarray(BACKGROUNDS[scene.background], np.float32) + rng.uniform(-8, 8, 3).astype(np.float32)
    towards = 1.0 if base.mean() < 128 else -1.0
    angle = rng.uniform(0, np.pi)
    along = (
        np.cos(angle) * np.arange(width, dtype=np.float32)[None, :] / width
        + np.sin(angle) * np.arange(height, dtype=np.float32)[:, None] / height
    )
    if scene.pattern == "gradient":
        change = towards * rng.uniform(20, 40) * np.abs(along)
    elif scene.pattern == "striped":
        period = rng.uniform(0.12, 0.24)
        wave = np.sin(2 * np.pi * (along / period + rng.uniform()))
        change = towards * rng.uniform(30, 45) * np.clip(0.5 + 3 * wave, 0, 1)
    else:
        change = np.zeros((height, width), np.float32)
    return base + change.astype(np.float32)[..., None]


def _coverage(item, width, height):
    """The window of an object (row slice, column slice) and its antialiased coverage there."""
    short = min(width, height)
    outline = item.radius * OUTLINE[item.kind] * short
    cx, cy = item.x * width, item.y * height
    rows = slice(max(int(cy - outline - 2), 0), min(int(cy + outline + 3), height))
    columns = slice(max(int(cx - outline - 2), 0), min(int(cx + outline + 3), width))
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + 0.5 - cy
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] + 0.5 - cx
    return rows, columns, np.clip(0.5 - _distance(item, x, y, outline), 0, 1)


def _distance(item, x, y, outline):
    """Signed distance (pixels, negative inside) to the shape's edge, exact near the edge."""
    if item.kind == "circle":
        return np.hypot(x, y) - outline
    if item.kind == "ring":
        distance = np.hypot(x, y)
        return np.maximum(distance - outline, RING_HOLE * outline - distance)
    sides = {"triangle": 3, "square": 4, "star": 5}[item.kind]
    # The half planes whose outer normals point away from the corners (corner 0 points up, the square's
    # sides are level). A pentagram is where at least four of its five half planes hold.
    first = {"triangle": np.pi / 2, "square": 0.0, "star": np.pi / 2}[item.kind]
    apothem = outline * (np.cos(2 * np.pi / 5) if item.kind == "star" else np.cos(np.pi / sides))
    angles = item.angle + first + 2 * np.pi * np.arange(sides) / sides
    planes = np.stack([x * np.float32(np.cos(a)) + y * np.float32(np.sin(a)) for a in angles])
    if item.kind == "star":
        return np.partition(planes, 3, axis=0)[3] - apothem
    return planes.max(0) - apothem


# -- texts ---------------------------------------------------------------------------------------


def place(item):
    """One of nine places: "top left", "top", …, "center", …, "bottom right"."""
    row = ("top", "", "bottom")[int(item.y * 3)]
    column = ("left", "", "right")[int(item.x * 3)]
    return " ".join(word for word in (row, column) if word) or "center"


def _from_left(objects):
    return sorted(objects, key=lambda o: o.x)


def _noun(item):
    return f"{'an' if item.colour == 'orange' else 'a'} {item.colour} {item.kind}"


def _listing(parts):
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _ground(scene):
    return f"a {'striped ' if scene.pattern == 'striped' else ''}{scene.background} background"


def caption(scene):
    """Every object from left to right: "a red circle, a blue square and a red ring on a grey
    background"."""
    return f"{_listing([_noun(o) for o in _from_left(scene.objects)])} on {_ground(scene)}"


def layout_caption(scene):
    """Every object with its place, for contrastive training: "a red circle at the top left and a
    blue square at the center on a grey background"."""
    parts = [f"{_noun(o)} at the {place(o)}" for o in _from_left(scene.objects)]
    return f"{_listing(parts)} on {_ground(scene)}"


def location_tokens(box):
    return "".join(f"<loc{round(v * 1023):04d}>" for v in box)


def detection(truth, kind, colour=None):
    """The suffix of `detect KIND` or `detect COLOUR KIND`: records from left to right."""
    label = kind if colour is None else f"{colour} {kind}"
    found = [
        (item.x, box)
        for item, box in zip(truth.scene.objects, truth.boxes)
        if item.kind == kind and colour in (None, item.colour)
    ]
    return " ; ".join(f"{location_tokens(box)} {label}" for _, box in sorted(found))


def answers(scene):
    """All questions with one true answer: a list of (task, prompt, answer)."""
    objects = scene.objects
    ask = lambda task, question, answer: (task, f"answer en {question}", answer)
    out = [
        ask("count", "how many objects are there?", str(len(objects))),
        ask("colour", "what colour is the background?", scene.background),
    ]
    out += [ask("count", f"how many {k}s are there?", str(sum(o.kind == k for o in objects))) for k in KINDS]
    out += [
        ask("count", f"how many {c} objects are there?", str(sum(o.colour == c for o in objects)))
        for c in COLOURS
    ]
    for kind in KINDS:
        same = [o for o in objects if o.kind == kind]
        if len(same) == 1:
            out.append(ask("colour", f"what colour is the {kind}?", same[0].colour))
            out.append(ask("where", f"where is the {kind}?", place(same[0])))
    for colour in COLOURS:
        same = [o for o in objects if o.colour == colour]
        if len(same) == 1:
            out.append(ask("shape", f"what shape is the {colour} object?", same[0].kind))
    for item in objects:
        if sum((o.kind, o.colour) == (item.kind, item.colour) for o in objects) == 1:
            out.append(ask("where", f"where is the {item.colour} {item.kind}?", place(item)))
    return out


def detections(truth):
    """All `detect` prompts that name something in the scene: a list of (task, prompt, suffix)."""
    objects = truth.scene.objects
    out = [("detect", f"detect {k}", detection(truth, k)) for k in KINDS if any(o.kind == k for o in objects)]
    out += [
        ("detect", f"detect {colour} {kind}", detection(truth, kind, colour))
        for kind, colour in sorted({(o.kind, o.colour) for o in objects})
    ]
    return out


def is_told_by_colour(task, prompt):
    """Whether it is by its colour that a prompt tells which object it means: "what shape is the red
    object?", "where is the red circle?", "detect red circle"."""
    return task == "shape" or task in ("where", "detect") and any(c in prompt.split() for c in COLOURS)


def training_prompts(truth, rng, count=4):
    """`count` (task, prompt, suffix) of one scene: the caption, one or two detections, answers of
    mixed tasks (every task equally likely, so that the many counting questions do not crowd out)."""
    found = detections(truth)
    picked = [("caption", "caption en", caption(truth.scene)), found[rng.integers(len(found))]]
    by_task = {}
    for item in answers(truth.scene):
        by_task.setdefault(item[0], []).append(item)
    by_task["detect"] = found
    tasks = sorted(by_task)
    while len(picked) < count:
        picked.append(pick(by_task[tasks[rng.integers(len(tasks))]], rng))
    return picked


def pick(options, rng):
    """One of the questions of a task; what is absent ("0") is asked for only once in a while."""
    present = [option for option in options if option[2] != "0"]
    if present and rng.random() < 0.8:
        options = present
    return options[rng.integers(len(options))]


# -- near copies for contrastive training ----------------------------------------------------------


def near_copy(truth, rng):
    """The same scene with one object's kind, colour or place changed, drawn again (a hard negative)."""
    scene = truth.scene
    for _ in range(20):
        index = int(rng.integers(len(scene.objects)))
        others = [o for i, o in enumerate(scene.objects) if i != index]
        old = scene.objects[index]
        new = _changed(old, rng)
        if any(_near_border(v) for v in (new.x, new.y)) or not _inside(new, scene):
            continue
        if not all(_compatible(new, o, scene.width, scene.height, False) for o in others):
            continue
        objects = tuple(new if i == index else o for i, o in enumerate(scene.objects))
        changed = replace(scene, objects=objects, paint_seed=int(rng.integers(2**31)))
        drawn = draw(changed)
        if drawn is not None and layout_caption(changed) != layout_caption(scene):
            return drawn
    return None


def _changed(old, rng):
    what = rng.integers(3)
    if what == 0:
        return replace(old, kind=str(rng.choice([k for k in KINDS if k != old.kind])))
    if what == 1:
        return replace(old, colour=str(rng.choice([c for c in COLOURS if c != old.colour])))
    return replace(old, x=float(rng.uniform(0.1, 0.9)), y=float(rng.uniform(0.1, 0.9)))


def _inside(item, scene):
    reach = item.radius * OUTLINE[item.kind] * min(scene.width, scene.height) + 2
    return (
        reach <= item.x * scene.width <= scene.width - reach
        and reach <= item.y * scene.height <= scene.height - reach
    )


def model_input(pixels, side):
    """Pillow's bicubic squash to side × side, uint8: what the Hugging Face image processor computes
    before scaling to [-1, 1]."""
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))
