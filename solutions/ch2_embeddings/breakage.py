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
    for parameter in module.parameters():
        parameter.requires_grad = False
    return module


def permute_ids(data: Int[Tensor, "n"], permutation: Int[Tensor, "vocab"]) -> Int[Tensor, "n"]:
    """Give every id its new number: the old id i becomes `permutation[i]`. `data` itself is not changed.

    `permutation` holds each of 0, 1, ..., vocab - 1 exactly once. Anything else raises a `ValueError`. An id of `data`
    without a new number, also a negative one, raises an `IndexError` whose message gives that id.

    >>> permute_ids(torch.tensor([0, 1, 1, 2]), torch.tensor([2, 0, 1]))
    tensor([2, 0, 0, 1])
    """
    # TODO: reject a tensor that is no permutation, then ids that are out of its range.
    # TODO: look all ids up at once.
    if not torch.equal(permutation.sort().values, torch.arange(len(permutation))):
        raise ValueError(f"{permutation.tolist()} is not a permutation of 0 to {len(permutation) - 1}")
    for i in data.unique().tolist():
        if not 0 <= i < len(permutation):
            raise IndexError(f"id {i} has no new number in a permutation of {len(permutation)} ids")
    return permutation[data]


def split(data: Int[Tensor, "n"]) -> tuple[Int[Tensor, "train"], Int[Tensor, "held_out"]]:
    """`(train, held_out)`: the last `n // 10` ids are held out, all before them are for training.

    >>> [len(part) for part in split(torch.arange(25))]
    [23, 2]
    """
    # TODO: cut the data in two.
    cut = len(data) - len(data) // 10
    return data[:cut], data[cut:]


def freeze_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    """Held-out losses, healthy first: all parameters learn (`trainable`), or `embed` is frozen throughout (`frozen`).

    A text raises a `ValueError` if its last tenth is too short for a window of 8 and its target. The empty text does,
    too.
    """
    # TODO: follow the protocol twice; freeze the embedding before training in the second run.
    ids, vocab_size = _read(text)
    train, held_out = split(ids)
    trainable, frozen = _new_model(vocab_size, DIM, seed), _new_model(vocab_size, DIM, seed)
    freeze(frozen.embed)
    _train(trainable, train, steps, seed)
    _train(frozen, train, steps, seed)
    return {
        "trainable": mean_loss(trainable, held_out, CONTEXT),
        "frozen": mean_loss(frozen, held_out, CONTEXT),
    }


def permute_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    """Held-out losses, healthy first: with the ids as they are (`original`), and with new ones for all (`permuted`).

    All ids get new numbers, the held-out ones too. An id may keep its number by chance. The permutation is drawn from
    `seed`. The second model starts and trains as the first one does, but on the new ids. The errors are those of
    `freeze_experiment`.
    """
    # TODO: follow the protocol twice, the second time with permuted ids; torch.randperm draws a permutation.
    ids, vocab_size = _read(text)
    permutation = torch.randperm(vocab_size, generator=torch.Generator().manual_seed(seed))
    losses = {}
    for name, data in {"original": ids, "permuted": permute_ids(ids, permutation)}.items():
        train, held_out = split(data)
        model = _new_model(vocab_size, DIM, seed)
        _train(model, train, steps, seed)
        losses[name] = mean_loss(model, held_out, CONTEXT)
    return losses


def dimension_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    """Held-out losses, healthy first: with 16 numbers per token (`dim_16`), and with 2 (`dim_2`).

    The errors are those of `freeze_experiment`.
    """
    # TODO: follow the protocol twice, with both dimensions.
    ids, vocab_size = _read(text)
    train, held_out = split(ids)
    losses = {}
    for dim in (DIM, 2):
        model = _new_model(vocab_size, dim, seed)
        _train(model, train, steps, seed)
        losses[f"dim_{dim}"] = mean_loss(model, held_out, CONTEXT)
    return losses


def mismatch_experiment(text: str, steps: int, seed: int) -> dict[str, float]:
    """Held-out losses of one trained model, healthy first: read with its own tokenizer (`matched`), and with another.

    The other tokenizer (`mismatched`) knows the same characters but numbers them backwards: the first character gets
    the last id. So only the held-out ids change, and they change after training. The errors are those of
    `freeze_experiment`.
    """
    # TODO: follow the protocol once, then measure on the held-out ids and on the same ids numbered backwards.
    ids, vocab_size = _read(text)
    train, held_out = split(ids)
    model = _new_model(vocab_size, DIM, seed)
    _train(model, train, steps, seed)
    backwards = torch.arange(vocab_size).flip(0)
    return {
        "matched": mean_loss(model, held_out, CONTEXT),
        "mismatched": mean_loss(model, permute_ids(held_out, backwards), CONTEXT),
    }


def _read(text: str) -> tuple[Int[Tensor, "n"], int]:
    tokenizer = CharTokenizer(text)
    return torch.tensor(tokenizer.encode(text), dtype=torch.int64), tokenizer.vocab_size


def _new_model(vocab_size: int, dim: int, seed: int) -> ToyLM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ToyLM(vocab_size, dim)


def _train(model: ToyLM, data: Int[Tensor, "n"], steps: int, seed: int) -> None:
    train_toy_lm(model, data, CONTEXT, steps, BATCH_SIZE, LR, torch.Generator().manual_seed(seed))
