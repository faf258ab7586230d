"""`data/gpt2_small.npz` is what the `transformers` package computes today, and the solution computes the same."""

import gpt2_record
import numpy as np
import pytest
import torch

from ch5_models.gpt import GPTConfig
from ch7_inference.generate import generate
from ch7_inference.gpt2_weights import gpt2_shapes, load_gpt2


@pytest.fixture(scope="module")
def stored() -> dict[str, np.ndarray]:
    with np.load(gpt2_record.RECORD, allow_pickle=False) as arrays:
        return dict(arrays)


def weights_in(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(arrays[name]) for name in gpt2_shapes(GPTConfig(**gpt2_record.SIZES))}


def test_the_record_is_made_again_as_it_is(stored: dict[str, np.ndarray]) -> None:
    """Weights and ids to the bit; logits to what another processor may round otherwise."""
    made = gpt2_record.record()
    assert list(made) == list(stored)
    for name, values in made.items():
        assert values.dtype == stored[name].dtype and values.shape == stored[name].shape, name
        if name == "logits":
            np.testing.assert_allclose(values, stored[name], rtol=1e-5, atol=1e-5)
        else:
            assert np.array_equal(values, stored[name]), name


def test_the_record_shows_small_mistakes(stored: dict[str, np.ndarray]) -> None:
    """The logits are neither flat nor all of one size, and the text that was written is not one token repeated."""
    assert stored["logits"].std() > 0.5
    assert len(set(stored["greedy"][0].tolist())) > 10


def test_the_solution_gives_the_recorded_logits_and_text(stored: dict[str, np.ndarray]) -> None:
    model = load_gpt2(weights_in(stored), GPTConfig(**gpt2_record.SIZES)).double()
    with torch.no_grad():
        logits = model(torch.from_numpy(stored["ids"]))
    torch.testing.assert_close(logits.float(), torch.from_numpy(stored["logits"]), rtol=1e-5, atol=1e-5)
    greedy = torch.from_numpy(stored["greedy"])
    assert torch.equal(generate(model, greedy[:, :4], gpt2_record.N_WRITTEN, temperature=0), greedy)


def test_a_whole_state_dict_of_the_package_is_read() -> None:
    """Fresh weights of another size, masks beside them as older versions of the package wrote them."""
    torch.manual_seed(3)
    theirs = gpt2_record.small_gpt2().double()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    masks = {f"h.{n}.attn.bias": torch.ones(1, 1, 26, 26) for n in range(gpt2_record.SIZES["n_layers"])}
    ours = load_gpt2(theirs.transformer.state_dict() | masks, GPTConfig(**gpt2_record.SIZES))
    ids = torch.randint(gpt2_record.SIZES["vocab_size"], (3, 26))
    with torch.no_grad():
        torch.testing.assert_close(ours(ids), theirs(ids).logits, rtol=1e-9, atol=1e-9)
