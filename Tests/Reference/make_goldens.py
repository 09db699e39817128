#!/usr/bin/env python3
"""Make the tiny models and the golden numbers that the engine's tests compare against.

Everything is float32 on one CPU thread, every random number comes from a generator seeded by the name of
the tensor it fills, and every sequence runs alone, without padding: what PyTorch + PEFT say of it is the
definition.

    python make_goldens.py            write Tests/LanguageModelsTests/Fixtures/{models,adapters,goldens}
    python make_goldens.py --check    make them again elsewhere and compare with the committed ones

Models (Hugging Face folders, `models/NAME`)
    llama-tied            Llama, tied head, 3 layers; config.json as transformers 5 writes it; has a tokenizer
                          (byte-level BPE, SmolLM's pre-tokenizer, ChatML tokens), so the program can run it
    llama-untied          Llama, own head, Llama-3 RoPE scaling, heads*head_dim != hidden, eps 1e-6;
                          config.json in the spelling of transformers 4
    llama-untied-sharded  the same weights in two shards with an index
    qwen2-tied            Qwen2 (bias on q, k, v), tied head, eps 1e-6; transformers-4 spelling

Adapters (`adapters/NAME-VARIANT`, written by PEFT's save_pretrained; A and B both non-zero)
    lora    r 4, alpha 8, all seven linear layers, scale alpha/r       = 2
    rslora  the same tensors, use_rslora, scale alpha/sqrt(r)          = 4        (llama-tied only)
    qv      the same tensors, q_proj and v_proj only, scale alpha/r    = 2        (llama-tied only)

Golden tensors (`goldens/NAME.safetensors`, all F32). T = tokens of the batch, its sequences one after
another in order; V = vocabulary; MODULE.A = `base_model.model.model.layers.I.self_attn.q_proj.lora_A.weight`
and so on, exactly PEFT's names, A [r, in], B [out, r].
    logits/base, logits/lora, logits/rslora, logits/qv          [T, V]
    adapter/MODULE.A, adapter/MODULE.B                          the starting adapter of all three variants
    grad/lora/MODULE.A …, grad/rslora/…, grad/qv/…              d(mean loss of the batch)/d(tensor), unclipped
    trained/MODULE.A …                                          the `lora` adapter after the training steps

Golden numbers (`goldens/NAME.json`)
    batch           [{"ids": […], "loss_mask": […]}]: five sequences of different lengths. Token i is a target
                    if loss_mask[i] is 1 and is predicted from position i-1; loss_mask[0] is always 0. One
                    sequence has no target at all.
    loss            {"base","lora","rslora","qv"}: sum of -log p over all targets of the batch / their number
    loss_tokens     their number
    variants        {"lora": {"r","alpha","rslora","target_modules"}, …}
    training        hyper-parameters, `batches` (five batches of 2–3 sequences, step s uses batch s mod 5)
                    and, per step: `learning_rate` (the one this step used; the first is 0), `loss` (before
                    the step, mean over the batch's targets), `grad_norm` (of all LoRA gradients together,
                    before clipping)
    generation      greedy: `prompt`, and for base and lora the 12 `ids` and the `logprobs` of these ids
                    (natural logarithm, temperature 1); the end-of-sequence token does not stop it
    made_with       versions
"""

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import warnings
import zlib
from pathlib import Path

if os.environ.get("PYTHONHASHSEED") != "0":  # PEFT writes target_modules in the order of a set
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, *sys.argv])
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    get_cosine_schedule_with_warmup,
)

FIXTURES = Path(__file__).resolve().parent.parent / "LanguageModelsTests" / "Fixtures"
ALL_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
VARIANTS = {
    "lora": {"r": 4, "alpha": 8, "rslora": False, "target_modules": ALL_TARGETS},
    "rslora": {"r": 4, "alpha": 8, "rslora": True, "target_modules": ALL_TARGETS},
    "qv": {"r": 4, "alpha": 8, "rslora": False, "target_modules": ["q_proj", "v_proj"]},
}
TRAINING = {
    "optimizer": "adamw", "peak_learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
    "weight_decay": 0.01, "schedule": "cosine", "warmup_steps": 3, "steps": 20, "max_grad_norm": 1.0,
    "gradient_accumulation": 1, "variant": "lora",
}
GENERATED_TOKENS = 12


