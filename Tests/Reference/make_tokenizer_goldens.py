#!/usr/bin/env python3
"""Make the tokenizer goldens in Tests/LanguageModelsTests/Fixtures/tokenizers.

    python3 -m venv V && V/bin/pip install -r Tests/Reference/requirements-tokenizers.txt
    V/bin/python Tests/Reference/make_tokenizer_goldens.py [--gguf SmolLM2-135M-Instruct.Q4_1.gguf]

Trains one small tokenizer per family, with the normalizer, pre-tokenizer, post-processor, decoder and
added tokens of the real one, and writes
    lines.jsonl            the texts, one JSON string a line
    NAME.tokenizer.json    the trained tokenizer
    NAME.ids.jsonl         the reference's ids of each text (special tokens added and parsed)
    NAME.plain.jsonl       the ids of the texts that hold special tokens, with those kept as text:
                           [line, [ids]]
    smollm2.ids.jsonl      with --gguf: ids by the real SmolLM2 vocabulary
    sentencepiece.json     the Llama-2 style tokenizer as GGUF metadata (tokens, scores, types)
Everything follows from the seed and the word lists below; training is deterministic.
"""

import argparse
import collections
import json
import pathlib
import random

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers,
                        processors, trainers)

SEED = 20240717
LINE_COUNT = 2100
OUT = pathlib.Path(__file__).resolve().parents[1] / "LanguageModelsTests" / "Fixtures" / "tokenizers"

MODERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

ENGLISH = """the of and to in a is that it for was on are with as they at be this have from or had by not word
but what some we can out other were all there when up use your how said an each she which do their time if
will way about many then them write would like so these her long make thing see him two has look more day
could go come did number sound no most people my over know water than call first who may down side been now
find any new work part take get place made live where after back little only round man year came show every
good me give our under name very through just form sentence great think say help low line differ turn cause
server rack cooling power supply redundant uninterruptible generator airflow aisle containment chiller
temperature humidity voltage ampere kilowatt efficiency throughput latency bandwidth switch fibre optical
maintenance operator diagnosis virtualisation orchestration misconfiguration hyperconverged intercontinental
""".split()
CONTRACTIONS = """don't DON'T it's IT'S we're WE'RE they've THEY'VE I'm I'M you'll YOU'LL he'd HE'D Can't
o'clock rock'n'roll 'tis 'S 'T 'Re 'vE 'lL 's't'm it’s we’ll 'ſ ' '' 'll've 'D 'x 're're y'all'd""".split()
CJK = ["数据中心的冷却系统", "人工智能", "東京都港区", "こんにちは世界", "カタカナ", "데이터 센터", "한국어",
       "你好，世界！", "「引用」", "㈱", "１２３", "二〇二四年", "𠮷野家", "々", "ー", "ﾊﾝｶｸ"]
ARABIC = ["مركز البيانات", "السلام عليكم", "كِتَابٌ", "١٢٣٤", "لا", "ـــ", "ﷺ", "سلام،"]
HEBREW = ["שלום עולם", "מרכז נתונים", "בְּרֵאשִׁית", "צה״ל", "אֲנִי"]
THAI = ["สวัสดีชาวโลก", "ศูนย์ข้อมูล", "น้ำ", "๑๒๓", "เครื่องปรับอากาศ"]
DEVANAGARI = ["नमस्ते दुनिया", "डेटा केंद्र", "क्षत्रिय", "१२३", "हिन्दी", "ज़िंदगी"]
OTHER_SCRIPTS = ["Привет, мир", "Ёлка ёлка", "Ελληνικά", "ΰ", "Straße", "naïve", "İstanbul", "ıI", "Ǆ ǅ ǆ",
                 "ﬁne ﬂow", "Ⅷ ⅷ", "½ ¾ ²³", "①②③", "ქართული", "Հայերեն", "አማርኛ", "বাংলা", "தமிழ்", "ᚠᚢᚦ", "ªº"]
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️", "🧑🏿‍🚀", "👩🏻‍❤️‍💋‍👨🏾", "☺︎", "1️⃣", "🫠", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👁️‍🗨️", "🤷‍♀️"]
CODE = ["for (int i = 0; i < n; ++i) {", "\treturn x->y[i] << 3;", "def f(self, *args, **kwargs):",
        "    if x != None and y>=0x1F:", "let s = \"a\\n\\tb\"; // note", "#include <stdio.h>",
        "SELECT * FROM t WHERE a='b';", "<div class=\"x\">&nbsp;</div>", "a+=b--*c%d^e|f&~g", "}}}})));;", "$HOME/.config",
        "https://example.org/a/b?c=d&e=f#g", "user@example.com", "{\"k\":[1,2.5e-3,null]}", "x_1 = y_2**2", "===", "/* … */"]
