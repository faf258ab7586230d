"""The solutions of ch3_attention beside PyTorch's own modules, in float64."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ch3_attention.grouped_query import GroupedQueryAttention
from ch3_attention.masks import causal_mask, padding_mask
from ch3_attention.multi_head import MultiHeadAttention
from ch3_attention.positions import LearnedPositions
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch3_attention.self_attention import SelfAttention, xavier_uniform_
from ch3_attention.softmax import softmax
from ch3_attention.sparse import sliding_window_attention, sliding_window_mask

EXACT = 1e-10


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def some_mask(*shape: int, seed: int = 3) -> torch.Tensor:
    """A mask in which every query sees something."""
    mask = drawn(*shape, seed=seed) > 0
    mask[..., 0] = True
    return mask


def close(came: torch.Tensor, wanted: torch.Tensor) -> None:
    torch.testing.assert_close(came, wanted, rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmax(dim: int) -> None:
    x = drawn(4, 5, 6) * 50
    close(softmax(x, dim), torch.softmax(x, dim))


@pytest.mark.parametrize("mask", [None, causal_mask(4, 6), some_mask(2, 1, 4, 6), some_mask(2, 3, 4, 6)])
def test_scaled_dot_product_attention(mask: torch.Tensor | None) -> None:
    q, k, v = drawn(2, 3, 4, 5, seed=1), drawn(2, 3, 6, 5, seed=2), drawn(2, 3, 6, 7, seed=3)
    close(scaled_dot_product_attention(q, k, v, mask)[0], F.scaled_dot_product_attention(q, k, v, attn_mask=mask))


def test_its_gradients() -> None:
    mine, theirs = ([drawn(2, 4, 5, seed=s).requires_grad_() for s in range(3)] for _ in range(2))
    mask, cotangent = some_mask(2, 4, 4), drawn(2, 4, 5, seed=9)
    output, _ = scaled_dot_product_attention(mine[0], mine[1], mine[2], mask)
    wanted = F.scaled_dot_product_attention(theirs[0], theirs[1], theirs[2], mask)
    for a, b in zip(
        *(torch.autograd.grad(y, x, cotangent) for y, x in ((output, mine), (wanted, theirs))), strict=True
    ):
        close(a, b)


def test_causal_mask() -> None:
    later = nn.Transformer.generate_square_subsequent_mask(7) < 0
    assert torch.equal(causal_mask(7), ~later)


def test_xavier_has_torchs_bound() -> None:
    mine, theirs = torch.empty(30, 70, dtype=torch.float64), torch.empty(30, 70, dtype=torch.float64)
    xavier_uniform_(mine, torch.Generator().manual_seed(5))
    nn.init.xavier_uniform_(theirs, generator=torch.Generator().manual_seed(5))
    close(mine, theirs)


def test_self_attention_is_one_head() -> None:
    layer, x, mask = SelfAttention(6, 6).double(), drawn(2, 5, 6), some_mask(5, 5)
    theirs = nn.MultiheadAttention(6, 1, bias=False, batch_first=True, dtype=torch.float64)
    theirs.in_proj_weight.data = torch.cat([layer.q_proj.weight, layer.k_proj.weight, layer.v_proj.weight]).data
    theirs.out_proj.weight.data = torch.eye(6, dtype=torch.float64)
    wanted, weights = theirs(x, x, x, attn_mask=~mask)
    output, shares = layer(x, mask)
    close(output, wanted)
    close(shares, weights)


def copied(layer: MultiHeadAttention, d_model: int, bias: bool) -> nn.MultiheadAttention:
    """PyTorch's module with the same weights."""
    theirs = nn.MultiheadAttention(d_model, layer.n_heads, bias=bias, batch_first=True, dtype=torch.float64)
    inputs = (layer.q_proj, layer.k_proj, layer.v_proj)
    theirs.in_proj_weight.data = torch.cat([part.weight for part in inputs]).data
    theirs.out_proj.weight.data = layer.out_proj.weight.data
    if bias:
        theirs.in_proj_bias.data = torch.cat([part.bias for part in inputs]).data
        theirs.out_proj.bias.data = layer.out_proj.bias.data
    return theirs


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("cross", [False, True])
@pytest.mark.parametrize("masked", ["not", "two axes", "padding", "four axes"])
def test_multi_head_attention(bias: bool, cross: bool, masked: str) -> None:
    layer = MultiHeadAttention(12, 3, bias=bias).double()
    theirs = copied(layer, 12, bias)
    x, context = drawn(2, 4, 12, seed=1), drawn(2, 6, 12, seed=2) if cross else None
    k_len = 6 if cross else 4
    source = x if context is None else context
    mask: torch.Tensor | None = None
    options: dict[str, torch.Tensor] = {}
    if masked == "two axes":
        mask = some_mask(4, k_len)
        options = {"attn_mask": ~mask}
    elif masked == "padding":
        mask = padding_mask(torch.tensor([k_len, 2]), k_len)
        options = {"key_padding_mask": ~mask[:, 0]}
    elif masked == "four axes":
        mask = some_mask(2, 3, 4, k_len)
        options = {"attn_mask": ~mask.flatten(0, 1)}
    wanted, weights = theirs(x, source, source, average_attn_weights=False, **options)
    close(layer(x, context, mask), wanted)
    close(layer.attention_weights(x, context, mask), weights)


def test_learned_positions_are_an_embedding() -> None:
    layer, x = LearnedPositions(7, 4).double(), drawn(3, 5, 4)
    close(layer(x), x + F.embedding(torch.arange(5), layer.weight))


@pytest.mark.parametrize("n_kv_heads", [1, 2, 3, 6])
def test_grouped_query_attention(n_kv_heads: int) -> None:
    """PyTorch's attention with `enable_gqa`, around the same projections."""
    layer, x, mask = GroupedQueryAttention(12, 6, n_kv_heads).double(), drawn(2, 5, 12), causal_mask(5)
    q, k, v = (
        projection(x).unflatten(-1, (heads, 2)).transpose(1, 2)
        for projection, heads in ((layer.q_proj, 6), (layer.k_proj, n_kv_heads), (layer.v_proj, n_kv_heads))
    )
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
    close(layer(x, mask), layer.out_proj(mixed.transpose(1, 2).flatten(2)))


def test_with_a_head_of_keys_for_each_query_head_it_is_multi_head_attention() -> None:
    layer, x = GroupedQueryAttention(12, 3, 3).double(), drawn(2, 5, 12)
    other = MultiHeadAttention(12, 3).double()
    other.load_state_dict(layer.state_dict())
    close(layer(x, causal_mask(5)), copied(other, 12, False)(x, x, x, attn_mask=~causal_mask(5))[0])


@pytest.mark.parametrize("window", [1, 3, 9, 20])
def test_sliding_window_attention(window: int) -> None:
    q, k, v = drawn(2, 3, 9, 5, seed=1), drawn(2, 3, 9, 5, seed=2), drawn(2, 3, 9, 4, seed=3)
    wanted = F.scaled_dot_product_attention(q, k, v, attn_mask=sliding_window_mask(9, window))
    close(sliding_window_attention(q, k, v, window), wanted)
