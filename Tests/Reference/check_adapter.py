#!/usr/bin/env python3
"""Prove that an adapter written by assay means in PEFT what it means in our engine.

    assay ask --model M --adapter DIR --precision f32 --json --top-logprobs 5 --max-tokens 16 \\
        --temperature 0 "QUESTION" > ours.json
    python check_adapter.py --model HF_FOLDER --adapter DIR --ours ours.json --question "QUESTION"

HF_FOLDER holds the same weights as M (gguf_to_hf.py makes one from a GGUF). Checked, in this order:
 1. PEFT loads the folder without a missing or unexpected key, and holds exactly the file's tensors;
 2. the adapter is not a no-op: the logits differ from the base model's;
 3. our tokens, fed to PyTorch after the chat template's prompt, have there the log-probabilities that we
    printed, and so do our top lists, within --tolerance relative (to at least one nat, as log p goes to 0 for
    a sure token);
 4. our tokens are the greedy choice and our top lists hold PyTorch's top tokens (near ties excepted);
 5. the answer is the decoded text of the tokens.
Exit status 0 if all hold, 1 if one does not. With SmolLM2-135M it takes about 15 s.
"""

import argparse
import json
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer


class Failed(Exception):
    pass


def load_adapter(base, folder: Path) -> PeftModel:
    """The model with the adapter, every tensor of the file in it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tuned = PeftModel.from_pretrained(base, folder)
    complaints = [str(w.message) for w in caught if "adapter keys" in str(w.message)]
    if complaints:
        raise Failed(f"PEFT warned while it loaded {folder}: {complaints[0][:300]}")
    on_disk = load_file(folder / "adapter_model.safetensors")
    loaded = get_peft_model_state_dict(tuned)
    if on_disk.keys() != loaded.keys():
        odd = sorted(on_disk.keys() ^ loaded.keys())
        raise Failed(f"{len(odd)} tensors are in the file or in PEFT but not in both, first {odd[0]}")
    for key, value in on_disk.items():
        if not torch.equal(value.float(), loaded[key].float()):
            raise Failed(f"{key}: PEFT holds other values than the file")
    print(f"PEFT holds all {len(on_disk)} tensors of {folder}")
    return tuned.eval()


def prompt_ids(tokenizer, question: str) -> list:
    return tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], add_generation_prompt=True, return_dict=True)["input_ids"]


def difference(ours: float, theirs: float) -> float:
    return abs(ours - theirs) / max(1.0, abs(theirs))


def check_token(position: int, token: dict, scores: torch.Tensor, tolerance: float) -> float:
    """The largest relative difference of the token's log-probabilities; raises where the choice differs."""
    listed = token.get("top_logprobs", [])
    pairs = [(token["id"], token["logprob"])] + [(t["id"], t["logprob"]) for t in listed]
    worst = 0.0
    for identifier, ours in pairs:
        theirs = scores[identifier].item()
        off = difference(ours, theirs)
        if not off <= tolerance:  # a NaN fails too
            raise Failed(f"token {position}: log p of id {identifier} is {ours:.6f} in ours, {theirs:.6f} in "
                         f"PyTorch ({off:.1e} relative)")
        worst = max(worst, off)
    best = scores.max().item()
    if difference(scores[token["id"]].item(), best) > tolerance:
        raise Failed(f"token {position}: id {token['id']} is not the greedy choice {scores.argmax().item()}")
    if listed:
        least = scores[[t["id"] for t in listed]].min().item()
        bound = scores.topk(len(listed)).values[-1].item()
        if difference(least, bound) > tolerance:
            raise Failed(f"token {position}: the top list holds a token of log p {least:.4f}, the "
                         f"{len(listed)}th best in PyTorch has {bound:.4f}")
    return worst


@torch.no_grad()
def check(arguments) -> None:
    ours = json.loads(arguments.ours.read_text())
    if not ours.get("tokens"):
        raise Failed(f"{arguments.ours}: no tokens to compare")
    if not any(t.get("top_logprobs") for t in ours["tokens"]):
        raise Failed(f"{arguments.ours}: no top_logprobs; ask with --top-logprobs 5")
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    base = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    tuned = load_adapter(base, arguments.adapter)

    prompt = prompt_ids(tokenizer, arguments.question)
    answer = [t["id"] for t in ours["tokens"]]
    ids = torch.tensor([prompt + answer])
    logits = tuned(input_ids=ids, use_cache=False).logits[0]
    with tuned.disable_adapter():
        change = (logits - tuned(input_ids=ids, use_cache=False).logits[0]).abs().max().item()
    if not change > 1e-3:
        raise Failed(f"the adapter is a no-op: no logit changes by more than {change:.1e}")
    print(f"not a no-op: logits change by up to {change:.3f}")

    scores = torch.log_softmax(logits[len(prompt) - 1:-1], dim=-1)
    worst = max(check_token(i, t, scores[i], arguments.tolerance) for i, t in enumerate(ours["tokens"]))
    print(f"{len(answer)} tokens agree: largest difference of a log-probability {worst:.1e} relative")

    text = tokenizer.decode(answer, skip_special_tokens=True)
    if text.strip() != ours["answer"].strip():
        raise Failed(f"the tokens decode to {text!r}, the answer is {ours['answer']!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare an adapter's meaning in PEFT and in assay.")
    parser.add_argument("--model", type=Path, required=True, help="Hugging Face folder with the same weights")
    parser.add_argument("--adapter", type=Path, required=True, help="PEFT folder written by assay")
    parser.add_argument("--ours", type=Path, required=True, help="what `assay ask --json` printed")
    parser.add_argument("--question", required=True, help="the question that was asked")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    arguments = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    try:
        check(arguments)
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