SPACES = [" ", "  ", "   ", "      ", "\t", "\t\t", " \t ", "\n", "\n\n", "\n\n\n", "\r\n", "\r\n\r\n", "\r", " \n",
          "\n ", "  \n  ", "\u00a0", "\u00a0\u00a0", "\u3000", "\u2003\u2003", "\u2028", "\u0085", "\v", "\f", "\u200b",
          "\u1680", "\u202f", " \u00a0 ", "\n\t\n", "\ufeff", "\u180e", "\x1f", "\x1c"]
DIGITS = ["0", "7", "42", "123", "1234", "12345", "1234567890", "3.14159", "1,000,000", "2024-07-17", "10%", "1e-5",
          "٣٤٥٦", "१२३४५", "Ⅻ", "x86_64", "v1.2.3", "0000", "1/2", "½½½½", "๑๒๓๔", "１２３４５"]
MARKS = ["e\u0301", "\u00e9", "a\u030a\u0323", "\u212b", "\u1e69", "s\u0323\u0307", "s\u0307\u0323", "\u0301", "\u0301\u0302x", "q\u0307\u0323",
         "\uac00\u11a8", "\u1100\u1161\u11a8", "\u2126", "\u0958", "\u2adc", "\u0344", "a\u200d", "\u200c\u200d"]
ODD = ["\ufffd", "\ufffd\ufffd", "\ue000", "\uf8ff\ue123", "\U000f0000", "\U0010fffd", "\x00", "\x01\x02", "\x7f", "\x80", "\x9f",
       "\u00ad", "\u2060", "\uffff", "\ufdd0", "\u0378", "\U0001f9ff", "\U000e0001", "\x04\x06", "\U000c0000", "▁", "▁▁a", "Ġ", "Ċ", "<0x41>"]
PUNCTUATION = [".", ",", "!", "?", "...", "…", "—", "--", "(", ")", "[", "]", "«", "»", "“", "”", ":", ";", "'", "\"", "¿", "、", "。", "$", "€", "№", "^", "~", "°"]
SPECIALS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|eot_id|>", "<|end_of_text|>",
            "<|start_header_id|>", "<s>", "</s>", "<unk>", "<tool_call>", "<mask>", "<word>", "<norm>", "<|im_end", "<|im_end|",
            "<<|im_end|>>", "<|im_start|><|im_start|>", "<lr>", "<|im_end|>\n", " <mask> ", "x<word>y", "é<norm>"]
GROUPS = [CONTRACTIONS, CJK, ARABIC, HEBREW, THAI, DEVANAGARI, OTHER_SCRIPTS, EMOJI, CODE, DIGITS, MARKS, ODD, PUNCTUATION]


def case(rng, word):
    return rng.choice([word, word, word, word, word.capitalize(), word.upper()])


def sentence(rng, count):
    words = [case(rng, rng.choice(ENGLISH)) for _ in range(count)]
    return " ".join(words) + rng.choice([".", "?", "!", "", ",", ":"])


