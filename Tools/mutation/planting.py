"""Writes mutants into the text of a file: each site becomes a choice that an environment variable makes."""

import hashlib


class Mutant:
    """One small wrong change: a site, one of its alternatives, and a number."""

    def __init__(self, path, source, site, alternative):
        self.path, self.site, self.kind = path, site, alternative["kind"]
        self.start, self.end, self.text = site["start"], site["end"], alternative["text"]
        self.line = source.count(b"\n", 0, self.start) + 1
        self.original = source[self.start:self.end].decode()
        self.number = 0
        start = source.rfind(b"\n", 0, self.start) + 1
        stop = source.find(b"\n", self.start)
        self.line_text = source[start:stop].decode().strip()

    @property
    def key(self):
        """What is planted where, whatever the line's number is; the same for equal changes of equal lines."""
        return f"{self.path}: {self.kind}: {self.change}"

    @property
    def place(self):
        return f"{self.path}:{self.line}"

    @property
    def change(self):
        """What is written instead of what, in one line."""
        before = " ".join(self.original.split())
        if not self.text:
            return f"`{before}`"
        change = f"`{before}` => `{' '.join(self.text.split())}`"
        return change if len(before) > 12 or before == self.line_text else f"{change} in `{self.line_text}`"


def mutants_of(path, source, sites):
    """All mutants of a file, in an order that depends on nothing but what is planted where."""
    mutants, seen = [], {}
    for site in sites:
        for alternative in site["alternatives"]:
            mutant = Mutant(path, source, site, alternative)
            seen[mutant.key] = seen.get(mutant.key, 0) + 1
            count = seen[mutant.key]
            mutant.identity = mutant.key if count == 1 else f"{mutant.key} ({count})"
            mutant.rank = hashlib.sha256(mutant.identity.encode()).hexdigest()
            mutants.append(mutant)
    return sorted(mutants, key=lambda mutant: mutant.rank)


def sample(mutants, most, always, density):
    """At most so many mutants of a file, beside those of the kinds that are always taken; not more than
    `density` of them in one line, so that the compiler can still infer types."""
    chosen, lines, left = [], {}, most
    for mutant in sorted(mutants, key=lambda mutant: (mutant.kind not in always, mutant.rank)):
        if lines.get(mutant.line, 0) >= density or (left <= 0 and mutant.kind not in always):
            continue
        lines[mutant.line] = lines.get(mutant.line, 0) + 1
        left -= mutant.kind not in always
        chosen.append(mutant)
    return chosen


def plant(path, source, mutants):
    """The text of a file with all mutants in it, and the range of each one's construct in that text."""
    groups = {}
    for mutant in mutants:
        # Of equal ranges the statement is the outer one.
        groups.setdefault((mutant.start, -mutant.end, mutant.site["form"] == "expression"), []).append(mutant)
    is_c = path.endswith(".c")
    output, spans = bytearray(b'#include "CMutant.h"\n' if is_c else b"import CMutant\n"), {}
    keys = sorted(groups)

    def copy(position, end):
        nonlocal keys
        while keys and keys[0][0] < end and -keys[0][1] <= end:
            key, keys = keys[0], keys[1:]
            output.extend(source[position:key[0]])
            start, group = len(output), groups[key]
            if key[2]:
                for mutant in group:
                    output.extend(f"(mutant({mutant.number}) ? ({mutant.text}) : ".encode())
                output.extend(b"(")
                copy(key[0], -key[1])
                output.extend(b")" + b")" * len(group))
            else:
                output.extend(f"if (!mutant({group[0].number})) {{ ".encode())
                copy(key[0], -key[1])
                # A C statement ends behind its range.
                output.extend(b"; }" if is_c else b" }")
            for mutant in group:
                spans[mutant.number] = (start, len(output))
            position = -key[1]
        output.extend(source[position:end])

    copy(0, len(source))
    return bytes(output), spans
