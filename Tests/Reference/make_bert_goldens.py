#!/usr/bin/env python3
"""Make the tiny BERT, its WordPiece tokenizer and the golden numbers that the encoder's tests compare against.

    python make_bert_goldens.py [--model MINILM]      MINILM: the folder that `assay pull minilm` made

Float32 on one CPU thread, dropout off, every input alone and without padding: what transformers says of it is the
definition. Writes below Tests/LanguageModelsTests/Fixtures
    models/bert/              config.json, model.safetensors (BertForSequenceClassification, 2 classes, 3 layers),
                              tokenizer.json, vocab.txt
    goldens/bert.json         inputs (`ids`, `types`, `label`), `loss` (mean of -log p), `losses`, versions
    goldens/bert.safetensors  hidden [tokens of all inputs, hidden] (last layer), mean [inputs, hidden], pooled, logits,
                              grad/NAME: d(loss)/d(parameter) of every parameter
    tokenizers/bert.ids.jsonl     the ids of each line of lines.jsonl, [CLS] and [SEP] included, special tokens parsed
    tokenizers/bert.extra.jsonl   {"text","ids","plain"}: lines that try BERT's own rules; `plain` are the ids with
                              special tokens kept as text
    tokenizers/bert.pairs.jsonl   {"a","b","limit","ids","types"}: pairs, truncated longest first
    tokenizers/bert.scalars.json  for each block of 4,096 scalars the FNV-1a hash of what normalizer and pre-tokenizer
                              make of "a" + scalar + "b": every scalar of Unicode is compared
    tokenizers/minilm.ids.jsonl   with --model: the same lines by the real vocabulary
    goldens/minilm.*          with --model: `texts`, their mean embeddings of length 1, and hidden states of the first
"""

import argparse
import collections
import json
import math
import os
import pathlib
import random
import zlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "LanguageModelsTests" / "Fixtures"
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
EXTRA = [
    "", " ", "[CLS]", "a[SEP]b", "[MASK] [MASK]", "[cls]", "[ SEP ]", "x[UNK]y", "[CLS", "[PAD]The rack[PAD]",
    "a" * 99, "a" * 100, "a" * 101, "é" * 100, "é" * 101, "the " + "x" * 150 + " of", "a" * 60 + "-" + "b" * 60,
    "\u0130stanbul", "\u0130", "\u1e9e", "\u00df", "\u03a3\u03a3", "ΟΔΥΣΣΕΥΣ", "\u01c5", "\u0390", "e\u0301\u0301", "\u0301",
    "a\u0327\u0301b", "\u0345", "n\u0303o", "Å Ångström", "\u212b", "ﬁ", "한국어", "\u1112\u1161\u11ab", "가\u11a8", "日本語のテキスト",
    "漢字kanji漢字", "\u3400\u4dbf\U00020000\U0002a6df\U0002f800", "\uf900", "\u3007", "、。", "don't", "it's.", "U.S.A.", "3.14",
    "a_b", "$100", "^`~|+=<>", "€5", "“q”", "—", "a\u00adb", "a\u200bb", "a\u200db", "a\u2060b", "a\ufeffb", "a\u0000b",
    "a\ufffdb", "a\tb\nc\rd", "a\u000bb\u000cc", "a\u0085b", "a\u001cb", "a\u00a0b", "a\u3000b", "a\u2028b", "a\u180eb",
    "a\ue000b", "a\U000f0000b", "a\U0010ffffb", "a\u0378b", "\x7f", "👩‍👩‍👧 family", "🇩🇪", "1️⃣", "❤️", "नमस्ते", "สวัสดี", "שָׁלוֹם", "كِتَابٌ",
    "A" * 100 + "\u0301", "##ing", "#", "un##able", "What is PUE?", "CRAC/CRAH  units",
]
QUESTIONS = [
    "What is a hot aisle?", "What does a PUE of 1.5 mean?", "Why are data centers cooled?",
    "Explain how a UPS bridges the time until the generators start.",
    "List the parts of a chilled-water loop.", "How many racks fit?", "Who invented the transistor?",
    "What is the capital of France? Paris is the capital and the largest city of France.",
    "Describe the trade-off between availability and cost in a data center of tier III, and say when an operator "
    "would choose 2N over N+1, with an example for each of power, cooling and network.",
    "日本の首都は?", "Größe naïve café", "ok",
]


