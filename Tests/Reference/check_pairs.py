#!/usr/bin/env python3
"""Prove that other programs read in our exports of question–answer pairs what we wrote.

    python check_pairs.py .build/release/assay [--rows 2000]

Makes pairs with everything that trips readers, imports them into a new project, exports them in each format, and loads
the files with Python's json and csv; with `datasets` too, where that is installed. A row's question and answer have to
be there unchanged, in the same order. Exit status 0 if all hold, 1 if one does not. It takes a few seconds.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import datasets
except ImportError:
    datasets = None

PIECES = ["word", " ", '"', "'", ",", ";", "\t", "\n", "\r\n", "=", "+1", "-5", "@", "\\", "{}", "[1]", "🧊", "é", "e\u0301",
          "\u001b[31m", "\u0085", "\u2028", "\ufeff", "日本", "'=1+1", "null", "#1"]


def make_pairs(count: int) -> list:
    draw = random.Random(7)

    def text(end: str) -> str:
        return "".join(draw.choice(PIECES) for _ in range(draw.randint(0, 6))) + end

    pairs = []
    for i in range(count):
        pair = {"question": text(f"q{i}?"), "answer": text("a")}
        if draw.random() < 0.5:
            pair["category"] = draw.choice(["factual", "conceptual"])
        if draw.random() < 0.5:
            pair["split"] = draw.choice(["train", "eval", "test"])
        if draw.random() < 0.5:
            pair["source"] = text("s")
        pairs.append(pair)
    return pairs


def of_turns(turns: list, who: str, what: str, names: tuple) -> tuple:
    assert [t[who] for t in turns] == list(names), turns
    return tuple(t[what] for t in turns)


def lines(path: Path) -> list:
    """The way JSON lines are read: split at line feeds."""
    return [json.loads(line) for line in path.read_bytes().decode("utf-8").split("\n") if line]


def table(path: Path, delimiter: str) -> list:
    with path.open(newline="", encoding="utf-8") as file:
        return [(r["question"], r["answer"]) for r in csv.DictReader(file, delimiter=delimiter, strict=True)]


def unguarded(text: str) -> str:
    """A cell that begins with apostrophes and then like a formula has one of them too many."""
    rest = text.lstrip("'")
    return text[1:] if rest != text and rest[:1] in tuple("=+-@\t\r\n") else text


READERS = {
    "jsonl": lambda p: [(r["question"], r["answer"]) for r in lines(p)],
    "messages": lambda p: [of_turns(r["messages"], "role", "content", ("user", "assistant")) for r in lines(p)],
    "prompt-completion": lambda p: [(r["prompt"], r["completion"]) for r in lines(p)],
    "alpaca": lambda p: [(r["instruction"], r["output"]) for r in json.loads(p.read_text("utf-8")) if r["input"] == ""],
    "sharegpt": lambda p: [of_turns(r["conversations"], "from", "value", ("human", "gpt"))
                           for r in json.loads(p.read_text("utf-8"))],
    "squad": lambda p: [(q["question"], q["answers"][0]["text"]) for a in json.loads(p.read_text("utf-8"))["data"]
                        for g in a["paragraphs"] for q in g["qas"]],
    "synthetic-data-kit": lambda p: [(r["question"], r["answer"]) for r in json.loads(p.read_text("utf-8"))["qa_pairs"]],
    "csv": lambda p: [tuple(map(unguarded, r)) for r in table(p, ",")],
    "tsv": lambda p: [tuple(map(unguarded, r)) for r in table(p, "\t")],
}
COLUMNS = {"jsonl": ("question", "answer"), "prompt-completion": ("prompt", "completion"),
           "alpaca": ("instruction", "output"), "csv": ("question", "answer")}


def compare(name: str, ours: list, theirs: list) -> bool:
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if tuple(a) != tuple(b):
            print(f"FAILED: {name}: row {i} is {b!r}, not {a!r}", file=sys.stderr)
            return False
    if len(ours) != len(theirs):
        print(f"FAILED: {name}: {len(theirs)} rows, not {len(ours)}", file=sys.stderr)
        return False
    print(f"{name}: {len(theirs)} pairs agree")
    return True


def load(name: str, path: Path, cache: Path) -> list:
    kind = "csv" if name == "csv" else "json"
    rows = datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=str(cache))
    if name == "messages":
        return [of_turns(r["messages"], "role", "content", ("user", "assistant")) for r in rows]
    if name == "sharegpt":
        return [of_turns(r["conversations"], "from", "value", ("human", "gpt")) for r in rows]
    question, answer = COLUMNS[name]
    return list(zip(rows[question], rows[answer]))


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare assay's exports of pairs with what Python reads in them.")
    parser.add_argument("assay", type=Path, help="the program")
    parser.add_argument("--rows", type=int, default=2000)
    arguments = parser.parse_args()
    program = arguments.assay.resolve()
    pairs = make_pairs(arguments.rows)
    expected = [(p["question"], p["answer"]) for p in pairs]
    good = True
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        source = folder / "pairs.jsonl"
        source.write_text("".join(json.dumps(p) + "\n" for p in pairs))
        project = ["--project", str(folder / "project"), "--quiet"]
        subprocess.run([program, "import", source, *project], check=True, stdout=subprocess.DEVNULL)
        for name, read in READERS.items():
            path = folder / f"{name}.{'json' if name in ('alpaca', 'sharegpt') else name}"
            subprocess.run([program, "export", "pairs", "--format", name, "--output", path, *project], check=True)
            good &= compare(name, expected, read(path))
            if datasets and (name in COLUMNS or name in ("messages", "sharegpt")):
                theirs = load(name, path, folder / "cache")
                ours = [tuple(r) for r in (table(path, ",") if name == "csv" else expected)]
                good &= compare(f"{name} in datasets", ours, theirs)
        mlx = folder / "mlx"
        subprocess.run([program, "export", "pairs", "--format", "mlx", "--output", mlx, *project], check=True)
        parts = [row for part in ("train", "valid", "test") for row in READERS["messages"](mlx / f"{part}.jsonl")]
        good &= compare("mlx", sorted(expected), sorted(parts))
        safe = folder / "safe.csv"
        subprocess.run(
            [program, "export", "pairs", "--for-spreadsheets", "--output", safe, *project], check=True)
        cells = table(safe, ",")
        if any(c[:1] in tuple("=+-@\t\r\n") for row in cells for c in row):
            print("FAILED: a cell for spreadsheets begins like a formula", file=sys.stderr)
            good = False
        good &= compare("csv for spreadsheets", expected, [tuple(map(unguarded, r)) for r in cells])
    if not datasets:
        print("datasets is not installed; it was not asked")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
