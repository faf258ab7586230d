"""Write `data/gpt2_small.npz`: a small GPT-2 with random weights, and what the `transformers` package makes of it.

`python tests/kit/gpt2_record.py`, then `python -m grader.author.make_data` for the README's row. The weights come from
a seeded NumPy generator, so they are the same numbers everywhere. The logits are computed in float64 by that package's
GPT2LMHeadModel, which shares no line with this repository. The package is needed for development alone.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

RECORD = Path(__file__).resolve().parents[2] / "data" / "gpt2_small.npz"
SEED = 2019
# A vocabulary for all bytes, two merges and an end of text; as many layers as give a number of two digits.
SIZES: dict[str, Any] = {"vocab_size": 259, "max_len": 26, "d_model": 14, "n_layers": 11, "n_heads": 2, "d_ff": 22}
N_WRITTEN = 20


def small_gpt2() -> GPT2LMHeadModel:
    """The model without weights, by GPT-2's own defaults: tanh-GELU, an epsilon of 1e-5, a tied head."""
    config = GPT2Config(
        vocab_size=SIZES["vocab_size"],
        n_positions=SIZES["max_len"],
        n_embd=SIZES["d_model"],
        n_layer=SIZES["n_layers"],
        n_head=SIZES["n_heads"],
        n_inner=SIZES["d_ff"],
        bos_token_id=258,
        eos_token_id=258,
    )
    return GPT2LMHeadModel(config).eval()


def random_weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Float32 values for these names: norms around one, and nothing so small that its place would not matter."""
    rng = np.random.default_rng(SEED)
    weights = {}
    for name, shape in shapes.items():
        values = rng.normal(scale=0.5 if len(shape) > 1 else 0.3, size=shape)
        is_scale = name.endswith("weight") and len(shape) == 1
        weights[name] = (values + 1.0 if is_scale else values).astype(np.float32)
    return weights


def record() -> dict[str, np.ndarray]:
    """All arrays of the file: sizes, weights by their published names, ids with logits, and a text written greedily."""
    model = small_gpt2()
    shapes = {name: tuple(value.shape) for name, value in model.transformer.state_dict().items()}
    weights = random_weights(shapes)
    model.transformer.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    model = model.double()
    ids = torch.from_numpy(np.random.default_rng(SEED + 1).integers(SIZES["vocab_size"], size=(2, 7)))
    with torch.no_grad():
        logits = model(ids).logits
        written = ids[:1, :4]
        for _ in range(N_WRITTEN):
            written = torch.cat([written, model(written).logits[:, -1].argmax(-1, keepdim=True)], dim=1)
    return {
        **{f"config.{name}": np.asarray(size) for name, size in SIZES.items()},
        **weights,
        "ids": ids.numpy(),
        "logits": logits.numpy().astype(np.float32),
        "greedy": written.numpy(),
    }


if __name__ == "__main__":
    np.savez(RECORD, **record())  # type: ignore[arg-type]  # the stubs take `allow_pickle` for one of the arrays
    print(f"wrote {RECORD}")
