"""The report of a run of growth.py: tables and a plot of times and memory beside the arithmetic.

Each function is split into terms: products with weights, attention, and the rest. The arithmetic of a curve is one of
its points with every term multiplied by what it has to do more: multiplications and additions of products and
attention, tokens of the rest.
"""

from plot import Line, Panel, figure
from report import table

NAMES = {"vision": "vision tower", "prefill": "prefill", "decode": "decode"}
CURVES = [("vision", "size"), ("prefill", "size"), ("prefill", "length"), ("decode", "length")]
TERMS = ["products", "attention", "rest"]
TOLERANCE = 1.1  # times the arithmetic that noise may make of a curve
BOUNDS = {224: 0.4e9, 896: 1e9}  # bytes beside bf16 weights


# The points and the arithmetic


def dtypes(report):
    return list(dict.fromkeys(point["dtype"] for point in report["points"]))


def curve(report, dtype, kind):
    """The points of one dtype in which the picture's `size` or the prompt's `length` grows."""
    points = [point for point in report["points"] if point["dtype"] == dtype]
    least = min(point["prompt"] for point in points)
    return [point for point in points if (point["prompt"] == least) == (kind == "size")]


def seconds(point, function):
    return point["functions"][function]["seconds"]


def expected(point, base, function):
    """Seconds of a point if each term had grown from `base` by what it has to do more."""
    here, there = point["functions"][function]["terms"], base["functions"][function]["terms"]
    return sum(there[term]["seconds"] * here[term]["work"] / there[term]["work"] for term in TERMS)


def ratio(point, base, function):
    return seconds(point, function) / expected(point, base, function)


def beside_weights(point, key="peak_rss_bytes"):
    return point[key] - point["weight_bytes"]


def expected_memory(point, base):
    """Bytes beside the weights if all that plan and kernels ask for had grown from `base` with the tokens."""
    asked = ("arena_bytes", "state_bytes", "scratch_bytes")
    planned = lambda point: sum(point[key] for key in asked) * point["tokens"] / point["largest_tokens"]
    return beside_weights(base) + planned(point) - planned(base)


# Tables


def markdown(report):
    here, arguments = report["machine"], report["arguments"]
    curves = [(function, kind, dtype) for function, kind in CURVES for dtype in dtypes(report)]
    parts = [
        f"{here['cpu']}, {here['processors']} processors ({', '.join(here['features'])}), {arguments['threads']} "
        f"threads; the quickest of {arguments['rounds']} rounds. In them the machine reached "
        f"{limits(report, 'f32_flops')} GFLOPS in f32 and read {limits(report, 'read_bytes_per_s')} GB/s: where these "
        "differ much between the points, so do the times.",
        "Growth from the first to the last point, beside that of the arithmetic, and between which two points it is "
        f"worst; more than {TOLERANCE}× of the arithmetic is more than noise.",
        table(["", "", "from", "to", "time", "arithmetic", "of it", "worst", "grows"],
              [growth_row(report, *curve) for curve in curves]),
        "The terms of the first and the last point: time, its growth, and that of the work.",
        table(["", "", *TERMS], [terms_row(report, *curve) for curve in curves]),
        "Memory beside the weights: the peaks of `bench`, and of `run` with a picture.",
        table(["", "", "weights", "bench", "run", "bound"],
              [memory_row(point) for dtype in dtypes(report) for point in curve(report, dtype, "size")]),
    ]
    return "\n\n".join(parts) + "\n"


def limits(report, key):
    values = [point["limits"][key] / 1e9 for point in report["points"]]
    return f"{min(values):.0f} to {max(values):.0f}"


def growth_row(report, function, kind, dtype):
    points = curve(report, dtype, kind)
    first, last = points[0], points[-1]
    pairs = [(ratio(end, start, function), start, end) for i, start in enumerate(points) for end in points[i + 1:]]
    worst, start, end = max(pairs, key=lambda pair: pair[0])
    return [
        NAMES[function], dtype,
        *[f"{place(point, kind)}: {duration(seconds(point, function))}" for point in (first, last)],
        f"{seconds(last, function) / seconds(first, function):.2f}×",
        f"{expected(last, first, function) / seconds(first, function):.2f}×",
        f"{ratio(last, first, function):.2f}×",
        f"{worst:.2f}×, {place(start, kind)} to {place(end, kind)}",
        "as the arithmetic" if worst <= TOLERANCE else "worse",
    ]


