"""# Break it and see

**What is each part of a model for?** A broken model raises no error: it trains, and it gives logits. Only its loss,
beside that of a healthy model, shows the fault.

To find out what a part is for, break it and measure. Four experiments do so with the toy language model. Each
compares a healthy run with a broken one, on text that neither has trained on.

- **Freeze.** The embeddings keep their random start values, and only the head learns. How much does the loss change?
- **Permute.** Each id gets a new number, the same one everywhere. Ids are labels, so what should this cost?
- **Dimension.** A token has two numbers instead of sixteen. What no longer fits?
- **Mismatch.** The model trains with one tokenizer and reads with another. Every id is valid, but what does it mean to
  the model?

Write down an answer to each question before you run its experiment. `reflection` asks about the second one.

All four share one protocol, so that the figures can be compared:

| | |
|---|---|
| tokenizer | your `CharTokenizer(text)` of chapter 1 |
| held out | the last tenth of the ids (the last `n // 10` of n) |
| model | `ToyLM(vocab_size, 16)`, start values from `seed`, in any way that you like |
| training | your `train_toy_lm` on the rest: context 8, batches of 32, `lr` 0.01, a generator seeded with `seed` |
| figure | your `mean_loss` on the held-out ids, in nats |

The healthy and the broken run begin with the same seed, so they have the same start values and draw their batches
from the same places. So the healthy figure is the same in all four. The same arguments always give the same figures,
whatever the state of torch's global generator. The experiment leaves that state as it was.

Source: the method is ablation, as in Radford et al., *Improving Language Understanding by Generative Pre-Training*
(GPT-1), 2018, section 5.
"""

import torch
from jaxtyping import Int
from torch import Tensor, nn

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings.toy_lm import ToyLM, mean_loss, train_toy_lm

CONTEXT = 8
DIM = 16
BATCH_SIZE = 32
LR = 1e-2


def freeze(module: nn.Module) -> nn.Module:
    """Stop every parameter of `module` and of its parts from learning: `requires_grad` becomes False.

    Returns the module itself.
    """
    # TODO: set requires_grad of all parameters.
    raise NotImplementedError


def permute_ids(data: Int[Tensor, "n"], permutation: Int[Tensor, "vocab"]) -> Int[Tensor, "n"]:
    """Give every id its new number: the old id i becomes `permutation[i]`. `data` itself is not changed.

    `permutation` holds each of 0, 1, ..., vocab - 1 exactly once. Anything else raises a `ValueError`. An id of `data`
    without a new number, also a negative one, raises an `IndexError` whose message gives that id.

    >>> permute_ids(torch.tensor([0, 1, 1, 2]), torch.tensor([2, 0, 1]))
    tensor([2, 0, 0, 1])
    """
    # TODO: reject a tensor that is no permutation, then ids that are out of its range.
    # TODO: look all ids up at once.
    raise NotImplementedError


def split(data: Int[Tensor, "n"]) -> tuple[Int[Tensor, "train"], Int[Tensor, "held_out"]]:
    """`(train, held_out)`: the last `n // 10` ids are held out, all before them are for training.

    >>> [len(part) for part in split(torch.arange(25))]
    [23, 2]
    """
    # TODO: cut the data in two.
    raise NotImplementedError


def freeze_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    """Held-out losses, healthy first: all parameters learn (`trainable`), or `embed` is frozen throughout (`frozen`).

    A text raises a `ValueError` if its last tenth is too short for a window of 8 and its target. The empty text does,
    too.
    """
    # TODO: follow the protocol twice; freeze the embedding before training in the second run.
    raise NotImplementedError


def permute_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    """Held-out losses, healthy first: with the ids as they are (`original`), and with new ones for all (`permuted`).

    All ids get new numbers, the held-out ones too. An id may keep its number by chance. The permutation is drawn from
    `seed`. The second model starts and trains as the first one does, but on the new ids. The errors are those of
    `freeze_experiment`.
    """
    # TODO: follow the protocol twice, the second time with permuted ids; torch.randperm draws a permutation.
    raise NotImplementedError


def dimension_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    """Held-out losses, healthy first: with 16 numbers per token (`dim_16`), and with 2 (`dim_2`).

    The errors are those of `freeze_experiment`.
    """
    # TODO: follow the protocol twice, with both dimensions.
    raise NotImplementedError


def mismatch_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    """Held-out losses of one trained model, healthy first: read with its own tokenizer (`matched`), and with another.

    The other tokenizer (`mismatched`) knows the same characters but numbers them backwards: the first character gets
    the last id. So only the held-out ids change, and they change after training. The errors are those of
    `freeze_experiment`.
    """
    # TODO: follow the protocol once, then measure on the held-out ids and on the same ids numbered backwards.
    raise NotImplementedError