def fnv(data: bytes, value=0xCBF29CE484222325):
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def rows(path, values):
    path.write_text("".join(json.dumps(v, ensure_ascii=False, separators=(",", ":")) + "\n" for v in values))


def lines():
    return [json.loads(line) for line in (FIXTURES / "tokenizers/lines.jsonl").read_text().split("\n") if line]


def template(tokenizer):
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    return processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", cls), ("[SEP]", sep)])


def tiny_vocabulary():
    """The most frequent characters, words and parts of words of the lines, the first ones by code point among equals:
    the trainers of the package break ties by chance."""
    normalizer, cutter = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    words = collections.Counter()
    for line in lines():
        words.update(word for word, _ in cutter.pre_tokenize_str(normalizer.normalize_str(line)))
    letters, parts = collections.Counter(), collections.Counter()
    for word, count in words.items():
        for start in range(len(word)):
            letters[word[start]] += count
            for end in range(start + 1, min(len(word), start + 4) + 1):
                if start:
                    parts["##" + word[start:end]] += count

    def top(counter, count):
        return [key for key, _ in sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:count]]

    vocabulary = SPECIALS + top(letters, 160) + top(parts, 330)
    vocabulary += [word for word in top(words, 300) if word not in set(vocabulary)][:200]
    return {token: id for id, token in enumerate(vocabulary)}


def tiny_tokenizer():
    vocabulary = tiny_vocabulary()
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(SPECIALS)
    tokenizer.post_processor = template(tokenizer)
    return tokenizer


def tokenizer_goldens(tokenizer, out):
    rows(out / "bert.ids.jsonl", [tokenizer.encode(line).ids for line in lines()])
    extra = []
    for text in EXTRA:
        ids = tokenizer.encode(text).ids
        tokenizer.encode_special_tokens = True
        extra.append({"text": text, "ids": ids, "plain": tokenizer.encode(text).ids})
        tokenizer.encode_special_tokens = False
    rows(out / "bert.extra.jsonl", extra)

    rng = random.Random(5)
    words = "the rack cooling of and power supply is what how a data generator".split()
    pairs = []
    for limit in (8, 9, 16, 17, 40, 128):
        for shape in ((0, 0), (1, 1), (3, 30), (30, 3), (12, 13), (13, 12), (20, 20), (0, 30), (60, 60), (7, 90)):
            a, b = (" ".join(rng.choice(words) for _ in range(n)) for n in shape)
            tokenizer.enable_truncation(limit, strategy="longest_first")
            encoding = tokenizer.encode(a, b)
            pairs.append({"a": a, "b": b, "limit": limit, "ids": encoding.ids, "types": encoding.type_ids})
            single = tokenizer.encode(a)
            pairs.append({"a": a, "b": None, "limit": limit, "ids": single.ids, "types": single.type_ids})
            tokenizer.no_truncation()
    rows(out / "bert.pairs.jsonl", pairs)

    hashes = []
    for block in range(0, 0x110000, 4096):
        value = 0xCBF29CE484222325
        for scalar in range(block, block + 4096):
            if 0xD800 <= scalar < 0xE000:
                continue
            text = tokenizer.normalizer.normalize_str("a" + chr(scalar) + "b")
            pieces = [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]
            value = fnv("\x01".join(pieces).encode() + b"\x02", value)
        hashes.append(f"{value:016x}")
    (out / "bert.scalars.json").write_text(json.dumps(hashes) + "\n")


def normal(name, shape, std, mean=0.0):
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return torch.from_numpy((mean + std * generator.standard_normal(tuple(shape))).astype(np.float32))


