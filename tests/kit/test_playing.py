"""`grader play`: a trained model writes by the learner's own code; GPT-2's published files go into their model."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import msgspec
import pexpect
import pytest
import torch
from running import PACKAGE, grader
from safetensors.torch import save_file
from torch.nn import functional as F

from grader.errors import UsageError
from grader.learner.gpt2_files import byte_of_character, read_config, read_tokenizer, read_weights
from grader.learner.own_gpt import SavedGPT, Sizes
from grader.learner.own_tokenizer import SavedTokenizer
from grader.learner.playing import Likely, Pace
from grader.render.playing import likely_lines, pace_text

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
ALPHABET = "\n abcdefg"
STATE = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kit with every exercise solved, and an untrained model of drawn weights in `my-gpt`."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(PACKAGE / "solutions", root / "exercises", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PACKAGE / "tests" / "graded", root / "tests" / "graded")
    sizes = Sizes(len(ALPHABET), 12, 8, 1, 2, 16)
    generator = torch.Generator().manual_seed(3)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    state = {"position_embedding.weight": drawn(12, 8), "norm.weight": drawn(8), "norm.bias": drawn(8)}
    state |= {f"blocks.0.attention.{name}_proj.weight": drawn(8, 8) for name in ("q", "k", "v", "out")}
    state |= {f"blocks.0.attention.{name}_proj.bias": drawn(8) for name in ("q", "k", "v", "out")}
    state |= {f"blocks.0.norm{i}.{name}": drawn(8) for i in (1, 2) for name in ("weight", "bias")}
    state |= {"blocks.0.feed_forward.up.weight": drawn(16, 8), "blocks.0.feed_forward.up.bias": drawn(16)}
    state |= {"blocks.0.feed_forward.down.weight": drawn(8, 16), "blocks.0.feed_forward.down.bias": drawn(8)}
    table = drawn(len(ALPHABET), 8)
    state |= {"token_embedding.weight": table, "head.weight": table.clone()}
    (root / "my-gpt").mkdir()
    save_file(state, root / "my-gpt" / "model.safetensors")
    saved = SavedGPT(sizes, SavedTokenizer("characters", ALPHABET), {"the text": "a.txt"}, "\n", 1, 2.0)
    (root / "my-gpt" / "gpt.json").write_bytes(msgspec.json.encode(saved))
    return root


def test_a_model_goes_on_from_a_prompt_with_its_cache_as_without(course: Path) -> None:
    """Up to the length of the model the texts are the same, and they depend on the seed alone."""
    run = ("play", "--prompt", "abc", "--tokens", "9", "--seed", "5", "--top-p", "0.9")
    with_cache = grader(course, *run, env=ONE_THREAD)
    assert with_cache.returncode == 0, with_cache.stderr
    assert with_cache.stdout.startswith("abc")
    assert len(with_cache.stdout.removesuffix("\n")) == 12
    assert re.search(r"[\d,]+ tokens per second with the KV cache, [\d,]+ without, over 9 tokens", with_cache.stderr)
    without = grader(course, *run, "--no-cache", env=ONE_THREAD)
    assert without.stdout == with_cache.stdout
    assert re.search(r"[\d,]+ tokens per second without a cache, over 9 tokens \(--no-cache is set\)", without.stderr)


def test_a_text_grows_longer_than_the_model_and_its_likeliest_tokens_are_told(course: Path) -> None:
    """The prompt comes from standard input. Greedy: what is written is the likeliest at its place."""
    done = grader(
        course, "play", "--tokens", "40", "--temperature", "0", "--likely", stdin="abcdefg abcdefg\n", env=ONE_THREAD
    )
    assert done.returncode == 0, done.stderr
    text, told = done.stdout.split("written  ")
    assert len(text.removesuffix("\n")) == 15 + 40
    rows = [re.findall(r'"(?:\\.|[^"])*"', line) for line in told.splitlines()[1:]]
    assert len(rows) == 40
    assert all(len(row) == 4 for row in rows)
    assert "".join(json.loads(row[0]) for row in rows) == text.removesuffix("\n")[15:]
    assert "The prompt fills the model's context" in done.stderr


def test_without_a_cache_that_is_done_it_says_so(course: Path, tmp_path: Path) -> None:
    shutil.copytree(course, tmp_path / "kit")
    stub = Path("exercises", "ch7_inference", "kv_cache.py")
    shutil.copy(PACKAGE / stub, tmp_path / "kit" / stub)
    done = grader(tmp_path / "kit", "play", "--prompt", "a", "--tokens", "5", env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.removesuffix("\n")) == 6
    assert "(ch7_inference/kv_cache is still to do)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prompt", "abx"), "the model has never seen 'x', so it has no token for it"),
        (("nowhere",), "there is no trained model in nowhere"),
        (("--temperature", "-1"), "'--temperature'"),
        (("--top-p", "0"), "'--top-p'"),
    ],
)
def test_what_cannot_be_played_is_told(course: Path, arguments: tuple[str, ...], message: str) -> None:
    done = grader(course, "play", *arguments, env=ONE_THREAD)
    assert done.returncode == 2
    assert message in done.stderr


def test_on_a_terminal_keys_lead_through_texts(course: Path) -> None:
    """A prompt, the likeliest tokens, more of the text, another prompt, the end."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "grader", "play", "--tokens", "6"],
        cwd=str(course),
        encoding="utf-8",
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(PACKAGE), "NO_COLOR": "1", **ONE_THREAD},
    )
    child.expect_exact("prompt> ")
    child.sendline("xyz")
    child.expect_exact("the model has never seen 'x', 'y', 'z'")
    child.expect_exact("prompt> ")
    child.sendline("abc")
    child.expect("tokens per second with the KV cache")
    child.expect_exact("q: quit")
    child.send("l")
    child.expect_exact("written        likeliest")
    child.expect_exact("q: quit")
    child.send("\r")
    child.expect("tokens per second|fills the model")
    child.expect_exact("q: quit")
    child.send("p")
    child.expect_exact("prompt> ")
    child.sendline("")
    child.expect_exact("q: quit")
    child.send("q")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_what_is_told_of_a_text() -> None:
    assert pace_text(Pace(9, 80.4, 200.0), "") == "200 tokens per second with the KV cache, 80 without, over 9 tokens"
    assert pace_text(Pace(1, 80.4, None), "why") == "80 tokens per second without a cache, over 1 token (why)"
    rows = list(likely_lines([Likely("\n", (("a", 0.5), ('"', 0.25)))]))
    assert rows[1] == '"\\n"           "a" 50 %   "\\"" 25 %'


