"""Chapter 7's solutions against torch's own attention and softmax, and the caches against reading everything again."""

from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ch3_attention.positions import sinusoidal_positions
from ch5_models.gpt import GPT, GPTConfig
from ch5_models.llama import Llama, LlamaConfig
from ch7_inference.cached_llama import CachedLlama
from ch7_inference.generate import generate, plot_attention, plot_positions
from ch7_inference.kv_cache import CachedGPT
from ch7_inference.online_softmax import blockwise_attention, online_softmax
from ch7_inference.sampling import sample, top_k_filter, top_p_filter

GPT_CONFIG = GPTConfig(vocab_size=31, max_len=40, d_model=24, n_layers=3, n_heads=4, d_ff=48, dropout=0.1)
LLAMA_SIZES: dict[str, Any] = {
    "vocab_size": 31,
    "max_len": 40,
    "d_model": 48,
    "n_layers": 3,
    "n_heads": 6,
    "n_kv_heads": 2,
    "d_ff": 40,
}


def close(came: Tensor, wanted: Tensor, tolerance: float = 1e-10) -> None:
    torch.testing.assert_close(came, wanted, rtol=tolerance, atol=tolerance)


M = TypeVar("M", bound=nn.Module)


def stirred(model: M, dtype: torch.dtype = torch.float64) -> M:
    """The model with weights large enough that places and tokens matter."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.4)
    return model.to(dtype).eval()


def in_pieces(cached: CachedGPT | CachedLlama, ids: Tensor, sizes: tuple[int, ...] = (7, 1, 1, 12, 1, 18)) -> Tensor:
    pieces = []
    for part in ids.split(sizes, dim=1):  # type: ignore[no-untyped-call]  # untyped in torch
        pieces.append(cached.decode(part[:, 0])[:, None] if part.shape[1] == 1 else cached.prefill(part))
    return torch.cat(pieces, dim=1)


@pytest.mark.parametrize("block", [1, 5, 16, 100])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_online_softmax_is_torchs(block: int, scale: float) -> None:
    x = torch.randn(3, 4, 33, dtype=torch.float64) * scale
    close(online_softmax(x, block), x.softmax(-1))


@pytest.mark.parametrize("block", [1, 3, 8, 100])
@pytest.mark.parametrize("lengths", [(9, 9), (4, 11), (1, 7)])
def test_blockwise_attention_is_torchs(block: int, lengths: tuple[int, int]) -> None:
    q_len, k_len = lengths
    q, k = torch.randn(2, 3, q_len, 6).double(), torch.randn(2, 3, k_len, 6).double()
    v = torch.randn(2, 3, k_len, 5).double()
    close(blockwise_attention(q, k, v, block, causal=False), F.scaled_dot_product_attention(q, k, v))
    mask = torch.ones(q_len, k_len, dtype=torch.bool).tril(k_len - q_len)
    close(blockwise_attention(q, k, v, block, causal=True), F.scaled_dot_product_attention(q, k, v, mask))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_cached_gpt_is_the_gpt(dtype: torch.dtype, tolerance: float) -> None:
    model, ids = stirred(GPT(GPT_CONFIG), dtype), torch.randint(31, (3, 40))
    with torch.no_grad():
        wanted = model(ids)
    scale = float(wanted.abs().max())
    close(in_pieces(CachedGPT(model), ids) / scale, wanted / scale, tolerance)


@pytest.mark.parametrize("window", [None, 1, 5, 40])
@pytest.mark.parametrize("kv_heads", [1, 2, 6])
def test_cached_llama_is_the_llama(window: int | None, kv_heads: int) -> None:
    config = LlamaConfig(**(LLAMA_SIZES | {"n_kv_heads": kv_heads}), window=window)
    model, ids = stirred(Llama(config)), torch.randint(31, (2, 40))
    cached = CachedLlama(model)
    with torch.no_grad():
        close(in_pieces(cached, ids), model(ids), 1e-9)
    for cache in cached.caches:
        assert cache.keys is not None and cache.values is not None
        assert cache.keys.shape == cache.values.shape == (2, kv_heads, min(40, window or 40), 8)
        assert cache.keys.untyped_storage().nbytes() <= cache.keys.numel() * 8


def test_generating_with_and_without_a_cache_is_the_same() -> None:
    model, prompt = stirred(GPT(GPT_CONFIG)), torch.randint(31, (4, 5))
    written = generate(model, prompt, 20, temperature=0)
    cached = CachedGPT(model)
    ids, logits = prompt, cached.prefill(prompt)[:, -1]
    for _ in range(20):
        ids = torch.cat([ids, logits.argmax(-1, keepdim=True)], dim=1)
        logits = cached.decode(ids[:, -1])
    assert torch.equal(ids, written)


def test_modes_of_single_modules_come_back() -> None:
    model = GPT(GPT_CONFIG).train()
    model.blocks[1].eval()
    before = [module.training for module in model.modules()]
    generate(model, torch.tensor([[1, 2]]), 2, temperature=0)
    assert [module.training for module in model.modules()] == before


def test_filters_leave_what_they_promise() -> None:
    logits = torch.randn(200, 50, dtype=torch.float64) * 3
    assert ((~top_k_filter(logits, 7).isneginf()).sum(-1) == 7).all()
    kept = ~top_p_filter(logits, 0.8).isneginf()
    mass = (logits.softmax(-1) * kept).sum(-1)
    smallest = logits.softmax(-1).masked_fill(~kept, 2.0).amin(-1)
    assert (mass >= 0.8).all()
    assert (mass - smallest < 0.8).all()
    drawn = sample(logits, torch.Generator().manual_seed(1), temperature=0.7, top_k=5, top_p=0.9)
    assert (top_k_filter(logits, 5).gather(1, drawn[:, None]) > -torch.inf).all()


def test_pictures_are_pngs(tmp_path: Path) -> None:
    plot_attention(GPT(GPT_CONFIG), torch.tensor([[3, 1, 4, 1, 5]]), list("dbebf"), tmp_path / "attention.png")
    plot_positions(sinusoidal_positions(30, 16), tmp_path / "positions.png")
    for name in ("attention.png", "positions.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
