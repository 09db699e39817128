#!/usr/bin/env python3
"""Turn a GGUF model into a Hugging Face folder, so that transformers and PEFT can run the very same weights.

    python gguf_to_hf.py SmolLM2-135M-Instruct.Q4_1.gguf OUT_FOLDER [--dtype f32|bf16]

Weights are dequantised by the `gguf` package (llama.cpp's own Python code) and written as model.safetensors;
float32 keeps every dequantised value exactly. Architectures llama and qwen2. In a llama GGUF the rows of
attn_q and attn_k are permuted for llama.cpp's interleaved rotary embedding (LlamaModel.permute in
convert_hf_to_gguf.py); they are put back here. qwen2 is not permuted.

tokenizer.json is built from the GGUF's vocabulary and merges for byte-level BPE with the pre-tokenizer that
`tokenizer.ggml.pre` names (smollm, qwen2, llama-bpe).
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

OUTER_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
BLOCK_NAMES = {
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}
SPLIT_PATTERNS = {
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
             r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "llama-bpe": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
                 r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
CONTROL, USER_DEFINED = 3, 4  # tokenizer.ggml.token_type


def hugging_face_name(gguf_name: str) -> str:
    if gguf_name in OUTER_NAMES:
        return OUTER_NAMES[gguf_name]
    parts = gguf_name.split(".")  # blk.3.attn_q.weight
    if len(parts) != 4 or parts[0] != "blk" or parts[2] not in BLOCK_NAMES:
        raise SystemExit(f"tensor {gguf_name}: no Hugging Face name is known for it")
    return f"model.layers.{parts[1]}.{BLOCK_NAMES[parts[2]]}.{parts[3]}"


def unpermute(rows: np.ndarray, heads: int) -> np.ndarray:
    """Undo LlamaModel.permute: [heads, head_dim/2, 2, …] back to [heads, 2, head_dim/2, …]."""
    return (rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])
            .swapaxes(1, 2).reshape(rows.shape))


def read_tensors(reader: GGUFReader, architecture: str, heads: int, kv_heads: int, dtype) -> dict:
    tensors = {}
    for tensor in reader.tensors:
        if tensor.name == "rope_freqs.weight":
            raise SystemExit("rope_freqs.weight: models with scaled rotary frequencies are not handled here")
        shape = tuple(int(n) for n in reversed(tensor.shape))  # GGUF lists the fastest axis first
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(shape)
        if architecture == "llama" and ".attn_q." in tensor.name:
            values = unpermute(values, heads)
        if architecture == "llama" and ".attn_k." in tensor.name:
            values = unpermute(values, kv_heads)
        tensors[hugging_face_name(tensor.name)] = torch.from_numpy(np.ascontiguousarray(values)).to(dtype)
    return tensors


def shortest_float32(value: float) -> float:
    """1e-05 for the float32 9.999999747378752e-06: the number that the model's author wrote."""
    return float(str(np.float32(value)))


def build_tokenizer(field) -> Tokenizer:
    if field("tokenizer.ggml.model") != "gpt2":
        raise SystemExit(f"tokenizer.ggml.model {field('tokenizer.ggml.model')!r}: only gpt2 is handled here")
    pieces, kinds = field("tokenizer.ggml.tokens"), field("tokenizer.ggml.token_type")
    merges = [tuple(line.split(" ")) for line in field("tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE(vocab={p: i for i, p in enumerate(pieces)}, merges=merges))
    pre = field("tokenizer.ggml.pre")
    if pre == "smollm":
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    elif pre in SPLIT_PATTERNS:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(SPLIT_PATTERNS[pre]), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    else:
        raise SystemExit(f"tokenizer.ggml.pre {pre!r}: only smollm, {', '.join(SPLIT_PATTERNS)} are handled")
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([
        AddedToken(p, special=True, normalized=False) for p, k in zip(pieces, kinds) if k == CONTROL])
    tokenizer.add_tokens([
        AddedToken(p, special=False, normalized=False) for p, k in zip(pieces, kinds) if k == USER_DEFINED])
    assert tokenizer.get_vocab_size() == len(pieces)
    return tokenizer


def convert(source: Path, target: Path, dtype):
    reader = GGUFReader(source)

    def field(key, default=None):
        found = reader.get_field(key)
        return default if found is None else found.contents()

    architecture = field("general.architecture")
    if architecture not in ("llama", "qwen2"):
        raise SystemExit(f"general.architecture {architecture!r}: only llama and qwen2 are handled here")
    heads = field(f"{architecture}.attention.head_count")
    kv_heads = field(f"{architecture}.attention.head_count_kv", heads)
    hidden = field(f"{architecture}.embedding_length")
    tensors = read_tensors(reader, architecture, heads, kv_heads, dtype)
    pieces = field("tokenizer.ggml.tokens")
    bos, eos = field("tokenizer.ggml.bos_token_id"), field("tokenizer.ggml.eos_token_id")
    pad = field("tokenizer.ggml.padding_token_id", eos)

    target.mkdir(parents=True, exist_ok=True)
    save_file(dict(sorted(tensors.items())), target / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": [{"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}[architecture]],
        "bos_token_id": bos, "eos_token_id": eos, "hidden_act": "silu", "hidden_size": hidden,
        "intermediate_size": field(f"{architecture}.feed_forward_length"),
        "max_position_embeddings": field(f"{architecture}.context_length"), "model_type": architecture,
        "num_attention_heads": heads, "num_hidden_layers": field(f"{architecture}.block_count"),
        "num_key_value_heads": kv_heads, "pad_token_id": pad,
        "rms_norm_eps": shortest_float32(field(f"{architecture}.attention.layer_norm_rms_epsilon")),
        "rope_scaling": None,
        "rope_theta": shortest_float32(field(f"{architecture}.rope.freq_base", 10000.0)),
        "tie_word_embeddings": "lm_head.weight" not in tensors,
        "torch_dtype": str(dtype).removeprefix("torch."), "vocab_size": len(pieces),
    }
    if architecture == "llama":
        config |= {"attention_bias": False, "mlp_bias": False,
                   "head_dim": field("llama.rope.dimension_count", hidden // heads)}
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    build_tokenizer(field).save(str(target / "tokenizer.json"))
    (target / "tokenizer_config.json").write_text(json.dumps({
        "bos_token": pieces[bos], "eos_token": pieces[eos], "pad_token": pieces[pad],
        "tokenizer_class": "PreTrainedTokenizerFast", "chat_template": field("tokenizer.chat_template"),
    }, indent=2, ensure_ascii=False) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description="Turn a GGUF model into a Hugging Face folder.")
    parser.add_argument("gguf", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
    arguments = parser.parse_args()
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[arguments.dtype]
    convert(arguments.gguf, arguments.folder, dtype)
    print(f"wrote {arguments.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
