"""`Translator.__init__` makes the encoder's blocks without an activation, so they use the default GELU, not ReLU."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
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
        self.source_embedding = Embedding(config.source_vocab, config.d_model)
        self.target_embedding = Embedding(config.target_vocab, config.d_model)
        self.dropout = nn.Dropout(p=config.dropout)

        hparams = {
            "d_model": config.d_model,
            "n_heads": config.n_heads,
            "d_ff": config.d_ff,
            "dropout": config.dropout,
        }
        self.encoder = nn.ModuleList()
        self.decoder = nn.ModuleList()
        for _ in range(config.n_layers):
            self.encoder.append(PostNormBlock(**hparams))
            self.decoder.append(DecoderBlock(**hparams))

        self.head = nn.Linear(config.d_model, config.target_vocab, bias=False)
        self.head.weight = self.target_embedding.weight

        tables = {id(self.source_embedding.weight), id(self.target_embedding.weight)}
        for name, param in self.named_parameters():
            if id(param) in tables:
                nn.init.normal_(param, std=config.d_model**-0.5)
            elif param.dim() > 1:
                nn.init.xavier_uniform_(param)
            elif "bias" in name:
                nn.init.zeros_(param)

    def encode(self, source: Tensor) -> Tensor:
        x = self._embed(source, self.source_embedding)
        mask = self._real(source)
        for layer in self.encoder:
            x = layer(x, mask)
        return x

    def decode(self, target_in: Tensor, memory: Tensor, source: Tensor) -> Tensor:
        x = self._embed(target_in, self.target_embedding)
        look_ahead = causal_mask(target_in.shape[1]).to(target_in.device)
        self_mask = combine_masks(look_ahead, self._real(target_in))
        cross_mask = self._real(source)
        for layer in self.decoder:
            x = layer(x, memory, self_mask, cross_mask)
        return self.head(x)

    def forward(self, source: Tensor, target_in: Tensor) -> Tensor:
        return self.decode(target_in, self.encode(source), source)

    def _embed(self, ids: Tensor, table: Embedding) -> Tensor:
        _, n = ids.shape
        if n > self.config.max_len:
            raise ValueError(f"input of {n} tokens is too long (max_len={self.config.max_len})")
        x = math.sqrt(self.config.d_model) * table(ids)
        return self.dropout(x + sinusoidal_positions(n, self.config.d_model, dtype=x.dtype, device=x.device))

    def _real(self, ids: Tensor) -> Tensor:
        return (ids != self.config.pad_id)[:, None]


def train_translator(
    model: Translator,
    source: Tensor,
    target: Tensor,
    steps: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
    on_step: Callable[[int, float], None] | None = None,
) -> list[float]:
    opt = torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98))
    losses = []
    with in_mode(model, training=True):
        for t in range(1, steps + 1):
            pick = torch.randint(high=source.shape[0], size=(batch_size,), generator=generator)
            decoder_in, wanted = target[pick][:, :-1], target[pick][:, 1:]
            log_probs = model(source[pick], decoder_in).log_softmax(dim=-1)
            nll = F.nll_loss(log_probs.flatten(0, 1), wanted.flatten(), ignore_index=model.config.pad_id)
            opt.param_groups[0]["lr"] = lr * min(t / (0.1 * steps), (steps + 1 - t) / (0.9 * steps), 1)
            opt.zero_grad()
            nll.backward()
            opt.step()
            losses.append(nll.item())
            if on_step is not None:
                on_step(t, nll.item())
    return losses


@torch.no_grad()
def greedy_translate(model: Translator, source: Tensor, start_id: int, stop_id: int, max_new_tokens: int) -> Tensor:
    with in_mode(model, training=False):
        memory = model.encode(source)
        out = torch.full((source.shape[0], 1), start_id, dtype=torch.int64, device=source.device)
        finished = torch.zeros(source.shape[0], dtype=torch.bool, device=source.device)
        while out.shape[1] < 1 + max_new_tokens and not finished.all():
            scores = model.decode(out, memory, source)[:, -1]
            token = scores.argmax(dim=1)
            token[finished] = model.config.pad_id
            finished = finished | (token == stop_id)
            out = torch.cat([out, token[:, None]], dim=1)
    return out
