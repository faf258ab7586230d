"""What a cache saves, and how the course's own parts compare with torch's: decoding, attention, training.

.venv/bin/python benchmarks/decoding.py [--rounds 5] [--device cpu] [--threads 1]

Everything that is compared takes turns within this one run, and the figures are medians and their ratios. The counted
work is torch's own count of operations, two for each multiplication with an addition.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from timing import Contender, compare
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "solutions"))

from ch3_attention.masks import causal_mask
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.gpt import GPT, GPTConfig, count_parameters
from ch7_inference.generate import generate
from ch7_inference.kv_cache import CachedGPT

LENGTHS = (64, 256, 1024)
CONFIG = GPTConfig(vocab_size=64, max_len=1024, d_model=64, n_layers=2, n_heads=4, d_ff=256)
TRAINED = GPTConfig(vocab_size=64, max_len=128, d_model=128, n_layers=4, n_heads=4, d_ff=512)


def write_cached(model: GPT, prompt: Tensor, tokens: int) -> Tensor:
    """Greedy decoding with the cache: the prompt at once, then one token at a time."""
    cached, ids = CachedGPT(model), prompt
    logits = cached.prefill(prompt)[:, -1]
    for number in range(tokens):
        chosen = logits.argmax(-1)
        ids = torch.cat([ids, chosen[:, None]], dim=1)
        if number < tokens - 1:
            logits = cached.decode(chosen)
    return ids


def decoding(device: str, rounds: int) -> None:
    """A text of n tokens, written greedily from one token, with and without the cache."""
    torch.manual_seed(0)
    model = GPT(CONFIG).to(device).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.2)
    prompt = torch.zeros(1, 1, dtype=torch.int64, device=device)
    rows = []
    for length in LENGTHS:

        def plain(tokens: int = length - 1) -> Tensor:
            return generate(model, prompt, tokens, temperature=0)

        def cached(tokens: int = length - 1) -> Tensor:
            return write_cached(model, prompt, tokens)

        seconds = timed({"plain": plain, "cached": cached}, device, rounds if length < 1024 else 1)
        (work_plain, text), (work_cached, same_text) = counted(plain), counted(cached)
        rows.append(
            [
                str(length),
                f"{seconds['plain']:.3f} s",
                f"{seconds['cached']:.3f} s",
                f"{seconds['plain'] / seconds['cached']:.1f}",
                f"{work_plain / 1e6:,.0f} M",
                f"{work_cached / 1e6:,.0f} M",
                f"{work_plain / work_cached:.1f}",
                "yes" if torch.equal(text, same_text) else "NO",
            ]
        )
    shape = f"{CONFIG.n_layers} layers, d_model {CONFIG.d_model}, batch 1"
    head = ["tokens", "time plain", "time cached", "ratio", "work plain", "work cached", "ratio", "same text"]
    show(f"Writing a text, without and with the KV cache ({shape})", head, rows)


def last_step(device: str, rounds: int) -> None:
    """The one step that adds the next token to a text of n tokens."""
    torch.manual_seed(0)
    model = GPT(CONFIG).to(device).eval()
    rows = []
    for length in LENGTHS:
        ids = torch.randint(CONFIG.vocab_size, (1, length), device=device)
        cached = CachedGPT(model)
        cached.prefill(ids[:, :-1])
        kept = [(cache.keys, cache.values) for cache in cached.caches]

        def plain(ids: Tensor = ids) -> None:
            with torch.no_grad():
                model(ids)

        def step(cached: CachedGPT = cached, kept: list[Any] = kept, last: Tensor = ids[:, -1]) -> None:
            for cache, (keys, values) in zip(cached.caches, kept, strict=True):
                cache.keys, cache.values = keys, values
            cached.decode(last)

        seconds = timed({"plain": plain, "cached": step}, device, 4 * rounds)
        work = {"plain": counted(plain)[0], "cached": counted(step)[0]}
        rows.append(
            [
                str(length),
                f"{seconds['plain'] * 1e3:.2f} ms",
                f"{seconds['cached'] * 1e3:.2f} ms",
                f"{seconds['plain'] / seconds['cached']:.1f}",
                f"{work['plain'] / 1e6:,.2f} M",
                f"{work['cached'] / 1e6:,.2f} M",
                f"{work['plain'] / work['cached']:.1f}",
            ]
        )
    head = ["tokens", "time plain", "time cached", "ratio", "work plain", "work cached", "ratio"]
    show("The step that adds the last token alone", head, rows)


def attention(device: str, rounds: int) -> None:
    """The reference attention, which makes all scores and returns the weights, against torch's fused one."""
    rows = []
    for length in LENGTHS:
        q, k, v = (torch.randn(1, 8, length, 64, device=device) for _ in range(3))
        mask = causal_mask(length).to(device)

        def ours(q: Tensor = q, k: Tensor = k, v: Tensor = v, mask: Tensor = mask) -> Tensor:
            return scaled_dot_product_attention(q, k, v, mask)[0]

        def torchs(q: Tensor = q, k: Tensor = k, v: Tensor = v) -> Tensor:
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)

        with torch.no_grad():
            gap = float((ours() - torchs()).abs().max())
            seconds = timed({"ours": ours, "torch": torchs}, device, 2 * rounds)
        rows.append(
            [
                str(length),
                f"{seconds['ours'] * 1e3:.2f} ms",
                f"{seconds['torch'] * 1e3:.2f} ms",
                f"{seconds['ours'] / seconds['torch']:.1f}",
                f"{gap:.0e}",
            ]
        )
    head = ["tokens", "reference", "torch", "ratio", "largest gap"]
    show("Causal attention, forward, against F.scaled_dot_product_attention (8 heads of 64)", head, rows)


