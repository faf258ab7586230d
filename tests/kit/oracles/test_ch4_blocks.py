"""Chapter 4 agrees with PyTorch's own modules, weights copied over, in float64 to 1e-10."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ch4_blocks.blocks import PostNormBlock, PreNormBlock
from ch4_blocks.decoder_block import DecoderBlock
from ch4_blocks.feed_forward import FeedForward, SwiGLU, gelu, gelu_tanh
from ch4_blocks.gradient_flow import gradient_flow_experiment, gradient_norms, make_stack, plot_gradient_flow
from ch4_blocks.normalization import LayerNorm, RMSNorm

NEAR = 1e-10
D_MODEL, N_HEADS, D_FF = 12, 3, 20


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    torch.manual_seed(11)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


M = TypeVar("M", bound=nn.Module)


def spread(module: M) -> M:
    """Give every parameter values that are neither 0 nor 1."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0.2, 0.5)
    return module


def same_with_gradients(mine: Callable[..., Tensor], theirs: Callable[..., Tensor], *inputs: Tensor) -> None:
    """Outputs and the gradients of all inputs agree."""
    ours = [item.clone().requires_grad_() for item in inputs]
    twins = [item.clone().requires_grad_() for item in inputs]
    came, wanted = mine(*ours), theirs(*twins)
    torch.testing.assert_close(came, wanted, rtol=NEAR, atol=NEAR)
    cotangent = torch.randn_like(wanted)
    gradients = torch.autograd.grad((came * cotangent).sum(), ours)
    for one, other in zip(gradients, torch.autograd.grad((wanted * cotangent).sum(), twins), strict=True):
        torch.testing.assert_close(one, other, rtol=NEAR, atol=NEAR)


@pytest.mark.parametrize("eps", [1e-5, 1e-12, 0.3])
def test_layer_norm(eps: float) -> None:
    mine, theirs = LayerNorm(D_MODEL, eps=eps), spread(nn.LayerNorm(D_MODEL, eps=eps))
    mine.load_state_dict(theirs.state_dict())
    same_with_gradients(mine, theirs, 3 * torch.randn(2, 5, D_MODEL) + 4)


@pytest.mark.parametrize("eps", [1e-5, 1e-12, 0.3])
def test_rms_norm(eps: float) -> None:
    mine, theirs = RMSNorm(D_MODEL, eps=eps), spread(nn.RMSNorm(D_MODEL, eps=eps))
    mine.load_state_dict(theirs.state_dict())
    same_with_gradients(mine, theirs, 3 * torch.randn(2, 5, D_MODEL) + 4)


def test_both_forms_of_gelu() -> None:
    x = torch.linspace(-12, 12, 2001)
    same_with_gradients(gelu, F.gelu, x)
    same_with_gradients(gelu_tanh, lambda u: F.gelu(u, approximate="tanh"), x)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [(gelu, nn.GELU()), (gelu_tanh, nn.GELU("tanh")), (torch.relu, nn.ReLU())],
    ids=["gelu", "gelu_tanh", "relu"],
)
def test_feed_forward(mine: Callable[..., Tensor], theirs: nn.Module) -> None:
    network = spread(FeedForward(D_MODEL, D_FF, mine))
    other = nn.Sequential(nn.Linear(D_MODEL, D_FF), theirs, nn.Linear(D_FF, D_MODEL))
    other.load_state_dict(dict(zip(other.state_dict(), network.state_dict().values(), strict=True)))
    same_with_gradients(network, other, torch.randn(2, 5, D_MODEL))


def test_swiglu_is_silu_times_linear() -> None:
    network = spread(SwiGLU(D_MODEL, D_FF))
    w = network.state_dict()

    def other(x: Tensor) -> Tensor:
        gate = x @ w["gate.weight"].T
        mixed: Tensor = (gate / (1 + torch.exp(-gate)) * (x @ w["up.weight"].T)) @ w["down.weight"].T
        return mixed

    same_with_gradients(network, other, torch.randn(2, 5, D_MODEL))


