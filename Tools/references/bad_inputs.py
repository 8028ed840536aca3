#!/usr/bin/env python3
"""Asks the reference readers about the bad inputs of the tests.

    PALIGRAPH_KEEP_BAD_INPUTS=FOLDER Tools/test --filter BadInputListTests
    Tools/references/bad_inputs.py FOLDER

Prints for each format how often both accept or refuse, what only PaliGraph refuses, and what only
the reference refuses, which must be empty or explained in docs/RELIABILITY.md. Needs safetensors,
onnx, onnxruntime, pillow, numpy, sentencepiece, tokenizers and transformers.
"""

import collections
import json
import multiprocessing
import pathlib
import sys
import warnings


def safetensors(given):
    import safetensors

    index = given / "model.safetensors.index.json"
    if index.exists():
        # The library reads single files; transformers follows the map.
        names = set(json.loads(index.read_text())["weight_map"].values())
    else:
        names = ["model.safetensors"]
    for name in names:
        with safetensors.safe_open(given / name, "numpy") as file:
            for key in file.keys():
                file.get_slice(key).get_shape()


def onnx(given):
    import onnx
    import onnxruntime

    path = str(given / "m.onnx")
    onnx.checker.check_model(path, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def picture(given):
    import numpy
    from PIL import Image, ImageOps

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    (path,) = [path for path in given.iterdir()]
    with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as image:
        pixels = numpy.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)
    drawn = given.parent / "out" / "drawn.png"
    if drawn.exists():
        ours = numpy.asarray(Image.open(drawn).convert("RGB")).astype(int)
        limit = 1 if path.suffix in (".jpg", ".webp") else 0
        if ours.shape != pixels.shape or abs(ours - pixels).max() > limit:
            return "the pixels differ"


def tokenizer(given):
    if (given / "tokenizer.json").exists():
        import tokenizers

        tokenizers.Tokenizer.from_file(str(given / "tokenizer.json")).encode("a b")
    else:
        import sentencepiece

        processor = sentencepiece.SentencePieceProcessor(str(given / "tokenizer.model"))
        processor.encode("a b")


def config(given):
    import transformers

    transformers.AutoConfig.from_pretrained(given, trust_remote_code=False)
    if (given / "generation_config.json").exists():
        transformers.GenerationConfig.from_pretrained(given)
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    SiglipImageProcessorPil.from_pretrained(given)


ORACLES = {"1": safetensors, "2": onnx, "3": picture, "4": tokenizer, "5": config}


def ask(oracle, given, answer):
    """In a process of its own: a reference may crash or never end."""
    try:
        answer.put(oracle(given) or "")
    except BaseException as error:  # Some of them panic with what is no Exception.
        answer.put(f"{type(error).__name__}: {error}"[:150].replace("\n", " "))


def verdict(oracle, given):
    answer = multiprocessing.Queue()
    process = multiprocessing.Process(target=ask, args=(oracle, given, answer))
    process.start()
    try:
        return answer.get(timeout=30)
    except Exception:
        return "crashed or took longer than 30 seconds"
    finally:
        process.kill()
        process.join()


def main(folder):
    for module in ("safetensors", "onnx", "onnxruntime", "PIL", "tokenizers", "transformers"):
        print(module, __import__(module).__version__, end="  ")
    import sentencepiece

    print("sentencepiece", sentencepiece.__version__)
    # What is imported here need not be imported in each process.
    fixtures = pathlib.Path(__file__).parents[2] / "Tests" / "Fixtures"
    config(fixtures / "parity" / "gemma-hub-layout")
    counts, stricter, laxer = collections.Counter(), [], []
    for note in sorted(pathlib.Path(folder).glob("*/case.json")):
        case = json.loads(note.read_text())
        section = case["line"].split(".")[1]
        # A command line that is refused says nothing about a file.
        if section not in ORACLES or case["status"] == "2" or not any((note.parent / "given").iterdir()):
            continue
        if section == "3" and len(list((note.parent / "given").iterdir())) != 1:
            continue
        # Prompts come with a picture only.
        if section == "4" and not list((note.parent / "given").glob("tokenizer.*")):
            continue
        said = verdict(ORACLES[section], note.parent / "given")
        ours, theirs = case["status"] == "0", not said
        name = f"{case['line']} {case['what']}"
        counts[section, ours, theirs] += 1
        if ours and not theirs:
            laxer.append(f"{name}: {said}")
        if theirs and not ours:
            stricter.append(f"{name}: {case['said'].strip().split('given')[-1][:110]}")
    for section, oracle in ORACLES.items():
        print(
            f"2.{section} {oracle.__name__}: both accept {counts[section, True, True]},",
            f"both refuse {counts[section, False, False]},",
            f"only PaliGraph refuses {counts[section, False, True]},",
            f"only the reference refuses {counts[section, True, False]}",
        )
    print("\nOnly PaliGraph refuses:", *stricter, sep="\n  ")
    print("\nOnly the reference refuses:", *laxer, sep="\n  ")


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