def line(rng, index):
    kind = index % 12
    if kind < 3:
        return sentence(rng, rng.randint(3, 12))
    if kind < 6:  # one script among words
        group = GROUPS[(index // 12) % len(GROUPS)]
        parts = [rng.choice(group) if rng.random() < .5 else case(rng, rng.choice(ENGLISH)) for _ in range(rng.randint(2, 7))]
        return rng.choice([" ", " ", "", "  "]).join(parts)
    if kind < 8:  # whitespace between everything
        parts = []
        for _ in range(rng.randint(2, 6)):
            parts += [rng.choice(SPACES), rng.choice(rng.choice(GROUPS + [ENGLISH, ENGLISH]))]
        return "".join(parts + ([rng.choice(SPACES)] if rng.random() < .5 else []))
    if kind == 8:
        return "".join(rng.choice(SPACES) for _ in range(rng.randint(1, 6)))
    if kind == 9:  # special tokens inside text
        parts = []
        for _ in range(rng.randint(1, 4)):
            parts += [rng.choice(["", " ", "  ", "\n", rng.choice(ENGLISH), rng.choice(rng.choice(GROUPS))]), rng.choice(SPECIALS)]
        return "".join(parts + [rng.choice(["", " ", "\n\n", rng.choice(ENGLISH), " " + rng.choice(ENGLISH)])])
    if kind == 10:  # no spaces at all
        return "".join(rng.choice(rng.choice(GROUPS)) for _ in range(rng.randint(2, 6)))
    # any scalars of any plane
    planes = [(0x20, 0x24F), (0x250, 0x6FF), (0x700, 0x1FFF), (0x2000, 0x2FFF), (0x3000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x2FA1F), (0xE0000, 0x10FFFF)]
    return "".join(chr(rng.randint(*rng.choice(planes))) for _ in range(rng.randint(2, 10)))


def make_lines():
    rng = random.Random(SEED)
    fixed = ["", " ", "  ", "\n", "a", "'", "''", "\u0301", "Hello, world!", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
             "the" * 40, " " * 70, "ab" * 45, "\n" * 50, "1" * 60, "é" * 50, "…" * 45, "\u00a0" * 20 + "x", " the" * 12]
    lines = fixed + [line(rng, index) for index in range(LINE_COUNT - len(fixed))]
    assert len(lines) == LINE_COUNT
    return lines


def corpus(lines):
    rng = random.Random(SEED + 1)
    return [sentence(rng, 12) for _ in range(3000)] + [l for i, l in enumerate(lines) if i % 12 != 11]


def added_extras():
    """One added token for each flag, beside the family's own."""
    return [AddedToken("<tool_call>", special=False, normalized=False),
            AddedToken("<mask>", special=True, lstrip=True, normalized=False),
            AddedToken("<lr>", special=False, lstrip=True, rstrip=True, normalized=False),
            AddedToken("<word>", special=False, single_word=True, normalized=False),
            AddedToken("<norm>", special=False, normalized=True)]


def special(*names):
    return [AddedToken(name, special=True, normalized=False) for name in names]


ALPHABET = 400


def most_frequent_characters(texts):
    """The trainer's own choice among equally frequent characters differs from run to run."""
    counts = collections.Counter("".join(texts).replace(" ", "▁"))
    return [c for c, _ in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:ALPHABET]]


def train(tokenizer, texts, specials, size, alphabet):
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=specials, initial_alphabet=alphabet,
                                  show_progress=False, limit_alphabet=ALPHABET)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens(added_extras())


BYTES = pre_tokenizers.ByteLevel.alphabet()


def gpt2(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    train(tokenizer, texts, special("<|endoftext|>"), 2500, BYTES)
    return tokenizer


def smollm(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, texts, special("<|endoftext|>", "<|im_start|>", "<|im_end|>"), 2500, BYTES)
    return tokenizer


def llama3(texts):
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(MODERN % r"\p{N}{1,3}"), "isolated", invert=False),
         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, texts, [], 2500, BYTES)
    tokenizer.add_special_tokens(special("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"))
    bos = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence(
        [processors.ByteLevel(trim_offsets=False),
         processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
                                       special_tokens=[("<|begin_of_text|>", bos)])])
    return tokenizer


def qwen2(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(MODERN % r"\p{N}"), "isolated", invert=False),
         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    train(tokenizer, texts, [], 2500, BYTES)
    tokenizer.add_special_tokens(special("<|endoftext|>", "<|im_start|>", "<|im_end|>"))
    return tokenizer