# MARK: Random numbers that do not depend on the order they are asked for


def rng(name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def normal(name: str, shape, std: float, mean: float = 0.0) -> torch.Tensor:
    values = mean + std * rng(name).standard_normal(tuple(shape))
    return torch.from_numpy(values.astype(np.float32))


# MARK: Tiny models


def tiny_configs() -> dict:
    llama_tied = LlamaConfig(
        vocab_size=288, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, max_position_embeddings=256, rms_norm_eps=1e-5,
        tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        bos_token_id=1, eos_token_id=2, pad_token_id=2)
    # Wavelengths of head_dim 16 at theta 500000 are 6, 32, 167, 862 … tokens: with 64 original positions and
    # factors 1 and 4, one stays, one is interpolated, the others are divided by 8. All branches are taken.
    llama_untied = LlamaConfig(
        vocab_size=160, hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, max_position_embeddings=512, rms_norm_eps=1e-6,
        tie_word_embeddings=False,
        rope_parameters={
            "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 64},
        bos_token_id=1, eos_token_id=2)
    qwen2_tied = Qwen2Config(
        vocab_size=192, hidden_size=64, intermediate_size=112, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-6, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}, use_sliding_window=False,
        bos_token_id=1, eos_token_id=2)
    return {"llama-tied": llama_tied, "llama-untied": llama_untied, "qwen2-tied": qwen2_tied}


def tiny_model(name: str, config):
    config._attn_implementation = "eager"
    model = (LlamaForCausalLM if config.model_type == "llama" else Qwen2ForCausalLM)(config).float().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            full = f"{name}/{key}"
            if key.endswith("norm.weight"):
                parameter.copy_(normal(full, parameter.shape, 0.1, mean=1.0))
            elif key.endswith(".bias"):
                parameter.copy_(normal(full, parameter.shape, 0.3))
            elif "embed_tokens" in key or "lm_head" in key:
                parameter.copy_(normal(full, parameter.shape, 0.3))
            else:
                parameter.copy_(normal(full, parameter.shape, 1 / math.sqrt(parameter.shape[1])))
    return model


def spelling_of_transformers_4(config) -> dict:
    """The same configuration as transformers 4 wrote it: torch_dtype, rope_theta and rope_scaling on top."""
    rope = dict(config.rope_parameters)
    theta = rope.pop("rope_theta")
    out = {
        "architectures": ["LlamaForCausalLM" if config.model_type == "llama" else "Qwen2ForCausalLM"],
        "attention_dropout": 0.0, "bos_token_id": config.bos_token_id, "eos_token_id": config.eos_token_id,
        "hidden_act": "silu", "hidden_size": config.hidden_size, "initializer_range": 0.02,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_position_embeddings, "model_type": config.model_type,
        "num_attention_heads": config.num_attention_heads, "num_hidden_layers": config.num_hidden_layers,
        "num_key_value_heads": config.num_key_value_heads, "rms_norm_eps": config.rms_norm_eps,
        "rope_scaling": None if rope["rope_type"] == "default" else rope, "rope_theta": theta,
        "tie_word_embeddings": config.tie_word_embeddings, "torch_dtype": "float32",
        "transformers_version": "4.46.0", "use_cache": True, "vocab_size": config.vocab_size,
    }
    if config.model_type == "llama":
        out |= {"attention_bias": False, "mlp_bias": False, "pretraining_tp": 1, "head_dim": config.head_dim}
    else:
        out |= {"max_window_layers": config.num_hidden_layers, "sliding_window": None,
                "use_sliding_window": False}
    return dict(sorted(out.items()))


def save_model(model, folder: Path, old_spelling: bool, max_shard_size: str = "50GB"):
    model.save_pretrained(folder, max_shard_size=max_shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if old_spelling:
        write_json(folder / "config.json", spelling_of_transformers_4(model.config))


def save_tokenizer(folder: Path):
    """288 tokens: SmolLM2's first three special tokens, the 256 bytes, and 29 merges of English pairs."""
    merges = [
        ("Ġ", "t"), ("h", "e"), ("i", "n"), ("Ġ", "a"), ("r", "e"), ("o", "n"), ("Ġt", "he"), ("e", "r"),
        ("Ġ", "s"), ("Ġ", "w"), ("o", "u"), ("Ġ", "c"), ("n", "d"), ("i", "s"), ("a", "t"), ("Ġ", "o"),
        ("o", "r"), ("in", "g"), ("Ġ", "p"), ("e", "n"), ("Ġ", "in"), ("e", "d"), ("Ġo", "f"), ("a", "n"),
        ("Ġa", "nd"), ("e", "s"), ("Ġ", "is"), ("a", "r"), ("Ġ", "d")]
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    pieces = special + sorted(pre_tokenizers.ByteLevel.alphabet()) + [a + b for a, b in merges]
    assert len(pieces) == len(set(pieces)) == 288
    tokenizer = Tokenizer(models.BPE(vocab={p: i for i, p in enumerate(pieces)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>", "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 256,
        "chat_template":
            "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
            "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
            "<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
            "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
            "{{ '<|im_start|>assistant\n' }}{% endif %}"})


# MARK: LoRA


def with_adapter(model, name: str, variant: str) -> PeftModel:
    spec = VARIANTS[variant]
    tuned = get_peft_model(model, LoraConfig(
        r=spec["r"], lora_alpha=spec["alpha"], lora_dropout=0.0, use_rslora=spec["rslora"], bias="none",
        target_modules=spec["target_modules"], task_type="CAUSAL_LM", base_model_name_or_path=name))
    with torch.no_grad():
        for key, parameter in lora_parameters(tuned).items():
            std = 1 / math.sqrt(parameter.shape[1]) if ".lora_A." in key else 0.15
            parameter.copy_(normal(f"{name}/{key}", parameter.shape, std))
    for config in tuned.peft_config.values():
        config.base_model_name_or_path = name
    return tuned.train()


def lora_parameters(tuned: PeftModel) -> dict:
    """PEFT's saved name -> parameter, sorted by name."""
    found = {key.replace(".default.", "."): p for key, p in tuned.named_parameters() if p.requires_grad}
    assert found and all(".lora_A." in key or ".lora_B." in key for key in found)
    return dict(sorted(found.items()))


# MARK: Batches and losses


def random_sequence(name: str, vocabulary: int, length: int, spans) -> dict:
    mask = [0] * length
    for first, end in spans:
        mask[first:end] = [1] * (end - first)
    assert mask[0] == 0
    return {"ids": rng(name).integers(0, vocabulary, length).tolist(), "loss_mask": mask}


def ragged_batch(name: str, vocabulary: int) -> list:
    """Lengths 7, 23, 2, 9, 19: an answer, two answers, the shortest, no target, every token but the first."""
    shapes = [(7, [(4, 7)]), (23, [(6, 11), (17, 23)]), (2, [(1, 2)]), (9, []), (19, [(1, 19)])]
    return [random_sequence(f"{name}/batch/{i}", vocabulary, n, s) for i, (n, s) in enumerate(shapes)]


def training_batches(name: str, vocabulary: int) -> list:
    lengths = [[11, 6], [17, 4, 9], [8, 21], [5, 12, 14], [26, 7]]
    return [
        [random_sequence(f"{name}/train/{b}/{i}", vocabulary, n, [(max(1, n // 3), n)])
         for i, n in enumerate(batch)]
        for b, batch in enumerate(lengths)]


def logits_of(model, ids) -> torch.Tensor:
    return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


def loss_tokens(batch) -> int:
    return sum(sum(s["loss_mask"]) for s in batch)


def loss_of_batch(model, batch, backward: bool) -> float:
    """Sum of -log p over the targets of the batch / their number; each sequence alone, gradients added up."""
    total, count = 0.0, loss_tokens(batch)
    for sequence in batch:
        targets = [i for i, m in enumerate(sequence["loss_mask"]) if m]
        if not targets:
            continue
        logits = logits_of(model, sequence["ids"])[[i - 1 for i in targets]]
        wanted = torch.tensor([sequence["ids"][i] for i in targets])
        part = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum") / count
        if backward:
            part.backward()
        total += part.item()
    return total


def train(tuned: PeftModel, batches) -> dict:
    t = TRAINING
    parameters = list(lora_parameters(tuned).values())
    optimizer = torch.optim.AdamW(
        parameters, lr=t["peak_learning_rate"], betas=(t["beta1"], t["beta2"]), eps=t["epsilon"],
        weight_decay=t["weight_decay"], foreach=False)
    schedule = get_cosine_schedule_with_warmup(optimizer, t["warmup_steps"], t["steps"])
    record = {"learning_rate": [], "loss": [], "grad_norm": []}
    for step in range(t["steps"]):
        optimizer.zero_grad()
        record["learning_rate"].append(schedule.get_last_lr()[0])
        record["loss"].append(loss_of_batch(tuned, batches[step % len(batches)], backward=True))
        norm = torch.nn.utils.clip_grad_norm_(parameters, t["max_grad_norm"])
        record["grad_norm"].append(norm.item())
        optimizer.step()
        schedule.step()
    return record


@torch.no_grad()
def greedy(model, prompt) -> dict:
    ids, logprobs, margin = list(prompt), [], math.inf
    for _ in range(GENERATED_TOKENS):
        scores = torch.log_softmax(logits_of(model, ids)[-1], dim=-1)
        best = scores.topk(2)
        margin = min(margin, (best.values[0] - best.values[1]).item())
        ids.append(best.indices[0].item())
        logprobs.append(best.values[0].item())
    new = ids[len(prompt):]
    own = model.generate(
        input_ids=torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False, max_new_tokens=GENERATED_TOKENS, min_new_tokens=GENERATED_TOKENS, pad_token_id=0,
        eos_token_id=None)[0, len(prompt):].tolist()
    assert own == new, "generate() with its KV cache disagrees with whole passes"
    return {"ids": new, "logprobs": logprobs, "margin": margin}


def generation(name: str, base, tuned, vocabulary: int) -> dict:
    """The first prompt whose greedy choices are clear (never a near tie) and differ between base and lora."""
    for attempt in range(1000):
        prompt = rng(f"{name}/prompt/{attempt}").integers(0, vocabulary, 6).tolist()
        with tuned.disable_adapter():
            plain = greedy(base, prompt)
        adapted = greedy(tuned, prompt)
        if min(plain.pop("margin"), adapted.pop("margin")) > 0.02 and plain["ids"] != adapted["ids"]:
            return {"prompt": prompt, "base": plain, "lora": adapted}
    raise SystemExit(f"{name}: no prompt with clear greedy choices")


# MARK: Writing


def write_json(path: Path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_golden_json(path: Path, value):
    """One line per list of numbers, so that a diff of the goldens can be read."""
    def flat(v):
        if isinstance(v, list):
            return all(isinstance(x, (int, float, str)) for x in v)
        return isinstance(v, dict) and set(v) == {"ids", "loss_mask"}

    def text(v, indent):
        pad = "  " * (indent + 1)
        if flat(v) or not isinstance(v, (dict, list)):
            return json.dumps(v)
        if isinstance(v, dict):
            rows = [f"{pad}{json.dumps(k)}: {text(x, indent + 1)}" for k, x in v.items()]
            return "{\n" + ",\n".join(rows) + "\n" + "  " * indent + "}"
        return "[\n" + ",\n".join(pad + text(x, indent + 1) for x in v) + "\n" + "  " * indent + "]"
    path.write_text(text(value, 0) + "\n")


def make(fixtures: Path):
    for folder in ("models", "adapters", "goldens"):
        shutil.rmtree(fixtures / folder, ignore_errors=True)
        (fixtures / folder).mkdir(parents=True)
    for name, config in tiny_configs().items():
        make_one(fixtures, name, config)


def make_one(fixtures: Path, name: str, config):
    folder = fixtures / "models" / name
    save_model(tiny_model(name, config), folder, old_spelling=name != "llama-tied")
    if name == "llama-tied":
        save_tokenizer(folder)
    if name == "llama-untied":
        sharded = fixtures / "models" / f"{name}-sharded"
        save_model(tiny_model(name, config), sharded, old_spelling=True, max_shard_size="150KB")
        assert len(list(sharded.glob("*.safetensors"))) == 2

    def base():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")

    vocabulary = config.vocab_size
    batch = ragged_batch(name, vocabulary)
    tensors, losses = {}, {}
    with torch.no_grad():
        built, loaded = tiny_model(name, config), base()
        tensors["logits/base"] = torch.cat([logits_of(loaded, s["ids"]) for s in batch])
        again = torch.cat([logits_of(built, s["ids"]) for s in batch])
        assert torch.equal(tensors["logits/base"], again), f"{name}: the saved folder is another model"
        losses["base"] = loss_of_batch(loaded, batch, backward=False)

    for variant in VARIANTS:
        tuned = with_adapter(base(), name, variant)
        if variant == "lora" or name == "llama-tied":
            adapter = fixtures / "adapters" / f"{name}-{variant}"
            tuned.save_pretrained(adapter)
            (adapter / "README.md").unlink(missing_ok=True)
        if variant == "lora":
            tensors |= {f"adapter/{k}": p.detach().clone() for k, p in lora_parameters(tuned).items()}
        with torch.no_grad():
            tensors[f"logits/{variant}"] = torch.cat([logits_of(tuned, s["ids"]) for s in batch])
        assert (tensors[f"logits/{variant}"] - tensors["logits/base"]).abs().max() > 0.1
        losses[variant] = loss_of_batch(tuned, batch, backward=True)
        tensors |= {f"grad/{variant}/{k}": p.grad.clone() for k, p in lora_parameters(tuned).items()}

    tuned = with_adapter(base(), name, "lora")
    generated = generation(name, tuned.get_base_model(), tuned.eval(), vocabulary)
    batches = training_batches(name, vocabulary)
    record = train(tuned.train(), batches)
    tensors |= {f"trained/{k}": p.detach().clone() for k, p in lora_parameters(tuned).items()}

    tensors = {k: v.contiguous() for k, v in sorted(tensors.items())}
    save_file(tensors, fixtures / "goldens" / f"{name}.safetensors", metadata={"format": "pt"})
    write_golden_json(fixtures / "goldens" / f"{name}.json", {
        "model": name, "batch": batch, "loss_tokens": loss_tokens(batch), "loss": losses,
        "variants": VARIANTS, "training": TRAINING | {"batches": batches} | record, "generation": generated,
        "made_with": {"torch": torch.__version__, "transformers": transformers.__version__,
                      "peft": peft.__version__, "numpy": np.__version__}})
    print(f"{name}: loss {losses['base']:.4f} base, {losses['lora']:.4f} lora; training "
          f"{record['loss'][0]:.4f} → {record['loss'][-1]:.4f}, "
          f"gradient norms {min(record['grad_norm']):.3f}…{max(record['grad_norm']):.3f}")


def check(committed: Path) -> int:
    """0 if the committed fixtures can be made again: models exactly, computed numbers to 1e-5 relative."""
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        make(Path(scratch))
        for new in sorted(p for p in Path(scratch).rglob("*") if p.is_file()):
            relative = new.relative_to(scratch)
            old = committed / relative
            if not old.exists():
                problem = "is missing"
            elif new.suffix == ".safetensors":
                a, b = load_file(old), load_file(new)
                worst = 0.0 if a.keys() == b.keys() else math.inf
                for key in a.keys() & b.keys():
                    worst = max(worst, ((a[key] - b[key]).norm() / a[key].norm()).item())
                limit = 1e-5 if relative.parts[0] == "goldens" else 0.0
                problem = f"differs by {worst:.1e} relative" if worst > limit else None
            elif relative.parts[0] == "goldens":
                a, b = json.loads(old.read_text()), json.loads(new.read_text())
                pairs = [(a["loss"][k], b["loss"][k]) for k in a["loss"]]
                pairs += zip(a["training"]["loss"], b["training"]["loss"])
                worst = max(abs(x - y) / abs(x) for x, y in pairs)
                same = all(a[k] == b[k] for k in ("batch", "variants")) and all(
                    a["generation"][k]["ids"] == b["generation"][k]["ids"] for k in ("base", "lora"))
                problem = None if same and worst < 1e-5 else f"differs by {worst:.1e} relative in the losses"
            else:
                problem = None if old.read_bytes() == new.read_bytes() else "differs"
            print(f"{'BAD' if problem else 'ok '} {relative}{' ' + problem if problem else ''}")
            bad += problem is not None
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the tiny models and goldens of the engine's tests.")
    parser.add_argument("--check", action="store_true", help="make again elsewhere and compare")
    arguments = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module="peft")  # the adapters name their base model, not its folder
    warnings.filterwarnings("ignore", category=FutureWarning)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    if arguments.check:
        return check(FIXTURES)
    make(FIXTURES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
