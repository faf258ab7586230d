"""The head has a second name, and encoder and decoder are parts of a shared list."""

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
    def __init__(self, config: TranslatorConfig) -> None:
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
        self.generator = self.head
        self.layers = nn.ModuleList([*self.encoder, *self.decoder])
        for name, parameter in self.named_parameters():
            if parameter.ndim >= 2:
                nn.init.xavier_uniform_(parameter)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        for table in (self.source_embedding, self.target_embedding):
            nn.init.normal_(table.weight, std=config.d_model**-0.5)

    def encode(self, source: Int[Tensor, "batch source_len"]) -> Float[Tensor, "batch source_len d_model"]:
        x, mask = self._embed(source, self.source_embedding), self._real(source)
        for block in self.layers[: self.config.n_layers]:
            x = block(x, mask)
        return x

    def decode(
        self,
        target_in: Int[Tensor, "batch target_len"],
        memory: Float[Tensor, "batch source_len d_model"],
        source: Int[Tensor, "batch source_len"],
    ) -> Float[Tensor, "batch target_len vocab"]:
        x = self._embed(target_in, self.target_embedding)
        causal = causal_mask(target_in.shape[1]).to(target_in.device)
        mask = combine_masks(causal, self._real(target_in))
        for block in self.layers[self.config.n_layers :]:
            x = block(x, memory, mask, self._real(source))
        return self.generator(x)

    def forward(
        self, source: Int[Tensor, "batch source_len"], target_in: Int[Tensor, "batch target_len"]
    ) -> Float[Tensor, "batch target_len vocab"]:
        return self.decode(target_in, self.encode(source), source)

    def _embed(self, ids: Int[Tensor, "batch seq"], table: Embedding) -> Float[Tensor, "batch seq d_model"]:
        seq = ids.shape[1]
        if seq > self.config.max_len:
            raise ValueError(f"{seq} tokens are more than max_len = {self.config.max_len}")
        x = table(ids) * math.sqrt(self.config.d_model)
        positions = sinusoidal_positions(seq, self.config.d_model, dtype=x.dtype, device=x.device)
        return self.dropout(x + positions)

    def _real(self, ids: Int[Tensor, "batch seq"]) -> Bool[Tensor, "batch 1 seq"]:
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