def llama2(texts, metaspace=False):
    specials = special("<unk>", "<s>", "</s>")
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    # Trained on words, as SentencePiece trains; the pipeline that encodes cuts nothing.
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    byte_tokens = ["<0x%02X>" % byte for byte in range(256)]
    train(tokenizer, texts, specials + [AddedToken(t, special=True) for t in byte_tokens], 2500,
          most_frequent_characters(texts))
    # The byte tokens are plain vocabulary entries in the real files.
    document = json.loads(tokenizer.to_str())
    document["added_tokens"] = [t for t in document["added_tokens"] if t["content"] not in byte_tokens]
    tokenizer = Tokenizer.from_str(json.dumps(document))
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.pre_tokenizer = None
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return tokenizer


def every_pair(tokenizer):
    """The tokenizer with all merges that its vocabulary allows, as converters from SentencePiece write
    them: ordered by the score (here the id) of what they make, so that merges and scores agree."""
    document = json.loads(tokenizer.to_str())
    vocab = document["model"]["vocab"]
    plain = {t: i for t, i in vocab.items() if i >= 3 + 256}
    merges = []
    for token, index in sorted(plain.items(), key=lambda entry: entry[1]):
        pairs = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
        merges += sorted((p for p in pairs if p[0] in plain and p[1] in plain), key=lambda p: (plain[p[0]], plain[p[1]]))
    document["model"]["merges"] = [list(pair) for pair in merges]
    return Tokenizer.from_str(json.dumps(document))


def sentencepiece_metadata(tokenizer):
    """The same tokenizer as GGUF metadata, without the added tokens of added_extras."""
    document = json.loads(tokenizer.to_str())
    tokens = [t for t, _ in sorted(document["model"]["vocab"].items(), key=lambda entry: entry[1])]
    types = [2, 3, 3] + [6] * 256 + [1] * (len(tokens) - 259)
    return {"tokens": tokens, "scores": [-float(max(0, i - 259)) for i in range(len(tokens))], "types": types}


def smollm2(path):
    from gguf import GGUFReader
    fields = GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    assert fields["tokenizer.ggml.pre"].contents() == "smollm"
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special(*[t for t, kind in zip(tokens, types) if kind == 3]))
    return tokenizer


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_ids(name, tokenizer, lines, plain=True):
    tokenizer.encode_special_tokens = False
    encoded = [tokenizer.encode(l).ids for l in lines]
    (OUT / f"{name}.ids.jsonl").write_text("".join(dump(ids) + "\n" for ids in encoded))
    if plain:
        tokenizer.encode_special_tokens = True
        rows = [[i, tokenizer.encode(l, add_special_tokens=False).ids] for i, l in enumerate(lines) if "<" in l]
        (OUT / f"{name}.plain.jsonl").write_text("".join(dump(row) + "\n" for row in rows))
        tokenizer.encode_special_tokens = False
    return encoded


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gguf", help="the real SmolLM2 model, for smollm2.ids.jsonl")
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    lines = make_lines()
    (OUT / "lines.jsonl").write_text("".join(json.dumps(l) + "\n" for l in lines))
    texts = corpus(lines)
    base = every_pair(llama2(texts))
    metaspace = Tokenizer.from_str(base.to_str())
    metaspace.normalizer = normalizers.Sequence([])
    metaspace.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    families = {"gpt2": gpt2(texts), "smollm": smollm(texts), "llama3": llama3(texts), "qwen2": qwen2(texts),
                "llama2": base, "metaspace": metaspace}
    for name, tokenizer in families.items():
        if name == "metaspace":  # llama2's file with two fields changed by the test
            write_ids(name, tokenizer, lines[:500], plain=False)
            continue
        # Read back what was written, so that the goldens belong to the file.
        text = dump(json.loads(tokenizer.to_str()))
        (OUT / f"{name}.tokenizer.json").write_text(text)
        tokenizer = Tokenizer.from_str(text)
        encoded = write_ids(name, tokenizer, lines)
        print(name, tokenizer.get_vocab_size(), sum(map(len, encoded)))
    (OUT / "sentencepiece.json").write_text(dump(sentencepiece_metadata(families["llama2"])))
    if arguments.gguf:
        write_ids("smollm2", smollm2(arguments.gguf), lines)


if __name__ == "__main__":
    main()