def tiny_model(tokenizer, out):
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=3, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64, type_vocab_size=2, layer_norm_eps=1e-12,
        id2label={0: "factual", 1: "conceptual"}, label2id={"factual": 0, "conceptual": 1})
    config._attn_implementation = "eager"
    model = BertForSequenceClassification(config).float().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("LayerNorm.weight"):
                parameter.copy_(normal(name, parameter.shape, 0.1, mean=1.0))
            elif name.endswith("bias"):
                parameter.copy_(normal(name, parameter.shape, 0.2))
            elif "embeddings" in name:
                parameter.copy_(normal(name, parameter.shape, 0.5))
            else:
                parameter.copy_(normal(name, parameter.shape, 1.5 / math.sqrt(parameter.shape[1])))
    model.save_pretrained(out)
    tokenizer.save(str(out / "tokenizer.json"))
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (out / "vocab.txt").write_text("".join(token + "\n" for token, _ in vocabulary))
    return model


def model_goldens(model, tokenizer, out):
    inputs = []
    for index, text in enumerate(QUESTIONS[:7]):
        pair = "The aisle that servers blow into." if index % 3 == 2 else None
        encoding = tokenizer.encode(text, pair)
        # At most the 64 positions there are, and one input of 50 tokens: more than a block of attention.
        inputs.append({"ids": encoding.ids[:50], "types": encoding.type_ids[:50], "label": index % 2})
    generator = np.random.Generator(np.random.PCG64(7))
    for length in (1, 3, 50, 64):
        ids = generator.integers(0, tokenizer.get_vocab_size(), length).tolist()
        types = [0] * (length // 2) + [1] * (length - length // 2)
        inputs.append({"ids": ids, "types": types, "label": length % 2})
    found = {"hidden": [], "mean": [], "pooled": [], "logits": []}
    losses = []
    for item in inputs:
        ids, types = torch.tensor([item["ids"]]), torch.tensor([item["types"]])
        output = model.bert(input_ids=ids, token_type_ids=types)
        logits = model.classifier(output.pooler_output)
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([item["label"]]))
        (loss / len(inputs)).backward()
        losses.append(loss.item())
        found["hidden"].append(output.last_hidden_state[0].detach())
        found["mean"].append(output.last_hidden_state.detach().mean(1))
        found["pooled"].append(output.pooler_output.detach())
        found["logits"].append(logits.detach())
    tensors = {name: torch.cat(parts).contiguous() for name, parts in found.items()}
    for name, parameter in model.named_parameters():
        tensors[f"grad/{name}"] = parameter.grad.contiguous()
    save_file(tensors, out / "bert.safetensors")
    (out / "bert.json").write_text(json.dumps({
        "inputs": inputs, "losses": losses, "loss": sum(losses) / len(losses),
        "made_with": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
                      "tokenizers": tokenizers.__version__}}, separators=(",", ":")) + "\n")


def real_goldens(folder, out, tokenizer_out):
    tokenizer = Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rows(tokenizer_out / "minilm.ids.jsonl", [tokenizer.encode(line).ids for line in lines()])
    model = BertModel.from_pretrained(folder, attn_implementation="eager").float().eval()
    means = []
    with torch.no_grad():
        for index, text in enumerate(QUESTIONS):
            ids = torch.tensor([tokenizer.encode(text).ids])
            hidden = model(input_ids=ids, token_type_ids=torch.zeros_like(ids)).last_hidden_state
            means.append(torch.nn.functional.normalize(hidden.mean(1)))
            first = hidden[0] if index == 0 else first
    save_file({"hidden": first.contiguous(), "mean": torch.cat(means).contiguous()}, out / "minilm.safetensors")
    (out / "minilm.json").write_text(json.dumps({"texts": QUESTIONS}, ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="the real MiniLM, a Hugging Face folder")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    (FIXTURES / "models/bert").mkdir(parents=True, exist_ok=True)
    tokenizer = tiny_tokenizer()
    tokenizer_goldens(tokenizer, FIXTURES / "tokenizers")
    model = tiny_model(tokenizer, FIXTURES / "models/bert")
    model_goldens(model, tokenizer, FIXTURES / "goldens")
    if arguments.model:
        real_goldens(arguments.model, FIXTURES / "goldens", FIXTURES / "tokenizers")


if __name__ == "__main__":
    main()
