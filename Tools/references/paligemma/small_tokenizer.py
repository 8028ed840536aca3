"""A small tokenizer.json built like Gemma's: BPE over `▁`, byte fallback, specials, locations, segments, `<image>`."""

import collections
import json

LOCATIONS = [f"<loc{i:04}>" for i in range(0, 1024, 33)]
SEGMENTS = [f"<seg{i:03}>" for i in range(0, 128, 8)]
SPECIALS = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
NEWLINES = ["\n", "\n\n", "\n\n\n"]
MERGES = 110

TEXT = """
a small red circle above a large blue square on a green background with two yellow triangles
the picture shows three dark stars near the left edge and one white ring at the top right
caption en answer en how many circles are there what colour is the square where is the triangle
detect circle ; square ; triangle ; star ; ring segment cross describe the scene in one sentence
caption de ein kleiner roter Kreis über einem großen blauen Quadrat auf grünem Hintergrund
légende fr un petit cercle rouge à côté d'un grand carré bleu, où est l'étoile ?
there is a photo of a cat sitting on the mat, and a dog running through the garden.
yes no left right top bottom center none unanswerable 0 1 2 3 4 5 6 7 8 9 10 11 12 (x, y) "quoted" - [a] {b}
"""


def write(directory):
    text = json.dumps(tokenizer(), ensure_ascii=False, separators=(",", ":"))
    (directory / "tokenizer.json").write_text(text + "\n")


def tokenizer():
    pieces, merges = train()
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    specials = [added(vocabulary, piece, special=True) for piece in SPECIALS]
    extras = [added(vocabulary, piece, special=False) for piece in LOCATIONS + SEGMENTS]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": specials + extras + [added(vocabulary, "<image>", special=True)],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"String": " "},
            "behavior": "MergedWithPrevious",
            "invert": False,
        },
        "post_processor": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": [list(pair) for pair in merges],
        },
    }


def added(vocabulary, piece, special):
    return {
        "id": vocabulary[piece],
        "content": piece,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": special,
    }


def train():
    """Pieces in id order and merges in rank order: the most frequent pair first, ties by the pair's text."""
    words = collections.Counter("▁" + word for word in TEXT.split())
    spellings = {word: list(word) for word in words}
    merges = [("\n", "\n"), ("\n\n", "\n")]
    for _ in range(MERGES):
        counts = collections.Counter()
        for word, spelling in spellings.items():
            for pair in zip(spelling, spelling[1:]):
                counts[pair] += words[word]
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        spellings = {word: merge(spelling, best) for word, spelling in spellings.items()}
    characters = sorted({c for word in words for c in word})
    merged = [a + b for a, b in merges[2:]]
    bytes_ = [f"<0x{value:02X}>" for value in range(256)]
    pieces = SPECIALS + NEWLINES + bytes_ + LOCATIONS + SEGMENTS + merged + characters + ["<image>"]
    return list(dict.fromkeys(pieces)), merges


def merge(spelling, pair):
    result = []
    for symbol in spelling:
        if result and (result[-1], symbol) == pair:
            result[-1] += symbol
        else:
            result.append(symbol)
    return result


SIZE = len(train()[0])
IMAGE = SIZE - 1
