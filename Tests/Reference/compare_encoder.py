#!/usr/bin/env python3
"""Run our encoder and transformers alternately on the same questions and print the medians and the ratios.

    python compare_encoder.py .build/release/assay --model minilm --hf-model MINILM_FOLDER --questions FILE
        [--count 2048] [--rounds 3] [--threads 2] [--json]

FILE: a question a line, or a CSV with a column `question`. The first --count distinct lines are taken. transformers:
float32 and bfloat16, batches of 32 padded to their longest, as the questions come and sorted by length; tokenizing
included, mean pooling as all-MiniLM's card has it. Ours: `assay bench embed`, one round a turn after a warm-up.
On a shared machine a slow minute falls on all of them; the load is printed, and so are the questions for each second of
CPU time that was really had, ours with its share of loading and warm-up.
"""

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from transformers import AutoTokenizer, BertModel

BATCH = 32


def questions(path, count):
    with open(path, encoding="utf-8", newline="") as file:
        if path.endswith(".csv"):
            found = (row["question"] for row in csv.DictReader(file))
        else:
            found = iter(file.read().split("\n"))
        lines = dict.fromkeys(" ".join(line.split()) for line in found)
    return [line for line in lines if line][:count]


def embed(model, tokenizer, texts):
    """Mean-pooled, normalised vectors of texts, a batch of 32 at a time."""
    out = []
    with torch.inference_mode():
        for start in range(0, len(texts), BATCH):
            batch = tokenizer(texts[start:start + BATCH], padding=True, truncation=True, max_length=256,
                              return_tensors="pt")
            hidden = model(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1).float()
            mean = (hidden * mask).sum(1) / mask.sum(1)
            out.append(torch.nn.functional.normalize(mean))
    return torch.cat(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assay")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--hf-model", required=True)
    parser.add_argument("--questions", required=True)
    parser.add_argument("--count", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    texts = questions(arguments.questions, arguments.count)
    tokenizer = AutoTokenizer.from_pretrained(arguments.hf_model)
    by_length = sorted(texts, key=len)
    models = {
        name: BertModel.from_pretrained(arguments.hf_model, dtype=dtype).eval()
        for name, dtype in (("f32", torch.float32), ("bf16", torch.bfloat16))}

    def transformers_turn(precision, order):
        start, cpu = time.perf_counter(), time.process_time()
        embed(models[precision], tokenizer, order)
        return len(texts) / (time.perf_counter() - start), len(texts) / (time.process_time() - cpu)

    def our_turn(precision, path):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [arguments.assay, "bench", "embed", path, "--model", arguments.model, "--precision", precision,
             "--threads", str(arguments.threads), "--rounds", "1", "--json"], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return json.loads(done.stdout)["texts_per_second"], 2 * len(texts) / cpu  # two rounds with the warm-up

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "questions.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(texts) + "\n")
        turns = {
            "assay f32": lambda: our_turn("f32", path), "assay bf16": lambda: our_turn("bf16", path),
            "transformers f32": lambda: transformers_turn("f32", texts),
            "transformers f32 sorted": lambda: transformers_turn("f32", by_length),
            "transformers bf16": lambda: transformers_turn("bf16", texts),
            "transformers bf16 sorted": lambda: transformers_turn("bf16", by_length)}
        for precision in models:  # warm up
            embed(models[precision], tokenizer, texts[:256])
        found = {name: [] for name in turns}
        loads = [os.getloadavg()[0]]
        for _ in range(arguments.rounds):
            for name, turn in turns.items():
                found[name].append(turn())
            loads.append(os.getloadavg()[0])
    per_cpu_second = {name: statistics.median(cpu for _, cpu in turns) for name, turns in found.items()}
    found = {name: [rate for rate, _ in turns] for name, turns in found.items()}
    medians = {name: statistics.median(values) for name, values in found.items()}
    ours = max(value for name, value in medians.items() if name.startswith("assay"))
    theirs = max(value for name, value in medians.items() if not name.startswith("assay"))
    figures = {
        "questions": len(texts), "questions_per_second": medians,
        "questions_per_cpu_second": per_cpu_second, "fastest": {name: max(values) for name, values in found.items()},
        "times_f32_as_they_come": ours / medians["transformers f32"], "times_fastest": ours / theirs,
        "load": loads}
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in medians.items():
        print(f"{name:26} {value:8.0f} questions/s   fastest {figures['fastest'][name]:6.0f}   "
              f"{per_cpu_second[name]:6.0f} a CPU second")
    print(f"ours is {figures['times_f32_as_they_come']:.2f} × transformers f32 as they come, "
          f"{figures['times_fastest']:.2f} × its fastest; load {min(loads):.1f}–{max(loads):.1f}")


if __name__ == "__main__":
    main()
