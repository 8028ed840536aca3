"""Draws small panels of measured dots on expected lines, as one SVG for light and dark pages.

The same panels give the same bytes. Needs nothing beside Python.
"""

import dataclasses
import math
from html import escape

WIDTH, COLUMNS, PANEL_HEIGHT = 880, 3, 232
LEFT, RIGHT, TOP, BOTTOM = 46, 74, 44, 46  # of a panel, around its axes
HEAD = 44
LINE_HEIGHT = 13
SERIES = [("a", 4.5), ("b", 3), ("c", 2), ("d", 1.5)]  # class with a colour of its own, radius of its dots
STYLE = """
    text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
    text { font-size: 11px; fill: #52606d; }
    .title { font-size: 13px; font-weight: 600; fill: #1f2933; }
    .middle { text-anchor: middle; }
    .end { text-anchor: end; }
    .label { font-weight: 600; }
    .axis { stroke: #9aa5b1; fill: none; }
    .grid { stroke: #e4e7eb; fill: none; }
    .bound { stroke: #1f2933; stroke-width: 2; fill: none; }
    .expected { stroke-width: 1.5; stroke-dasharray: 5 3; fill: none; }
    .a { stroke: #3576b8; } .b { stroke: #c05621; } .c { stroke: #2f855a; } .d { stroke: #805ad5; }
    text.a, circle.a { fill: #3576b8; stroke: none; } text.b, circle.b { fill: #c05621; stroke: none; }
    text.c, circle.c { fill: #2f855a; stroke: none; } text.d, circle.d { fill: #805ad5; stroke: none; }
    @media (prefers-color-scheme: dark) {
      text { fill: #b5bec8; }
      .title { fill: #e4e7eb; }
      .axis { stroke: #616e7c; }
      .grid { stroke: #323f4b; }
      .bound { stroke: #e4e7eb; }
      .a { stroke: #6ea8df; } .b { stroke: #f0a070; } .c { stroke: #68c294; } .d { stroke: #b39ae8; }
      text.a, circle.a { fill: #6ea8df; } text.b, circle.b { fill: #f0a070; }
      text.c, circle.c { fill: #68c294; } text.d, circle.d { fill: #b39ae8; }
    }
"""


@dataclasses.dataclass
class Line:
    """Measured points and, at the same x, the expected values; the label stands beside the last point."""

    label: str
    x: list
    measured: list
    expected: list


@dataclasses.dataclass
class Panel:
    """`x_ticks` are places on a logarithmic axis; y starts at 0 unless it is logarithmic too.
    `bounds` are (x, y, text): values that should not be exceeded there."""

    title: str
    x_name: str
    y_name: str
    x_ticks: list
    lines: list
    y_is_log: bool = True
    bounds: list = dataclasses.field(default_factory=list)


def figure(title, description, legend, panels):
    rows = math.ceil(len(panels) / COLUMNS)
    height = HEAD + rows * PANEL_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-labelledby="title desc">',
        f'  <title id="title">{escape(title)}</title>',
        f'  <desc id="desc">{escape(description)}</desc>',
        f"  <style>{STYLE}  </style>",
        '  <circle class="a" cx="14" cy="21" r="3.5"/>',
        '  <path class="expected a" d="M100 21 h28"/>',
        text(24, 25, legend[0]), text(136, 25, legend[1]),
    ]
    for index, panel in enumerate(panels):
        x, y = index % COLUMNS * WIDTH // COLUMNS, HEAD + index // COLUMNS * PANEL_HEIGHT
        parts += [f'  <g transform="translate({x} {y})">', *draw(panel), "  </g>"]
    return "\n".join(parts + ["</svg>"]) + "\n"


def draw(panel):
    right, bottom = WIDTH // COLUMNS - RIGHT, PANEL_HEIGHT - BOTTOM
    xs = [x for line in panel.lines for x in line.x]
    ys = [y for line in panel.lines for y in line.measured + line.expected] + [y for _, y, _ in panel.bounds]
    horizontal = Axis(min(xs), max(xs), LEFT + 8, right - 8, is_log=True)
    low, floor = (min(ys), bottom - 8) if panel.y_is_log else (0, bottom)
    vertical = Axis(low, max(ys), floor, TOP + 6, panel.y_is_log)
    parts = [text(8, 16, panel.title, "title"), text(8, 32, panel.y_name)]
    for tick in vertical.ticks():
        y = vertical.place(tick)
        parts += [f'    <path class="grid" d="M{LEFT} {y} H{right}"/>', text(LEFT - 6, y + 4, short(tick), "end")]
    for tick in panel.x_ticks:
        x = horizontal.place(tick)
        parts += [f'    <path class="axis" d="M{x} {bottom} v4"/>', text(x, bottom + 16, short(tick), "middle")]
    parts += [
        f'    <path class="axis" d="M{LEFT} {bottom} H{right}"/>',
        text((LEFT + right) / 2, bottom + 32, panel.x_name, "middle"),
    ]
    for x, y, name in panel.bounds:
        x, y = horizontal.place(x), vertical.place(y)
        parts += [f'    <path class="bound" d="M{number(x - 9)} {y} h18"/>', text(x, y - 5, name, "middle")]
    for (name, radius), line in zip(SERIES, panel.lines):
        places = [f"{horizontal.place(x)} {vertical.place(y)}" for x, y in zip(line.x, line.expected)]
        parts.append(f'    <path class="expected {name}" d="M{" L".join(places)}"/>')
        parts += [
            f'    <circle class="{name}" cx="{horizontal.place(x)}" cy="{vertical.place(y)}" r="{radius}"/>'
            for x, y in zip(line.x, line.measured)
        ]
    heights = spread([vertical.place(line.measured[-1]) + 4 for line in panel.lines], LINE_HEIGHT)
    for (name, _), line, y in zip(SERIES, panel.lines, heights):
        parts.append(text(right + 2, y, line.label, f"label {name}"))
    return parts


class Axis:
    """Values from `low` to `high` between two places."""

    def __init__(self, low, high, start, end, is_log):
        self.low, self.high, self.start, self.end, self.is_log = low, high, start, end, is_log

    def place(self, value):
        scale = math.log if self.is_log else float
        low, high = scale(self.low), scale(self.high)
        share = (scale(value) - low) / (high - low) if high > low else 0.5
        return number(self.start + share * (self.end - self.start))

    def ticks(self):
        """Round numbers: of a logarithmic axis powers of ten, with their halves and fifths where those are few."""
        if not self.is_log:
            step = 10 ** math.floor(math.log10(self.high))
            step = next(step * part for part in (0.2, 0.5, 1, 2) if self.high / (step * part) < 6)
            return [step * index for index in range(math.floor(self.high / step + 1e-9) + 1)]
        tens = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        parts = (1, 2, 5) if self.high < 200 * self.low else (1,)
        places = [part * 10.0**ten for ten in tens for part in parts]
        return [place for place in places if self.low <= place * 1.0001 and place <= self.high * 1.0001]


def spread(places, distance):
    """The places, moved apart as little as one pass from the top allows."""
    result = list(places)
    order = sorted(range(len(places)), key=lambda index: places[index])
    for above, below in zip(order, order[1:]):
        result[below] = max(result[below], result[above] + distance)
    return result


def text(x, y, content, kind=""):
    attribute = f' class="{kind}"' if kind else ""
    return f'    <text{attribute} x="{number(x)}" y="{number(y)}">{escape(content)}</text>'


def number(value):
    """One decimal is a tenth of a pixel."""
    value = round(value, 1)
    return int(value) if value == int(value) else value


def short(value):
    return f"{value:.4g}"
