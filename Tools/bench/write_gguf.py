"""Writes the decoder of a PaliGemma directory as a GGUF file in bf16, for llama.cpp.

    python3 Tools/bench/write_gguf.py DIR OUT.gguf

Needs: pip install gguf numpy. The weights stream from file to file. Norms are stored as 1 + w in f32, as llama.cpp's
own converter does it. The tokenizer has the checkpoint's pieces but no scores to speak of: it is there to be loaded.
"""

import argparse
import json
import re
from pathlib import Path

import gguf
import numpy as np

DEFAULTS = {"head_dim": 256, "rms_norm_eps": 1e-6, "max_position_embeddings": 8192}  # what a config.json leaves out
NAMES = {
    "embed_tokens": "token_embd",
    "norm": "output_norm",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("output", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    config = DEFAULTS | json.loads((arguments.directory / "config.json").read_text())["text_config"]
    writer = gguf.GGUFWriter(arguments.output, "gemma")
    add_shape(writer, config)
    add_tokenizer(writer, arguments.directory, config["vocab_size"])
    tensors = list(decoder_tensors(arguments.directory))
    for name, data in tensors:
        kind = gguf.GGMLQuantizationType.BF16 if data.dtype == np.uint8 else None
        writer.add_tensor_info(name, data.shape, data.dtype, data.nbytes, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for _, data in tensors:
        writer.write_tensor_data(data)
    writer.close()


def add_shape(writer, config):
    writer.add_name("random PaliGemma")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)


def add_tokenizer(writer, directory, size):
    """The pieces of tokenizer.json, filled up to `size`."""
    tokenizer = json.loads((directory / "tokenizer.json").read_text())
    specials = {token["content"] for token in tokenizer["added_tokens"]}
    vocabulary = tokenizer["model"]["vocab"]
    pieces = sorted(vocabulary, key=vocabulary.get)
    pieces += [f"<filler{index}>" for index in range(len(pieces), size)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces)
    writer.add_token_scores([-float(index) for index in range(size)])
    writer.add_token_types([token_type(piece, specials) for piece in pieces])
    writer.add_pad_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_unk_token_id(3)


def token_type(piece, specials):
    if re.fullmatch("<0x[0-9A-F]{2}>", piece):
        return gguf.TokenType.BYTE
    return gguf.TokenType.CONTROL if piece in specials else gguf.TokenType.NORMAL


def decoder_tensors(directory):
    """llama.cpp's name and the data of every tensor: matrices as mapped bytes of bf16, norms as f32 values."""
    for path in sorted(directory.glob("*.safetensors")):
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        for name, entry in header.items():
            if name.startswith("language_model."):
                yield gguf_name(name), tensor(path, 8 + length, entry)


def gguf_name(name):
    layer, part = re.fullmatch(r"language_model\.model\.(?:layers\.(\d+)\.)?(.*)\.weight", name).groups()
    return f"blk.{layer}.{NAMES[part]}.weight" if layer else f"{NAMES[part]}.weight"


def tensor(path, data_start, entry):
    assert entry["dtype"] == "BF16"
    *rows, columns = entry["shape"]
    data = np.memmap(path, np.uint8, "r", data_start + entry["data_offsets"][0], (*rows, 2 * columns))
    return data if rows else 1 + (data.view("<u2").astype(np.uint32) << 16).view(np.float32)


if __name__ == "__main__":
    main()