def terms_row(report, function, kind, dtype):
    points = curve(report, dtype, kind)
    first, last = (point["functions"][function]["terms"] for point in (points[0], points[-1]))
    cells = [f"{NAMES[function]} by {kind}", dtype]
    for term in TERMS:
        start, end = first[term], last[term]
        grown = f"{end['seconds'] / start['seconds']:.2f}×" if start["seconds"] else "?"
        times = f"{duration(start['seconds'])} → {duration(end['seconds'])}"
        cells.append(f"{times}, {grown} for {end['work'] / start['work']:.2f}×")
    return cells


def memory_row(point):
    peaks = [beside_weights(point), beside_weights(point, "run_peak_rss_bytes")]
    bound = BOUNDS.get(point["size"]) if point["dtype"] == "bf16" else None
    verdict = f"{gigabytes(bound)}: {'met' if max(peaks) <= bound else 'missed'}" if bound else ""
    return [place(point, "size"), point["dtype"], gigabytes(point["weight_bytes"]), *map(gigabytes, peaks), verdict]


def place(point, kind):
    return f"{point['size']} pixels" if kind == "size" else f"{point['tokens']} tokens"


def duration(seconds):
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def gigabytes(count):
    return f"{count / 1e9:.2f} GB"


# The plot


def drawing(report):
    panels = [
        time_panel(report, "vision", "size", "Vision tower"),
        time_panel(report, "prefill", "size", "Prefill"),
        memory_panel(report, "size", "Memory beside the weights"),
        time_panel(report, "prefill", "length", "Prefill, 224 pixels"),
        time_panel(report, "decode", "length", "Decode, 224 pixels"),
        memory_panel(report, "length", "Memory, 224 pixels"),
    ]
    return figure(
        "How times and memory grow",
        "Time of the vision tower and of prefill and peak memory against the size of the picture; prefill, decode and "
        "memory against the tokens of picture and prompt; beside each what the arithmetic demands.",
        ("measured", "what the arithmetic demands, from the first point; numbers: measured over demanded, last point"),
        panels,
    )


def time_panel(report, function, kind, title):
    unit, scale = ("ms for each token", 1e3) if function == "decode" else ("seconds", 1)
    lines = []
    for dtype in dtypes(report):
        points = curve(report, dtype, kind)
        lines.append(Line(
            f"{dtype} {ratio(points[-1], points[0], function):.2f}×",
            x_values(points, kind),
            [scale * seconds(point, function) for point in points],
            [scale * expected(point, points[0], function) for point in points],
        ))
    return Panel(title, y_name=unit, lines=lines, y_is_log=function != "decode", **x_axis(report, kind))


def memory_panel(report, kind, title):
    lines = []
    for dtype in dtypes(report):
        points = curve(report, dtype, kind)
        demanded = [expected_memory(point, points[0]) / 1e9 for point in points]
        measured = [beside_weights(point) / 1e9 for point in points]
        label = f"{dtype} {measured[-1] / demanded[-1]:.2f}×"
        lines.append(Line(label, x_values(points, kind), measured, demanded))
    bounds = [(size, bound / 1e9, "bound") for size, bound in BOUNDS.items()] if kind == "size" else []
    return Panel(title, y_name="GB", lines=lines, y_is_log=False, bounds=bounds, **x_axis(report, kind))


def x_values(points, kind):
    return [point["size" if kind == "size" else "tokens"] for point in points]


def x_axis(report, kind):
    if kind == "length":
        return {"x_name": "tokens of picture and prompt", "x_ticks": [512, 1024, 2048, 4096]}
    return {"x_name": "side of the picture, pixels", "x_ticks": sorted({point["size"] for point in report["points"]})}