class TorchGPT(nn.Module):
    """The same model from torch's own parts."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.tokens = nn.Embedding(config.vocab_size, config.d_model)
        self.places = nn.Embedding(config.max_len, config.d_model)
        layer = nn.TransformerEncoderLayer(
            config.d_model, config.n_heads, config.d_ff, 0.0, "gelu", batch_first=True, norm_first=True
        )
        norm = nn.LayerNorm(config.d_model)
        self.layers = nn.TransformerEncoder(layer, config.n_layers, norm, enable_nested_tensor=False)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Tensor) -> Tensor:
        seq = ids.shape[1]
        x = self.tokens(ids) + self.places.weight[:seq]
        mask = nn.Transformer.generate_square_subsequent_mask(seq, device=ids.device)
        logits: Tensor = self.head(self.layers(x, mask=mask, is_causal=True))
        return logits


def training(device: str, rounds: int) -> None:
    """Tokens per second of whole training steps: forward, backward, AdamW."""
    torch.manual_seed(0)
    batch, seq = 16, TRAINED.max_len
    ids = torch.randint(TRAINED.vocab_size, (batch, seq + 1), device=device)
    models = {"reference": GPT(TRAINED).to(device), "torch": TorchGPT(TRAINED).to(device)}
    steps = {name: stepper(model, ids) for name, model in models.items()}
    seconds = timed(steps, device, rounds)
    rows = [
        [
            name,
            f"{count_parameters(models[name]):,}",
            f"{seconds[name] * 1e3:.0f} ms",
            f"{batch * seq / seconds[name]:,.0f}",
            f"{seconds[name] / seconds['torch']:.2f}",
        ]
        for name in models
    ]
    shape = f"{TRAINED.n_layers} layers, d_model {TRAINED.d_model}, {batch} texts of {seq} tokens"
    head = ["model", "parameters", "a step", "tokens per second", "time ratio"]
    show(f"Training, against nn.TransformerEncoderLayer ({shape})", head, rows)


def stepper(model: nn.Module, ids: Tensor) -> Callable[[], None]:
    """One training step, to be called again and again."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def step() -> None:
        optimizer.zero_grad()
        logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
        optimizer.step()

    return step


def timed(functions: Mapping[str, Callable[[], object]], device: str, rounds: int) -> dict[str, float]:
    """Median seconds of each function, in turns."""

    def waiting(function: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            function()
            if device.startswith("cuda"):
                torch.cuda.synchronize()

        return run

    return compare([Contender(name, waiting(function)) for name, function in functions.items()], rounds)


def counted(function: Callable[[], Any]) -> tuple[int, Any]:
    """The operations of one call, by torch's count, and its result."""
    with FlopCounterMode(display=False) as counter:
        result = function()
    return counter.get_total_flops(), result


def show(title: str, head: list[str], rows: list[list[str]]) -> None:
    """A table with right-aligned columns."""
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    print(f"\n{title}")
    for line in [head, *rows]:
        print("  " + "   ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="of torch, on the CPU")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    name = torch.cuda.get_device_name() if options.device.startswith("cuda") else platform.processor() or "CPU"
    print(
        f"torch {torch.__version__}, {options.device} ({name}), {options.threads} CPU threads, {options.rounds} rounds"
    )
    for part in (decoding, last_step, attention, training):
        part(options.device, options.rounds)


if __name__ == "__main__":
    main()