# -- GPT-2 ------------------------------------------------------------------------------------------------

TINY = {
    "vocab_size": 262, "n_positions": 32, "n_embd": 8, "n_layer": 2, "n_head": 2, "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5, "model_type": "gpt2",
}  # fmt: skip
LOADER = """
import torch
from ch5_models.gpt import GPT, GPTConfig


def load_gpt2(state_dict, config):
    model = GPT(config)
    with torch.no_grad():
        model.token_embedding.weight.copy_(state_dict["wte.weight"])
        model.position_embedding.weight.copy_(state_dict["wpe.weight"])
        model.norm.weight.copy_(state_dict["ln_f.weight"])
        model.norm.bias.copy_(state_dict["ln_f.bias"])
        for i, block in enumerate(model.blocks):
            part = {k.removeprefix(f"h.{i}."): v for k, v in state_dict.items() if k.startswith(f"h.{i}.")}
            attention, network = block.attention, block.feed_forward
            projections = (attention.q_proj, attention.k_proj, attention.v_proj)
            for row, projection in enumerate(projections):
                projection.weight.copy_(part["attn.c_attn.weight"].chunk(3, 1)[row].T)
                projection.bias.copy_(part["attn.c_attn.bias"].chunk(3)[row])
            layers = {"attn.c_proj": attention.out_proj, "mlp.c_fc": network.up, "mlp.c_proj": network.down}
            for name, layer in layers.items():
                layer.weight.copy_(part[name + ".weight"].T)
                layer.bias.copy_(part[name + ".bias"])
            for name, norm in (("ln_1", block.norm1), ("ln_2", block.norm2)):
                norm.weight.copy_(part[name + ".weight"])
                norm.bias.copy_(part[name + ".bias"])
    return model
"""


