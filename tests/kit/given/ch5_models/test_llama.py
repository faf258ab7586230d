"""The configuration, which the stub gives, and the base that positions turn with where none is given."""

from __future__ import annotations

import inspect

from ch5_models.llama import LlamaAttention, LlamaConfig


def test_the_configuration_has_its_usual_values() -> None:
    config = LlamaConfig(vocab_size=5, max_len=6, d_model=8, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=4)
    assert (config.rope_base, config.window, config.tied) == (10_000.0, None, False)


def test_attention_turns_with_the_usual_base() -> None:
    assert inspect.signature(LlamaAttention).parameters["rope_base"].default == 10_000.0
