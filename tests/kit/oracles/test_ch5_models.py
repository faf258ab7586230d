"""The models of chapter 5 against torch's own modules, with the weights copied over, in float64."""

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch4_blocks.feed_forward import gelu
from ch5_models.bert import BERT, BERTConfig
from ch5_models.contextual import sense_separation, small_bert, train_masked
from ch5_models.gpt import GPT, GPT1, GPTConfig, count_parameters
from ch5_models.llama import Llama, LlamaConfig
from ch5_models.translator import Translator, TranslatorConfig
from grader.corpora import senses

CLOSE = 1e-8

M = TypeVar("M", bound=nn.Module)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(7)


def stir(model: M) -> M:
    """Every parameter away from its start value, so that norms and biases count."""
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model.double().eval()


def copy_attention(ours: Any, theirs: nn.MultiheadAttention) -> None:
    parts = (ours.q_proj, ours.k_proj, ours.v_proj)
    theirs.in_proj_weight.data = torch.cat([part.weight.data for part in parts])
    theirs.in_proj_bias.data = torch.cat([part.bias.data for part in parts])
    theirs.out_proj.load_state_dict(ours.out_proj.state_dict())


def copy_rest(ours: Any, theirs: Any, norms: int) -> None:
    theirs.linear1.load_state_dict(ours.feed_forward.up.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.down.state_dict())
    for number in range(1, norms + 1):
        getattr(theirs, f"norm{number}").load_state_dict(getattr(ours, f"norm{number}").state_dict())


def encoder_layers(
    blocks: Iterable[Any], d_model: int, n_heads: int, d_ff: int, **options: Any
) -> list[nn.TransformerEncoderLayer]:
    """torch's encoder layers with the weights of these blocks."""
    layers = []
    for block in blocks:
        layer = nn.TransformerEncoderLayer(d_model, n_heads, d_ff, 0.0, batch_first=True, **options).double().eval()
        copy_attention(block.attention, layer.self_attn)
        copy_rest(block, layer, 2)
        layers.append(layer)
    return layers


def test_gpt_is_a_stack_of_torchs_pre_norm_layers() -> None:
    model = stir(GPT(GPTConfig(vocab_size=13, max_len=9, d_model=12, n_layers=3, n_heads=3, d_ff=20)))
    ids = torch.randint(13, (2, 7))
    x = F.embedding(ids, model.token_embedding.weight) + model.position_embedding.weight[:7]
    hidden = ~torch.ones(7, 7, dtype=torch.bool).tril()
    for layer in encoder_layers(model.blocks, 12, 3, 20, activation=gelu, norm_first=True):
        x = layer(x, src_mask=hidden)
    x = F.layer_norm(x, (12,), model.norm.weight, model.norm.bias)
    torch.testing.assert_close(model(ids), F.linear(x, model.token_embedding.weight), rtol=CLOSE, atol=CLOSE)


def test_gpt1_has_its_published_size() -> None:
    with torch.device("meta"):
        model = GPT(GPT1)
        longer = GPT(GPTConfig(GPT1.vocab_size, 2 * GPT1.max_len, 768, 12, 12, 3072))
    assert count_parameters(model) == 116_536_320
    assert count_parameters(longer) - count_parameters(model) == 512 * 768


@pytest.mark.parametrize("convert", [lambda m: m, lambda m: m.double(), lambda m: m.half().float()])
def test_the_tie_survives(convert: Callable[[GPT], GPT]) -> None:
    model = convert(GPT(GPTConfig(vocab_size=13, max_len=9, d_model=12, n_layers=1, n_heads=3, d_ff=20)))
    other = convert(GPT(model.config))
    other.load_state_dict(model.state_dict())
    for item in (model, other):
        assert item.head.weight is item.token_embedding.weight
    with torch.no_grad():
        other.token_embedding.weight.add_(1.0)
    assert torch.equal(other.head.weight, model.head.weight + 1.0)