def tiny_state() -> STATE:
    """Weights under GPT-2's published names, with a prefix and a saved mask, drawn so that greedy choices are clear."""
    generator = torch.Generator().manual_seed(11)
    d = TINY["n_embd"]
    assert isinstance(d, int)
    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (262, d), "wpe.weight": (32, d)}
    shapes |= {"ln_f.weight": (d,), "ln_f.bias": (d,)}
    for i in range(2):
        shapes |= {f"h.{i}.ln_{n}.{kind}": (d,) for n in (1, 2) for kind in ("weight", "bias")}
        for name, (rows, columns) in {
            "attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, 4 * d), "mlp.c_proj": (4 * d, d),
        }.items():  # fmt: skip
            shapes |= {f"h.{i}.{name}.weight": (rows, columns), f"h.{i}.{name}.bias": (columns,)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def logits_by_hand(state: STATE, ids: list[int]) -> torch.Tensor:
    """GPT-2's forward pass with torch's own functions, from the published layout: x @ W + b, q, k and v in one."""
    x = state["wte.weight"][ids] + state["wpe.weight"][: len(ids)]
    for i in range(2):
        part = {name.removeprefix(f"h.{i}."): value for name, value in state.items() if name.startswith(f"h.{i}.")}

        def norm(x: torch.Tensor, name: str, part: STATE = part) -> torch.Tensor:
            return F.layer_norm(x, x.shape[-1:], part[f"{name}.weight"], part[f"{name}.bias"])

        def conv(x: torch.Tensor, name: str, part: STATE = part) -> torch.Tensor:
            return x @ part[f"{name}.weight"] + part[f"{name}.bias"]

        q, k, v = (
            each.view(len(ids), 2, -1).transpose(0, 1) for each in conv(norm(x, "ln_1"), "attn.c_attn").chunk(3, -1)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1).flatten(1)
        x = x + conv(mixed, "attn.c_proj")
        x = x + conv(F.gelu(conv(norm(x, "ln_2"), "mlp.c_fc"), approximate="tanh"), "mlp.c_proj")
    return F.layer_norm(x, x.shape[-1:], state["ln_f.weight"], state["ln_f.bias"]) @ state["wte.weight"].T


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A tiny GPT-2 as it would be downloaded: five merges on top of the bytes, in the published order of ids."""
    character_of = {byte: character for character, byte in byte_of_character().items()}
    first = [character_of[byte] for byte in sorted(range(256), key=lambda byte: ord(character_of[byte]))]
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ã", "¤"), ("a", "n")]
    tokens = [*first, *(a + b for a, b in merges), "<|endoftext|>"]
    (tmp_path / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges), ""]
    (tmp_path / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "config.json").write_text(json.dumps(TINY))
    state = {f"transformer.{name}": value for name, value in tiny_state().items()}
    state["transformer.h.0.attn.bias"] = torch.ones(1, 1, 32, 32)
    state["transformer.h.1.attn.masked_bias"] = torch.tensor(-1e4)
    state["lm_head.weight"] = state["transformer.wte.weight"].clone()
    save_file(state, tmp_path / "model.safetensors")
    return tmp_path


def test_published_weights_write_what_an_independent_computation_writes(course: Path, published: Path) -> None:
    """Twenty greedy tokens, through the learner's byte pairs, `load_gpt2`, sampling and cache."""
    exercise = course / "exercises" / "ch7_inference" / "gpt2_weights.py"
    if not exercise.exists():
        exercise.write_text(LOADER)
        chapter = course / "tests" / "graded" / "ch7_inference" / "chapter.toml"
        table = 'title = "GPT-2"\npoints = 10\nminutes = 30\nprerequisites = ["generate"]\nhints = ["-"]\n'
        chapter.write_text(f"{chapter.read_text()}\n[gpt2_weights]\n{table}")
    vocab = read_tokenizer(published).vocab
    id_of = {value: i for i, value in vocab.items()}
    ids = [id_of[part] for part in (b"a", b" the", b" ", b"\xc3\xa4", b"n")]
    for _ in range(20):
        ids.append(int(logits_by_hand(tiny_state(), ids)[-1].argmax()))
    done = grader(
        course, "play", "--gpt2", str(published), "--prompt", "a the än", "--temperature", "0", "--tokens", "20",
        "--likely", env=ONE_THREAD,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text, told = done.stdout.split("written  ")
    tokens = [re.match(r'"(?:\\.|[^"\\])*"', line) for line in told.splitlines()[1:]]
    assert [json.loads(token[0]) for token in tokens if token] == [
        vocab[i].decode(errors="replace") for i in ids[5:]
    ]  # fmt: skip
    assert text.startswith("a the än")


def test_a_byte_is_written_as_a_character_that_is_seen() -> None:
    known = {"Ġ": 32, "Ċ": 10, "ĉ": 9, "a": 97, "Ã": 0xC3, "ł": 0xA0, "Ń": 0xAD, "Ā": 0}
    found = byte_of_character()
    assert {character: found[character] for character in known} == known
    assert sorted(found.values()) == list(range(256))


def test_published_weights_come_without_prefix_masks_and_head(published: Path) -> None:
    found = read_weights(published / "model.safetensors")
    assert {name: value.tolist() for name, value in found.items()} == {
        name: value.tolist() for name, value in tiny_state().items()
    }
    other = tiny_state() | {"lm_head.weight": torch.zeros(262, 8)}
    save_file(other, published / "other.safetensors")
    with pytest.raises(UsageError, match="the head is not the token table"):
        read_weights(published / "other.safetensors")
    (published / "broken.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(UsageError, match="cannot be read"):
        read_weights(published / "broken.safetensors")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("activation_function", "relu"), ("layer_norm_epsilon", 1e-6), ("scale_attn_by_inverse_layer_idx", True),
        ("scale_attn_weights", False), ("n_embd", "many"),
    ],
)  # fmt: skip
def test_a_model_that_computes_otherwise_is_refused(published: Path, key: str, value: object) -> None:
    (published / "config.json").write_text(json.dumps(TINY | {key: value}))
    with pytest.raises(UsageError, match=key):
        read_config(published / "config.json")


def test_a_file_that_is_missing_is_named(course: Path, published: Path) -> None:
    (published / "merges.txt").unlink()
    (published / "model.safetensors").rename(published / "pytorch_model.bin")
    done = grader(course, "play", "--gpt2", str(published), "--prompt", "a", env=ONE_THREAD)
    assert done.returncode == 2
    assert "lacks merges.txt, model.safetensors" in done.stderr
    assert "because they can run code" in done.stderr
