"""# The Transformer of 2017: an encoder and a decoder

**How can a model read one sentence as a whole while it writes another?** Word for word does not do: the last word of
*ich habe den Hund gesehen* is the third of *I have seen the dog*. And a recurrent translator without attention hands a
source of two or of fifty words on as one vector of the same size.

Translation has a source, which is all there from the start, and a target, which is written token by token. So the
first Transformer has two halves. The **encoder** reads the source both ways and makes the `memory`: one vector for each
source token. The **decoder** writes: each of its positions sees the target so far (a causal mask) and, by
cross-attention, the whole memory.

    x      = source_embedding(source) · √d_model + positions       then dropout
    memory = block(x, no padding)                                  n_layers times, post-norm, with ReLU

    y      = target_embedding(target_in) · √d_model + positions    then dropout
    y      = block(y, memory, nothing later and no padding)        n_layers times, decoder blocks
    logits = head(y)                                               tied to the target table

The positions are sinusoidal. The tables' rows start small, N(0, 1/√d_model), because the head uses the target's too;
times √d_model they have the size of the positions that are added to them. Each block ends in a norm, so none follows
the last.

*Padding* makes sentences of different lengths fit one tensor. The translator finds it by its id, `pad_id`, in
`source` and in `target_in`: no position attends to a pad, in the encoder, in the decoder, or across.

*Teacher forcing*: in training the decoder gets the right target, shifted by one. From `<start> ich sehe <stop>` come
`target_in = <start> ich sehe` and the wanted `ich sehe <stop>`. Without the shift it would copy its input and learn
nothing. In use there is no right target: greedy translation begins with `<start>`, takes the likeliest next token,
appends it, and asks again until `<stop>`.

| name | shape |
|---|---|
| `source` | `(batch, source_len)`, int64 |
| `target_in` | `(batch, target_len)`, int64, begins with the start token |
| `memory` | `(batch, source_len, d_model)` |
| `logits` | `(batch, target_len, target_vocab)` |

By hand: with `pad_id = 0` the source `[[5, 7, 0]]` has a memory of three vectors. The last one is nobody's to look
at, so `[[5, 7]]` gives the same two first vectors and the same logits.

Not to be used here: `nn.Transformer` and its relatives; put your own blocks together.

Source: Vaswani et al., *Attention Is All You Need*, 2017, sections 3.1, 3.4 and 3.5, and section 5.3 for the betas of
Adam. The learning rate rises as it does there, but then falls in a straight line; in equation 3 it falls with the
inverse square root of the step.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.masks import causal_mask, combine_masks
from ch3_attention.positions import sinusoidal_positions
from ch4_blocks.blocks import PostNormBlock, in_mode
from ch4_blocks.decoder_block import DecoderBlock


@dataclass(frozen=True)
class TranslatorConfig:
    """The sizes of a translator. `n_layers` blocks in the encoder and as many in the decoder."""

    source_vocab: int
    target_vocab: int
    max_len: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    pad_id: int = 0
    dropout: float = 0.0


class Translator(nn.Module):
    """The encoder-decoder of the configuration.

    `config` is kept. `source_embedding` and `target_embedding` are Embeddings, `encoder` is an nn.ModuleList of
    PostNormBlocks with ReLU, `decoder` one of DecoderBlocks, `head` an nn.Linear without bias whose weight is the
    target table itself. Nothing else has parameters. Both tables start as N(0, 1/√d_model), the row of `pad_id` as all
    others; every other matrix starts Xavier uniform, every bias at zero, and each is drawn anew. In training, dropout
    works on both embedded sequences and in the blocks of both halves, and nowhere else. The model works in the dtype
    and on the device of its parameters, float64 and `meta` among them.

    >>> config = TranslatorConfig(source_vocab=9, target_vocab=7, max_len=6, d_model=4, n_layers=1, n_heads=2, d_ff=8)
    >>> Translator(config)(torch.tensor([[3, 1, 4]]), torch.tensor([[1, 5]])).shape
    torch.Size([1, 2, 7])
    """

    def __init__(self, config: TranslatorConfig) -> None:
        # TODO: call nn.Module's own __init__, keep `config`, and make the parts under the names above, and an
        #       nn.Dropout.
        # TODO: start values: nn.init.xavier_uniform_ for matrices, zeros for biases, nn.init.normal_ with
        #       std=d_model ** -0.5 for both tables.
        # TODO: tie the head: give it the target table's parameter.
        super().__init__()
        self.config = config
        sizes = (config.d_model, config.n_heads, config.d_ff, config.dropout)
        self.source_embedding = Embedding(config.source_vocab, config.d_model)
        self.target_embedding = Embedding(config.target_vocab, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList(PostNormBlock(*sizes, torch.relu) for _ in range(config.n_layers))
        self.decoder = nn.ModuleList(DecoderBlock(*sizes, torch.relu) for _ in range(config.n_layers))
        self.head = nn.Linear(config.d_model, config.target_vocab, bias=False)
        self.head.weight = self.target_embedding.weight
        for name, parameter in self.named_parameters():
            if parameter.ndim >= 2:
                nn.init.xavier_uniform_(parameter)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        for table in (self.source_embedding, self.target_embedding):
            nn.init.normal_(table.weight, std=config.d_model**-0.5)

    def encode(self, source: Int[Tensor, "batch source_len"]) -> Float[Tensor, "batch source_len d_model"]:
        """The memory: a vector for every source token, made from the whole sentence but its padding."""
        # TODO: the embedded source through every encoder block, under the source's padding mask.
        x, mask = self._embed(source, self.source_embedding), self._real(source)
        for block in self.encoder:
            x = block(x, mask)
        return x

    def decode(
        self,
        target_in: Int[Tensor, "batch target_len"],
        memory: Float[Tensor, "batch source_len d_model"],
        source: Int[Tensor, "batch source_len"],
    ) -> Float[Tensor, "batch target_len vocab"]:
        """The logits of the next target token at every position.

        Each is made from the target up to its position and the whole memory, without padding of either. `source` tells
        where the memory is padding, and nothing else.
        """
        # TODO: the target's mask: causal, and no padding. The memory's mask: the source's padding alone.
        # TODO: the embedded target through every decoder block, then the head.
        x = self._embed(target_in, self.target_embedding)
        causal = causal_mask(target_in.shape[1]).to(target_in.device)
        mask = combine_masks(causal, self._real(target_in))
        for block in self.decoder:
            x = block(x, memory, mask, self._real(source))
        return self.head(x)

    def forward(
        self, source: Int[Tensor, "batch source_len"], target_in: Int[Tensor, "batch target_len"]
    ) -> Float[Tensor, "batch target_len vocab"]:
        """Encode the source, then decode the target with its memory.

        A source or target of more than `max_len` tokens is a ValueError that names their number.
        """
        # TODO: encode the source and decode the target with it. Both of them refuse what is too long.
        return self.decode(target_in, self.encode(source), source)

    def _embed(self, ids: Int[Tensor, "batch seq"], table: Embedding) -> Float[Tensor, "batch seq d_model"]:
        """Token vectors times √d_model, plus sinusoidal positions, then dropout."""
        # TODO: refuse more than max_len tokens with a ValueError that names their number.
        # TODO: look up, scale, add the positions (in the dtype and on the device of the vectors), dropout.
        seq = ids.shape[1]
        if seq > self.config.max_len:
            raise ValueError(f"{seq} tokens are more than max_len = {self.config.max_len}")
        x = table(ids) * math.sqrt(self.config.d_model)
        positions = sinusoidal_positions(seq, self.config.d_model, dtype=x.dtype, device=x.device)
        return self.dropout(x + positions)

    def _real(self, ids: Int[Tensor, "batch seq"]) -> Bool[Tensor, "batch 1 seq"]:
        """The mask under which every position attends to the tokens that are no padding."""
        # TODO: True where the id is not pad_id, with an axis for the queries.
        return (ids != self.config.pad_id).unsqueeze(1)


def train_translator(
    model: Translator,
    source: Int[Tensor, "n source_len"],
    target: Int[Tensor, "n target_len"],
    steps: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
    on_step: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Trains the model in place on padded pairs and returns the loss of each step, measured before its update.

    Row `i` of `target` translates row `i` of `source`; a target row is start token, words, stop token, padding. Each
    step draws `batch_size` rows with `generator`, each one among all rows alike. It takes one step of
    `torch.optim.Adam` with betas (0.9, 0.98) on the mean cross-entropy over all target tokens of the batch that are no
    padding: each position is to predict the token after it. The learning rate of step t = 1, 2, …, steps rises to `lr`
    over the first tenth of the steps and then falls in a straight line:

        lr · min(t / (0.1 · steps), (steps + 1 - t) / (0.9 · steps), 1)

    `on_step(t, loss)` is called after each step, t = 1 the first, if it is given. The model is in train mode meanwhile,
    and afterwards, as a whole, in the mode it was in before.

    >>> config = TranslatorConfig(source_vocab=9, target_vocab=7, max_len=6, d_model=4, n_layers=1, n_heads=2, d_ff=8)
    >>> source, target = torch.tensor([[3, 4]]), torch.tensor([[1, 5, 2]])
    >>> losses = train_translator(Translator(config), source, target, 20, 1, 0.01, torch.Generator())
    >>> len(losses), losses[-1] < losses[0]
    (20, True)
    """
    # TODO: make the optimizer; train inside `in_mode`.
    # TODO: each step: draw rows; the decoder's input is the target without its last token, what it is to
    #       predict is the target without its first.
    # TODO: cross-entropy that ignores pad_id; set the learning rate; zero_grad, backward, step; note the loss as a
    #       float; call on_step.
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    losses = []
    with in_mode(model, training=True):
        for t in range(1, steps + 1):
            rows = torch.randint(len(source), (batch_size,), generator=generator)
            logits = model(source[rows], target[rows, :-1])
            loss = F.cross_entropy(logits.flatten(0, 1), target[rows, 1:].flatten(), ignore_index=model.config.pad_id)
            for group in optimizer.param_groups:
                group["lr"] = lr * min(t / (0.1 * steps), (steps + 1 - t) / (0.9 * steps), 1.0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if on_step is not None:
                on_step(t, losses[-1])
    return losses


@torch.no_grad()
def greedy_translate(
    model: Translator,
    source: Int[Tensor, "batch source_len"],
    start_id: int,
    stop_id: int,
    max_new_tokens: int,
) -> Int[Tensor, "batch length"]:
    """Translations of all rows at once: each begins with `start_id`, then the likeliest token of every step.

    `stop_id` is included; a row that has it is filled with the configuration's `pad_id` while others go on. It ends
    when every row has stopped or after `max_new_tokens` tokens, so the length is at most `1 + max_new_tokens`. The
    source is encoded once, not again for each token. The model works in eval mode, without gradients, and is
    afterwards, as a whole, in the mode it was in before.

    >>> config = TranslatorConfig(source_vocab=9, target_vocab=7, max_len=6, d_model=4, n_layers=1, n_heads=2, d_ff=8)
    >>> greedy_translate(Translator(config), torch.tensor([[3, 4]]), 1, 2, max_new_tokens=3)[0, 0].item()
    1
    """
    # TODO: inside `in_mode`, for eval mode: encode the source.
    # TODO: begin with a column of start tokens; no row is finished.
    # TODO: up to max_new_tokens times: decode, take the best token of the last position, the pad where a row is
    #       finished; append; note which rows have stopped; leave when all have.
    with in_mode(model, training=False):
        memory = model.encode(source)
        target = torch.full((len(source), 1), start_id, device=source.device)
        finished = torch.zeros(len(source), dtype=torch.bool, device=source.device)
        for _ in range(max_new_tokens):
            best = model.decode(target, memory, source)[:, -1].argmax(-1)
            best = torch.where(finished, model.config.pad_id, best)
            target = torch.cat([target, best.unsqueeze(1)], dim=1)
            finished = finished | (best == stop_id)
            if finished.all():
                break
    return target
