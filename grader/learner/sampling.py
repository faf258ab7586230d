"""A sample of what a model writes while it is trained: drawn from its own probabilities, as they are.

The learner's own ways to choose come in a later chapter, so the choice is made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SHARES = (1 / 16, 1 / 4, 1.0)  # of all steps: 100, 400 and 1600 of 1600


def moments_of(steps: int) -> list[int]:
    """The steps after which a sample is taken."""
    return sorted({max(1, round(share * steps)) for share in SHARES})


@dataclass(frozen=True)
class Sampler:
    """Has `model` go on from the tokens `start`, of which none is shown."""

    model: Any
    start: Sequence[int]
    decode: Callable[[list[int]], str]
    context: int
    tokens: int

    def sample(self, seed: int) -> str:
        """What the model writes. It is left in its mode, and torch's own random state as it is."""
        import torch  # heavy, and only some commands need it

        device = next(self.model.parameters()).device
        generator = torch.Generator().manual_seed(seed)
        ids = torch.tensor([list(self.start)], device=device)
        with in_eval_mode(self.model), torch.no_grad():
            for _ in range(self.tokens):
                logits = self.model(ids[:, -self.context :])[:, -1].float().cpu()
                chosen = torch.multinomial(logits.softmax(-1), 1, generator=generator)
                ids = torch.cat([ids, chosen.to(device)], dim=1)
        return self.decode(ids[0, len(self.start) :].tolist())


@contextmanager
def in_eval_mode(model: Any) -> Iterator[None]:
    """Every module in eval mode, and afterwards each in the mode that it had."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
