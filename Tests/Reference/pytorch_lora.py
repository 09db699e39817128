#!/usr/bin/env python3
"""The peer of `assay bench train`: the same LoRA training work in PyTorch + PEFT, measured.

    python pytorch_lora.py --case qa|packed-1x1024|packed-4x512 --precision f32|bf16|autocast
                           [--compile] [--threads 2] [--steps 10] [--warmup 2] [--model HF_FOLDER] [--json]

The work. LoRA r 16, alpha 32, dropout 0 on q, k, v, o, gate, up and down; AdamW (lr 2e-4, no decay) on the
LoRA tensors, gradient norm clipped at 1.
    qa             step s trains on rows 8s … 8s+7 of qa_case.jsonl, ChatML with its system prompt, padded to
                   the longest of the eight as people do; loss on the answer and its <|im_end|> (labels -100
                   elsewhere)
    packed-BxT     B rows of T random token ids, every token but the first of a row is a target
The precisions, as users have them.
    f32            weights and compute float32
    bf16           weights and compute bfloat16, LoRA tensors float32 as PEFT makes them
    autocast       weights float32, forward pass under torch.autocast("cpu", bfloat16)
`--compile` wraps the model in torch.compile (with dynamic shapes for qa), which needs a C++ compiler; without
one the script says so and exits 3.

The figures, as one JSON object on the last line: `tokens_per_second` (real tokens, padding not counted;
median over the timed steps), `ms_per_step` (median), `tokens_per_step` (mean),
`padded_tokens_per_step`, `first_step_seconds` (from the launch of this process, by the kernel's clock, to the
end of the first step), `peak_rss_bytes`, `losses` and what was run.
"""

import argparse
import contextlib
import json
import os
import platform
import resource
import shutil
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

SYSTEM_PROMPT = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
ROWS_PER_STEP = 8
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
PACKED = {"packed-1x1024": (1, 1024), "packed-4x512": (4, 512)}


def seconds_since_launch() -> float:
    """Age of this process: boot-time clock now minus the start time that the kernel noted."""
    after_name = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
    start_ticks = int(after_name[19])  # field 22 of proc_pid_stat(5)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - start_ticks / os.sysconf("SC_CLK_TCK")


def chatml_row(tokenizer, question: str, answer: str) -> tuple:
    """Token ids up to and with the answer's <|im_end|>, and the index of the first token with a loss."""
    prompt = (f"<|im_start|>system\n{SYSTEM_PROMPT}<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n"
              "<|im_start|>assistant\n")
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    completion = tokenizer(answer + "<|im_end|>", add_special_tokens=False)["input_ids"]
    return ids + completion, len(ids)


def qa_batches(tokenizer, steps: int, torch) -> list:
    lines = (Path(__file__).resolve().parent / "qa_case.jsonl").read_text().splitlines()
    rows = [chatml_row(tokenizer, r["question"], r["answer"]) for r in map(json.loads, lines)]
    batches = []
    for step in range(steps):
        chosen = [rows[(step * ROWS_PER_STEP + i) % len(rows)] for i in range(ROWS_PER_STEP)]
        width = max(len(ids) for ids, _ in chosen)
        ids = torch.full((ROWS_PER_STEP, width), tokenizer.pad_token_id)
        mask = torch.zeros_like(ids)
        labels = torch.full_like(ids, -100)
        for i, (row, start) in enumerate(chosen):
            ids[i, :len(row)] = torch.tensor(row)
            mask[i, :len(row)] = 1
            labels[i, start:len(row)] = torch.tensor(row[start:])
        batches.append({"input_ids": ids, "attention_mask": mask, "labels": labels})
    return batches


def packed_batches(rows: int, length: int, vocabulary: int, steps: int, torch) -> list:
    generator = torch.Generator().manual_seed(1)
    batches = []
    for _ in range(steps):
        ids = torch.randint(0, vocabulary, (rows, length), generator=generator)
        batches.append({"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()})
    return batches


def measure(arguments) -> dict:
    import peft
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    weights = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
    model = transformers.AutoModelForCausalLM.from_pretrained(arguments.model, dtype=weights)
    model.config.use_cache = False
    model = peft.get_peft_model(model, peft.LoraConfig(
        r=16, lora_alpha=32, lora_dropout=0.0, target_modules=TARGETS, task_type="CAUSAL_LM"))
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=2e-4, weight_decay=0.0)

    steps = arguments.warmup + arguments.steps
    if arguments.case == "qa":
        tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
        batches = qa_batches(tokenizer, steps, torch)
    else:
        batches = packed_batches(*PACKED[arguments.case], model.config.vocab_size, steps, torch)
    runner = torch.compile(model, dynamic=arguments.case == "qa" or None) if arguments.compile else model

    def context():
        if arguments.precision == "autocast":
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return contextlib.nullcontext()

    seconds, losses, first = [], [], None
    for index, batch in enumerate(batches):
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with context():
            loss = runner(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - begin)
        first = first if first is not None else seconds_since_launch()
        if not arguments.json:
            print(f"step {index + 1}/{steps}: {seconds[-1]:.2f} s, loss {losses[-1]:.4f}", flush=True)

    real = [int(b["attention_mask"].sum()) for b in batches]
    timed = slice(arguments.warmup, None)
    return {
        "engine": "pytorch", "case": arguments.case, "precision": arguments.precision,
        "compile": arguments.compile, "threads": arguments.threads,
        "tokens_per_second": statistics.median(t / s for t, s in zip(real[timed], seconds[timed])),
        "ms_per_step": 1000 * statistics.median(seconds[timed]),
        "ms_fastest_step": 1000 * min(seconds[timed]),
        "tokens_per_step": statistics.mean(real[timed]),
        "padded_tokens_per_step": statistics.mean(b["input_ids"].numel() for b in batches[timed]),
        "first_step_seconds": first,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "steps": arguments.steps, "warmup": arguments.warmup, "losses": losses,
        "versions": {"python": platform.python_version(), "torch": torch.__version__,
                     "transformers": transformers.__version__, "peft": peft.__version__,
                     "cpu_capability": torch.backends.cpu.get_cpu_capability()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure LoRA training in PyTorch + PEFT.")
    parser.add_argument("--case", choices=["qa", *PACKED], required=True)
    parser.add_argument("--precision", choices=["f32", "bf16", "autocast"], required=True)
    parser.add_argument("--compile", action="store_true", help="torch.compile the model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10, help="timed steps (default 10)")
    parser.add_argument("--warmup", type=int, default=2, help="steps before those, not timed (default 2)")
    parser.add_argument("--model", type=Path, default=Path("smollm2-hf"), help="Hugging Face folder")
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    arguments = parser.parse_args()
    if arguments.steps < 1 or arguments.warmup < 0:
        parser.error("--steps must be at least 1 and --warmup at least 0")
    if not (arguments.model / "config.json").exists():
        parser.error(f"{arguments.model}: no Hugging Face folder; make one with gguf_to_hf.py")
    if arguments.compile and not any(map(shutil.which, [os.environ.get("CXX", "g++"), "g++", "clang++"])):
        print("torch.compile needs a C++ compiler (g++ or clang++), and there is none here", file=sys.stderr)
        return 3
    print(json.dumps(measure(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