def attention_state(theirs: nn.MultiheadAttention, prefix: str) -> dict[str, torch.Tensor]:
    """PyTorch keeps one matrix for queries, keys and values; here there are three."""
    state = {f"{prefix}.out_proj.{name}": value for name, value in theirs.out_proj.state_dict().items()}
    for name, weight, bias in zip("qkv", theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3), strict=True):
        state |= {f"{prefix}.{name}_proj.weight": weight, f"{prefix}.{name}_proj.bias": bias}
    return state


def layer_state(theirs: nn.Module, attentions: dict[str, str], norms: int) -> dict[str, torch.Tensor]:
    """The state dict of PyTorch's layer under this course's names."""
    names = {"linear1": "feed_forward.up", "linear2": "feed_forward.down"} | {
        f"norm{i}": f"norm{i}" for i in range(1, norms + 1)
    }
    state: dict[str, torch.Tensor] = {}
    for old, new in names.items():
        state |= {f"{new}.{key}": value for key, value in getattr(theirs, old).state_dict().items()}
    for old, new in attentions.items():
        state |= attention_state(getattr(theirs, old), new)
    return state


ACTIVATIONS = [(gelu, F.gelu), (torch.relu, F.relu), (gelu_tanh, lambda x: F.gelu(x, approximate="tanh"))]


@pytest.mark.parametrize(("mine", "theirs"), ACTIVATIONS, ids=["gelu", "relu", "gelu_tanh"])
@pytest.mark.parametrize(("block", "norm_first"), [(PostNormBlock, False), (PreNormBlock, True)])
@pytest.mark.parametrize("masked", [False, True])
def test_encoder_layer(
    block: type[PostNormBlock],
    norm_first: bool,
    mine: Callable[..., Tensor],
    theirs: Callable[..., Tensor],
    masked: bool,
) -> None:
    other = nn.TransformerEncoderLayer(
        D_MODEL, N_HEADS, D_FF, dropout=0.0, activation=theirs, batch_first=True, norm_first=norm_first
    )
    spread(other)
    layer = block(D_MODEL, N_HEADS, D_FF, activation=mine)
    layer.load_state_dict(layer_state(other, {"self_attn": "attention"}, 2))
    mask = torch.ones(7, 7, dtype=torch.bool).tril() if masked else None
    hidden = None if mask is None else ~mask
    same_with_gradients(lambda x: layer(x, mask=mask), lambda x: other(x, src_mask=hidden), torch.randn(2, 7, D_MODEL))


def test_encoder_layer_with_padding() -> None:
    other = spread(nn.TransformerEncoderLayer(D_MODEL, N_HEADS, D_FF, dropout=0.0, batch_first=True))
    layer = PostNormBlock(D_MODEL, N_HEADS, D_FF, activation=torch.relu)
    layer.load_state_dict(layer_state(other, {"self_attn": "attention"}, 2))
    real = torch.arange(7) < torch.tensor([[7], [4]])
    same_with_gradients(
        lambda x: layer(x, mask=real[:, None]),
        lambda x: other(x, src_key_padding_mask=~real),
        torch.randn(2, 7, D_MODEL),
    )


