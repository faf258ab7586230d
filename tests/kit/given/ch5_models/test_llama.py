"""The configuration, which the stub gives."""

from __future__ import annotations

from ch5_models.llama import LlamaConfig


def test_the_configuration_has_its_usual_values() -> None:
    config = LlamaConfig(vocab_size=5, max_len=6, d_model=8, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=4)
    assert (config.rope_base, config.window, config.tied) == (10_000.0, None, False)