def test_gpt_takes_gpt2s_fused_and_transposed_weights() -> None:
    """GPT-2 keeps its projections as (in, out) and queries, keys and values in one matrix, and has the tanh GELU."""
    d, vocab, seq = 12, 17, 6
    published = {"wte.weight": (vocab, d), "wpe.weight": (9, d), "ln_f.weight": (d,), "ln_f.bias": (d,)}
    shapes = {"attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, 4 * d), "mlp.c_proj": (4 * d, d)}
    for i in range(2):
        for name, (rows, columns) in shapes.items():
            published |= {f"h.{i}.{name}.weight": (rows, columns), f"h.{i}.{name}.bias": (columns,)}
        published |= {f"h.{i}.ln_{n}.{k}": (d,) for n in (1, 2) for k in ("weight", "bias")}
    w = {name: 0.4 * torch.randn(shape, dtype=torch.float64) for name, shape in published.items()}

    renamed = {"token_embedding.weight": w["wte.weight"], "head.weight": w["wte.weight"]}
    renamed |= {
        "position_embedding.weight": w["wpe.weight"],
        "norm.weight": w["ln_f.weight"],
        "norm.bias": w["ln_f.bias"],
    }
    for i in range(2):
        ours, theirs = f"blocks.{i}.", f"h.{i}."
        for kind in ("weight", "bias"):
            fused = w[f"{theirs}attn.c_attn.{kind}"].chunk(3, dim=-1)
            for name, part in zip(("q", "k", "v"), fused, strict=True):
                renamed[f"{ours}attention.{name}_proj.{kind}"] = part.T if kind == "weight" else part
            for mine, name in (("attention.out_proj", "attn.c_proj"), ("feed_forward.up", "mlp.c_fc")):
                renamed[f"{ours}{mine}.{kind}"] = w[f"{theirs}{name}.{kind}"].T
            renamed[f"{ours}feed_forward.down.{kind}"] = w[f"{theirs}mlp.c_proj.{kind}"].T
            for n in (1, 2):
                renamed[f"{ours}norm{n}.{kind}"] = w[f"{theirs}ln_{n}.{kind}"]

    def tanh_gelu(x: Tensor) -> Tensor:
        return F.gelu(x, approximate="tanh")

    model = GPT(GPTConfig(vocab, 9, d, 2, 3, 4 * d, activation=tanh_gelu)).double()
    model.load_state_dict(renamed)

    ids = torch.randint(vocab, (2, seq))
    x = w["wte.weight"][ids] + w["wpe.weight"][:seq]
    for i in range(2):
        h = f"h.{i}."
        y = F.layer_norm(x, (d,), w[h + "ln_1.weight"], w[h + "ln_1.bias"])
        q, k, v = (y @ w[h + "attn.c_attn.weight"] + w[h + "attn.c_attn.bias"]).chunk(3, dim=-1)
        q, k, v = (part.view(2, seq, 3, 4).transpose(1, 2) for part in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(2, seq, d)
        x = x + y @ w[h + "attn.c_proj.weight"] + w[h + "attn.c_proj.bias"]
        y = F.layer_norm(x, (d,), w[h + "ln_2.weight"], w[h + "ln_2.bias"])
        y = tanh_gelu(y @ w[h + "mlp.c_fc.weight"] + w[h + "mlp.c_fc.bias"])
        x = x + y @ w[h + "mlp.c_proj.weight"] + w[h + "mlp.c_proj.bias"]
    wanted = F.layer_norm(x, (d,), w["ln_f.weight"], w["ln_f.bias"]) @ w["wte.weight"].T
    torch.testing.assert_close(model(ids), wanted, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("padded", [False, True])
def test_bert_is_a_stack_of_torchs_post_norm_layers(padded: bool) -> None:
    model = stir(BERT(BERTConfig(vocab_size=13, max_len=9, d_model=12, n_layers=3, n_heads=3, d_ff=20)))
    ids, segments, lengths = torch.randint(13, (2, 7)), torch.randint(2, (2, 7)), torch.tensor([7, 4])
    x = F.embedding(ids, model.token_embedding.weight) + F.embedding(segments, model.segment_embedding.weight)
    x = x + model.position_embedding.weight[:7]
    x = F.layer_norm(x, (12,), model.embedding_norm.weight, model.embedding_norm.bias)
    hidden = torch.arange(7) >= lengths[:, None] if padded else None
    with torch.enable_grad():  # the layers' fast path for inference drops padded positions
        for layer in encoder_layers(model.blocks, 12, 3, 20, activation=gelu):
            x = layer(x, src_key_padding_mask=hidden)
    came = model(ids, segments, lengths if padded else None)
    for row, length in enumerate(lengths.tolist() if padded else [7, 7]):
        torch.testing.assert_close(came[row, :length], x[row, :length], rtol=CLOSE, atol=CLOSE)


def test_the_pretraining_loss_is_torchs() -> None:
    model = stir(BERT(BERTConfig(vocab_size=13, max_len=9, d_model=12, n_layers=1, n_heads=3, d_ff=20)))
    ids, labels = torch.randint(13, (3, 7)), torch.full((3, 7), -100)
    labels[0, 2], labels[1, 5], labels[2, 0] = 4, 0, 12
    nsp = torch.tensor([0, 1, 0])
    hidden = model(ids, None, None)
    wanted = nn.CrossEntropyLoss()(model.mlm_logits(hidden).transpose(1, 2), labels)
    wanted = wanted + nn.CrossEntropyLoss()(model.nsp_logits(hidden), nsp)
    torch.testing.assert_close(model.pretraining_loss(ids, None, None, labels, nsp), wanted, rtol=CLOSE, atol=CLOSE)


def test_the_translator_is_torchs_transformer() -> None:
    config = TranslatorConfig(source_vocab=11, target_vocab=9, max_len=8, d_model=12, n_layers=2, n_heads=3, d_ff=20)
    model = stir(Translator(config))
    theirs = nn.Transformer(12, 3, 2, 2, 20, 0.0, batch_first=True).double().eval()
    theirs.encoder.norm = theirs.decoder.norm = None
    for block, layer in zip(model.encoder, theirs.encoder.layers, strict=True):
        copy_attention(block.attention, layer.self_attn)
        copy_rest(block, layer, 2)
    for block, layer in zip(model.decoder, theirs.decoder.layers, strict=True):
        copy_attention(block.self_attention, layer.self_attn)
        copy_attention(block.cross_attention, layer.multihead_attn)
        copy_rest(block, layer, 3)
    source, target_in = torch.tensor([[3, 8, 1, 5, 10], [4, 6, 7, 0, 0]]), torch.tensor([[1, 5, 3, 8], [1, 4, 0, 0]])

    def embedded(ids: Tensor, table: Embedding) -> Tensor:
        positions = torch.arange(ids.shape[1], dtype=torch.float64)[:, None]
        angles = positions / 10000.0 ** (torch.arange(0, 12, 2, dtype=torch.float64) / 12)
        interleaved = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
        return F.embedding(ids, table.weight) * math.sqrt(12) + interleaved

    x = theirs(
        embedded(source, model.source_embedding),
        embedded(target_in, model.target_embedding),
        tgt_mask=~torch.ones(4, 4, dtype=torch.bool).tril(),
        src_key_padding_mask=source == 0,
        tgt_key_padding_mask=target_in == 0,
        memory_key_padding_mask=source == 0,
    )
    torch.testing.assert_close(
        model(source, target_in), F.linear(x, model.target_embedding.weight), rtol=CLOSE, atol=CLOSE
    )


@pytest.mark.parametrize(("n_kv_heads", "window"), [(4, None), (2, None), (1, 3)])
def test_llama_is_rms_norm_rotary_and_sdpa(n_kv_heads: int, window: int | None) -> None:
    """Weights in Llama's own layout, run by torch's functions."""
    config = LlamaConfig(13, 9, 16, 2, 4, n_kv_heads, 20, rope_base=500.0, window=window)
    model = stir(Llama(config))
    w, ids = model.state_dict(), torch.randint(13, (2, 8))
    places = torch.arange(8)
    distance = places[:, None] - places
    mask = (distance >= 0) & (distance < (window or 99))
    angles = places[:, None].double() * 500.0 ** -(torch.arange(0, 4, 2, dtype=torch.float64) / 4)
    turns = torch.polar(torch.ones_like(angles), angles)

    def rotated(x: Tensor) -> Tensor:
        return torch.view_as_real(torch.view_as_complex(torch.unflatten(x, -1, (2, 2)).contiguous()) * turns).flatten(
            -2
        )

    x = w["token_embedding.weight"][ids]
    for i in range(2):
        block = {name.removeprefix(f"blocks.{i}."): value for name, value in w.items()}
        y = F.rms_norm(x, (16,), block["norm1.weight"], eps=1e-5)
        q, k, v = (
            torch.unflatten(F.linear(y, block[f"attention.{n}_proj.weight"]), -1, (-1, 4)).transpose(1, 2)
            for n in "qkv"
        )
        k, v = (part.repeat_interleave(4 // n_kv_heads, dim=1) for part in (rotated(k), v))
        y = F.scaled_dot_product_attention(rotated(q), k, v, attn_mask=mask).transpose(1, 2).flatten(2)
        x = x + F.linear(y, block["attention.out_proj.weight"])
        y = F.rms_norm(x, (16,), block["norm2.weight"], eps=1e-5)
        gate = F.silu(F.linear(y, block["feed_forward.gate.weight"]))
        x = x + F.linear(gate * F.linear(y, block["feed_forward.up.weight"]), block["feed_forward.down.weight"])
    wanted = F.linear(F.rms_norm(x, (16,), w["norm.weight"], eps=1e-5), w["head.weight"])
    torch.testing.assert_close(model(ids), wanted, rtol=CLOSE, atol=CLOSE)


@pytest.mark.slow
def test_masked_language_modelling_separates_the_senses_of_bank() -> None:
    train, fresh = senses.sample_sentences(2000, 1), senses.sample_sentences(100, 2)
    number = {word: i for i, word in enumerate(sorted({w for s in (*train, *fresh) for w in s.words}), 1)}
    ids, questions = ([[number[word] for word in s.words] for s in sentences] for sentences in (train, fresh))
    model = small_bert(len(number) + 1, 12)
    places, kinds = [s.position for s in fresh], [s.sense for s in fresh]
    train_masked(model, ids, 0, 400, 32, 3e-3, torch.Generator().manual_seed(1))
    static, contextual = sense_separation(model, questions, places, kinds)
    assert abs(static) < 1e-5
    assert contextual > 0.03