@pytest.mark.parametrize(("mine", "theirs"), ACTIVATIONS, ids=["gelu", "relu", "gelu_tanh"])
@pytest.mark.parametrize("masked", [False, True])
def test_decoder_layer(mine: Callable[..., Tensor], theirs: Callable[..., Tensor], masked: bool) -> None:
    other = nn.TransformerDecoderLayer(D_MODEL, N_HEADS, D_FF, dropout=0.0, activation=theirs, batch_first=True)
    spread(other)
    layer = DecoderBlock(D_MODEL, N_HEADS, D_FF, activation=mine)
    attentions = {"self_attn": "self_attention", "multihead_attn": "cross_attention"}
    layer.load_state_dict(layer_state(other, attentions, 3))
    mask = torch.ones(5, 5, dtype=torch.bool).tril() if masked else None
    real = torch.arange(8) < torch.tensor([[8], [3]])
    same_with_gradients(
        lambda x, memory: layer(x, memory, mask=mask, memory_mask=real[:, None] if masked else None),
        lambda x, memory: other(
            x,
            memory,
            tgt_mask=None if mask is None else ~mask,
            memory_key_padding_mask=~real if masked else None,
        ),
        torch.randn(2, 5, D_MODEL),
        torch.randn(2, 8, D_MODEL),
    )


def test_relu_is_the_decoders_default() -> None:
    other = spread(nn.TransformerDecoderLayer(D_MODEL, N_HEADS, D_FF, dropout=0.0, batch_first=True))
    layer = DecoderBlock(D_MODEL, N_HEADS, D_FF)
    attentions = {"self_attn": "self_attention", "multihead_attn": "cross_attention"}
    layer.load_state_dict(layer_state(other, attentions, 3))
    same_with_gradients(layer, other, torch.randn(2, 5, D_MODEL), torch.randn(2, 8, D_MODEL))


@pytest.mark.parametrize(("mine", "theirs"), [(LayerNorm, nn.LayerNorm), (RMSNorm, nn.RMSNorm)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_norms_in_half_precision(mine: type[nn.Module], theirs: type[nn.Module], dtype: torch.dtype) -> None:
    """No further from the exact result than one rounding to the input's dtype."""
    x = (600 + 60 * torch.randn(4, 32)).to(dtype)
    came = mine(32, eps=1e-5).to(dtype)(x)
    assert came.dtype == dtype
    wanted = theirs(32, eps=1e-5).double()(x.double())
    step = torch.finfo(dtype).eps
    torch.testing.assert_close(came.double(), wanted, rtol=0.51 * step, atol=1e-4)


def test_gradient_norms_of_linear_layers() -> None:
    """Through linear layers the gradient is a product of their matrices."""
    layers = [nn.Linear(4, 4, bias=False) for _ in range(3)]
    x, probe = torch.randn(2, 4), torch.randn(2, 4)
    wanted: list[float] = []
    gradient = probe
    for layer in reversed(layers):
        gradient = gradient @ layer.weight.detach()
        wanted.insert(0, gradient.norm().item())
    assert gradient_norms(layers, x, probe) == pytest.approx(wanted, rel=1e-10)
    assert not x.requires_grad
    assert all(layer.weight.grad is None for layer in layers)


def test_the_stacks_answer_the_question(tmp_path: Path) -> None:
    """The curves of the picture: plain falls, residual grows, post-norm holds, pre-norm is almost level."""
    norms = gradient_flow_experiment(24, 32, 4, 64, torch.Generator().manual_seed(0))
    share = {kind: values[0] / values[-1] for kind, values in norms.items()}
    assert share["plain"] < 1e-5
    assert share["residual"] > 100
    assert 0.1 < share["post_norm"] < 10
    assert 1 < share["pre_norm"] < 20
    plot_gradient_flow(norms, tmp_path / "gradient_flow.png")
    assert (tmp_path / "gradient_flow.png").read_bytes().startswith(b"\x89PNG")


def test_the_stack_is_drawn_from_its_generator_alone() -> None:
    before = torch.random.get_rng_state()
    first = make_stack("pre_norm", 2, D_MODEL, N_HEADS, D_FF, torch.Generator().manual_seed(1))
    second = make_stack("pre_norm", 2, D_MODEL, N_HEADS, D_FF, torch.Generator().manual_seed(1))
    assert not torch.equal(before, torch.random.get_rng_state())  # nn.Linear drew from it, to no effect
    for one, other in zip(first, second, strict=True):
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name])
