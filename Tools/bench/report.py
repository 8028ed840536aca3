"""The report of a run: all figures, and the two tables made of them."""

import targets
from machine import machine

FIGURES = {
    "vision_s": "vision tower", "prefill_s": "prefill", "first_token_s": "first token", "tokens_per_s": "tokens/s",
    "peak_rss_bytes": "peak memory", "load_s": "load",
}
WITH_RATIO = ("vision_s", "prefill_s", "first_token_s", "tokens_per_s")
TARGET_COLUMNS = {
    "figure": "figure", "paligraph": "PaliGraph", "peer": "best peer", "ratio": "ratio", "target": "target",
    "met": "met",
}


def summary(arguments, contenders):
    here = machine()
    return {
        "machine": here,
        "arguments": arguments,
        "contenders": contenders,
        "targets": targets.rows(here["features"], contenders),
    }


def markdown(report):
    contenders = report["contenders"]
    parts = [
        heading(report),
        table(["", *FIGURES.values()], [figures(contender, contenders) for contender in contenders]),
        "Ratios are to the best peer of the same precision; of int8 and int4, where none has the figure, to the best "
        "in bf16.",
        *[limits(contender) for contender in contenders if "limits" in contender],
        "## Targets of the design",
        table(TARGET_COLUMNS.values(), [target(row) for row in report["targets"]]),
    ]
    return "\n\n".join(parts) + "\n"


def heading(report):
    here, arguments = report["machine"], report["arguments"]
    versions = {}
    for contender in report["contenders"]:
        versions |= contender.get("versions", {})
    return (
        f"{here['cpu']}, {here['processors']} processors ({', '.join(here['features'])}), {arguments['threads']} "
        f"threads; medians of {arguments['rounds']} rounds in alternation. "
        f"Peers: {', '.join(f'{name} {version}' for name, version in versions.items()) or 'none'}."
    )


def table(head, rows):
    lines = [[*head], ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figures(contender, contenders):
    return [contender["name"], *[cell(contender, key, contenders) for key in FIGURES]]


def cell(contender, key, contenders):
    text = targets.shown(key, contender.get(key))
    if not text or key not in WITH_RATIO or contender["program"] != "paligraph":
        return text
    ratio = targets.ratio_in_class(contender, key, contenders)
    return f"{text} ({ratio:.2f}×)" if ratio else text


def limits(contender):
    limits, share = contender["limits"], contender["share_of_limit"]
    return (
        f"{contender['name']}: vision {share['vision']:.0%}, prefill {share['prefill']:.0%}, decode "
        f"{share['decode']:.0%} of the machine's limit (reads {limits['read_bytes_per_s'] / 1e9:.1f} GB/s, "
        f"f32 {limits['f32_flops'] / 1e9:.0f}, bf16 {limits['bf16_flops'] / 1e9:.0f}, int8 "
        f"{limits['int8_ops'] / 1e9:.0f} GFLOPS)."
    )


def target(row):
    met = {True: "yes", False: "no", None: "not measured"}[row.get("met")]
    return [met if key == "met" else row.get(key, "") for key in TARGET_COLUMNS]
