"""Makes the mini models' tokenizer: a Gemma-style SentencePiece BPE (`tokenizer.model`) and the same
tokenizer in the Hugging Face form (`tokenizer.json` and its two small companions).

    python3 make_tokenizer.py DIRECTORY

Ids: <pad> 0, <eos> 1, <bos> 2, <unk> 3, runs of newlines, runs of spaces, 256 bytes, pieces,
characters, <loc0000>…<loc1023>, <seg000>…<seg127>, and <image> as an added token behind them.
"""

import argparse
import io
import json
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors

import scenes

PIECES = 608
SPECIALS = ("<pad>", "<eos>", "<bos>", "<unk>")
LONGEST_RUN = 31
IMAGE = "<image>"
LOCATIONS = [f"<loc{i:04d}>" for i in range(1024)]
SEGMENTS = [f"<seg{i:03d}>" for i in range(128)]
# Sentences that only give the vocabulary some general English beside the scenes' words.
GENERAL = (
    "The quick brown fox jumps over the lazy dog while many small birds sing in the old garden.",
    "Please describe the picture in a few words, then answer the question about what is shown here.",
    "segment the cat ; detect person ; caption this image ; ocr ; what is the text on the sign?",
    "It was written with pencils, papers and brushes; which of these are larger or smaller, left or right?",
    "0 1 2 3 4 5 6 7 8 9 (yes) [no] {maybe} + - * / = < > _ # % & @ $ ! ~ ^ | \\ ' \" ` , . : ;",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz",
)


def corpus(count=4000):
    for index in range(count):
        truth = scenes.sample((2, index), 64, 64)
        yield scenes.caption(truth.scene)
        yield scenes.layout_caption(truth.scene)
        for _, prompt, answer in scenes.answers(truth.scene):
            yield f"{prompt}"
            yield answer
        for _, prompt, _ in scenes.detections(truth):
            yield prompt
        yield GENERAL[index % len(GENERAL)]


def train():
    """The SentencePiece model, location and segment pieces appended as user-defined symbols."""
    runs = ["\n" * n for n in range(1, LONGEST_RUN + 1)] + ["▁" * n for n in range(2, LONGEST_RUN + 1)]
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=corpus(),
        model_writer=trained,
        model_type="bpe",
        vocab_size=PIECES,
        hard_vocab_limit=False,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        byte_fallback=True,
        split_digits=True,
        character_coverage=1.0,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3,
        pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>", unk_piece="<unk>",
        user_defined_symbols=runs,
        num_threads=1,
        minloglevel=2,
    )
    model = proto.ModelProto.FromString(trained.getvalue())
    for text in LOCATIONS + SEGMENTS:
        model.pieces.add(piece=text, score=0.0, type=proto.ModelProto.SentencePiece.USER_DEFINED)
    model.trainer_spec.user_defined_symbols.extend(LOCATIONS + SEGMENTS)
    model.trainer_spec.vocab_size = len(model.pieces)
    model.normalizer_spec.precompiled_charsmap = b""
    return model


def merges(vocabulary, scores):
    """Every way to build a piece from two pieces, best piece first: SentencePiece's merge order as
    the list that Hugging Face's BPE wants. Runs come before learned pieces, as in Gemma."""
    found = []
    for piece, rank in scores:
        parts = [
            (piece[:cut], piece[cut:])
            for cut in range(1, len(piece))
            if piece[:cut] in vocabulary and piece[cut:] in vocabulary
        ]
        parts.sort(key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        found += [(rank, pair) for pair in parts]
    return [pair for _, pair in sorted(found, key=lambda entry: entry[0])]


def convert(model):
    """The `tokenizers.Tokenizer` with the structure of Gemma's `tokenizer.json`."""
    kind = proto.ModelProto.SentencePiece
    vocabulary = {p.piece: i for i, p in enumerate(model.pieces)}
    defined = [p.piece for p in model.pieces if p.type == kind.USER_DEFINED]
    runs = [p for p in defined if not p.startswith("<")]
    learned = [(p.piece, -p.score) for p in model.pieces if p.type == kind.NORMAL and len(p.piece) > 1]
    ranked = [(p, len(p) - 1e6) for p in runs if len(p) > 1] + learned
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary, merges=merges(vocabulary, ranked), unk_token="<unk>", fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIALS])
    tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in runs])
    tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in LOCATIONS + SEGMENTS])
    tokenizer.add_special_tokens([AddedToken(IMAGE, normalized=False, special=True)])
    return tokenizer


def save(directory, model, tokenizer, add_bos, add_eos, **settings):
    """Writes the four files. PaliGemma's processor adds `<bos>` itself; SigLIP texts end in `<eos>`."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tokenizer.model").write_bytes(model.SerializeToString(deterministic=True))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=("<bos> " if add_bos else "") + "$A" + (" <eos>" if add_eos else ""),
        pair=("<bos> " if add_bos else "") + "$A" + (" <bos>:1" if add_bos else "") + " $B:1"
        + (" <eos>:1" if add_eos else ""),
        special_tokens=[("<bos>", 2), ("<eos>", 1)],
    )
    tokenizer.save(str(directory / "tokenizer.json"))
    names = {"pad_token": "<pad>", "eos_token": "<eos>", "bos_token": "<bos>", "unk_token": "<unk>"}
    added = {"additional_special_tokens": [IMAGE]}
    write_json(directory / "special_tokens_map.json", names | added)
    write_json(
        directory / "tokenizer_config.json",
        names | added | {
            "add_bos_token": add_bos,
            "add_eos_token": add_eos,
            "clean_up_tokenization_spaces": False,
            "model_max_length": 10**30,
            "sp_model_kwargs": {},
            "spaces_between_special_tokens": False,
            "tokenizer_class": "GemmaTokenizer",
            "use_default_system_prompt": False,
        } | settings,
    )


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("examples", type=Path, help="the folder that holds mini-siglip and mini-paligemma")
    examples = parser.parse_args().examples
    model = train()
    save(examples / "mini-siglip", model, convert(model), add_bos=False, add_eos=True,
         model_max_length=48, padding_side="right")
    save(examples / "mini-paligemma", model, convert(model), add_bos=True, add_eos=False)


if __name__ == "__main__":
    main()
