#!/usr/bin/env python3
"""Run our training benchmark and PyTorch's alternately and print the medians and the ratios.

    python compare_training.py .build/release/assay --model smollm2-135m --hf-model HF_FOLDER
        [--case qa] [--rounds 3] [--steps 10] [--precisions f32,bf16] [--no-compile]
        [--pytorch-precisions f32,bf16,autocast] [--timeout 900] [--json]

Each round runs every configuration once, ours and PyTorch's in turn, each in a process of its own: on a
shared machine a slow minute then falls on all of them. PyTorch: f32, bf16 and autocast, eager and (unless
--no-compile) compiled. If there is no C++ compiler for torch.compile, or if a run takes longer than the
timeout (as bfloat16 can on a CPU without AVX-512), the table says so. Ours: `assay bench train`.

The ratios compare our fastest configuration with the fastest eager and the fastest compiled one of PyTorch.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = ["qa", "packed-1x1024", "packed-4x512"]
KEYS = ["tokens_per_second", "ms_per_step", "first_step_seconds", "peak_rss_bytes"]
NO_COMPILER = 3  # exit status of pytorch_lora.py


def last_json_object(text: str) -> dict:
    """The JSON object that ends the output, on one line or indented over several."""
    starts = [i for i, c in enumerate(text) if c == "{" and (i == 0 or text[i - 1] == "\n")]
    for start in reversed(starts):
        try:
            return json.loads(text[start:])
        except json.JSONDecodeError:
            continue
    raise ValueError("the output does not end with a JSON object")


def run(command: list, timeout: float) -> dict | str:
    """The figures, or one line that says why there are none."""
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"not done within {timeout:.0f} s"
    except OSError as problem:
        return str(problem)
    if done.returncode == NO_COMPILER and "compiler" in done.stderr:
        return "no C++ compiler here"
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["no message"])[-1][:100] + f" (exit {done.returncode})"
    try:
        figures = last_json_object(done.stdout)
    except ValueError as problem:
        return str(problem)
    missing = [key for key in KEYS if key not in figures]
    return f"no {', '.join(missing)} in its figures" if missing else figures


def configurations(arguments) -> dict:
    """Name -> command, ours first."""
    shared = ["--case", arguments.case, "--threads", arguments.threads, "--json"]
    commands = {
        f"assay {p}": [arguments.assay, "bench", "train", "--model", arguments.model, "--precision", p,
                       *shared, *arguments.assay_option]
        for p in arguments.precisions.split(",")}
    for compiled in [False] if arguments.no_compile else [False, True]:
        for precision in arguments.pytorch_precisions.split(","):
            name = f"pytorch {precision}" + (" compiled" if compiled else "")
            commands[name] = [
                sys.executable, HERE / "pytorch_lora.py", "--model", arguments.hf_model,
                "--precision", precision, "--steps", arguments.steps, *shared,
                *(["--compile"] if compiled else [])]
    return commands


def fastest(medians: dict, wanted) -> str | None:
    names = [name for name in medians if wanted(name)]
    return max(names, key=lambda name: medians[name]["tokens_per_second"], default=None)


def compare(medians: dict) -> list:
    ours = fastest(medians, lambda n: n.startswith("assay"))
    peers = [
        fastest(medians, lambda n: n.startswith("pytorch") and not n.endswith("compiled")),
        fastest(medians, lambda n: n.endswith("compiled"))]
    found = []
    for peer in peers:
        if ours and peer:
            a, b = medians[ours], medians[peer]
            found.append({
                "ours": ours, "peer": peer,
                "tokens_per_second_ratio": a["tokens_per_second"] / b["tokens_per_second"],
                "first_step_ratio": b["first_step_seconds"] / a["first_step_seconds"],
                "peak_rss_ratio": b["peak_rss_bytes"] / a["peak_rss_bytes"]})
    return found


def print_table(case: str, rounds: int, medians: dict, problems: dict, ratios: list) -> None:
    print(f"\n{case}, medians of {rounds} rounds")
    print(f"{'':28}{'tokens/s':>10}{'ms/step':>10}{'first step s':>14}{'peak GB':>9}")
    for name, m in medians.items():
        print(f"{name:28}{m['tokens_per_second']:10.1f}{m['ms_per_step']:10.0f}"
              f"{m['first_step_seconds']:14.1f}{m['peak_rss_bytes'] / 1e9:9.2f}")
    for name, problem in problems.items():
        print(f"{name:28}{problem}")
    for r in ratios:
        print(f"{r['ours']} against {r['peer']}: {r['tokens_per_second_ratio']:.2f}× the tokens/s, first "
              f"step {r['first_step_ratio']:.1f}× sooner, {r['peak_rss_ratio']:.1f}× less memory")


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare our training speed with PyTorch + PEFT's.")
    parser.add_argument("assay", type=Path, help="the assay binary, built with -c release")
    parser.add_argument("--model", required=True, help="model for assay: a name, folder or GGUF file")
    parser.add_argument("--hf-model", type=Path, required=True, help="the same weights for PyTorch")
    parser.add_argument("--case", choices=CASES, default="qa")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10, help="timed steps of PyTorch per round (default 10)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precisions", default="f32,bf16", help="ours, separated by commas")
    parser.add_argument("--pytorch-precisions", default="f32,bf16,autocast", help="PyTorch's")
    parser.add_argument("--timeout", type=float, default=900, help="seconds a run may take (default 900)")
    parser.add_argument("--assay-option", action="append", default=[], help="passed on to assay bench train")
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile (minutes a run)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    arguments = parser.parse_args()

    results, problems = {}, {}
    for round_number in range(1, arguments.rounds + 1):
        for name, command in configurations(arguments).items():
            if name in problems:
                continue
            outcome = run(command, arguments.timeout)
            if isinstance(outcome, str):
                problems[name] = outcome
                note = outcome
            else:
                results.setdefault(name, []).append(outcome)
                note = f"{outcome['tokens_per_second']:.1f} tokens/s"
            print(f"round {round_number}/{arguments.rounds}: {name}: {note}", file=sys.stderr, flush=True)

    medians = {n: {k: statistics.median(f[k] for f in runs) for k in KEYS} for n, runs in results.items()}
    ratios = compare(medians)
    if arguments.json:
        print(json.dumps({"case": arguments.case, "rounds": arguments.rounds, "medians": medians,
                          "problems": problems, "ratios": ratios}))
    else:
        print_table(arguments.case, arguments.rounds, medians, problems, ratios)
    return 1 if any(name.startswith("assay") for name in problems) or not ratios else 0


if __name__ == "__main__":
    sys.exit(main())
