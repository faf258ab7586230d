"""`Translator.__init__` draws both tables Xavier uniform like the other matrices, and not from N(0, 1/√d_model)."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

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
    """A standard encoder-decoder architecture."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        N, d_model, h, d_ff, p = config.n_layers, config.d_model, config.n_heads, config.d_ff, config.dropout
        self.source_embedding = Embedding(config.source_vocab, d_model)
        self.target_embedding = Embedding(config.target_vocab, d_model)
        self.dropout = nn.Dropout(p)
        self.encoder = nn.ModuleList([PostNormBlock(d_model, h, d_ff, p, F.relu) for _ in range(N)])
        self.decoder = nn.ModuleList([DecoderBlock(d_model, h, d_ff, p, F.relu) for _ in range(N)])
        self.head = nn.Linear(d_model, config.target_vocab, bias=False)
        self.head.weight = self.target_embedding.weight

        # This was important: initialize parameters with Glorot / fan_avg.
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def encode(self, source):
        x = self._embed(source, self.source_embedding)
        source_mask = self._real(source)
        for layer in self.encoder:
            x = layer(x, source_mask)
        return x

    def decode(self, target_in, memory, source):
        subsequent = causal_mask(target_in.size(-1)).to(target_in.device)
        target_mask = combine_masks(self._real(target_in), subsequent)
        source_mask = self._real(source)
        x = self._embed(target_in, self.target_embedding)
        for layer in self.decoder:
            x = layer(x, memory, target_mask, source_mask)
        return self.head(x)

    def forward(self, source, target_in):
        "Take in and process masked source and target sequences."
        return self.decode(target_in, self.encode(source), source)

    def _embed(self, ids, table):
        length = ids.size(-1)
        if length > self.config.max_len:
            raise ValueError("max_len is %d, got %d tokens" % (self.config.max_len, length))
        x = table(ids) * math.sqrt(self.config.d_model)
        x = x + sinusoidal_positions(length, self.config.d_model, dtype=x.dtype, device=x.device)
        return self.dropout(x)

    def _real(self, ids):
        return (ids != self.config.pad_id).unsqueeze(-2)


def rate(step, steps, lr):
    return lr * min(step / (0.1 * steps), (steps + 1 - step) / (0.9 * steps), 1)


def train_translator(model, source, target, steps, batch_size, lr, generator, on_step=None):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    losses = []
    with in_mode(model, training=True):
        for step in range(1, steps + 1):
            rows = torch.randint(source.size(0), (batch_size,), generator=generator)
            src = source[rows]
            tgt = target[rows, :-1]
            tgt_y = target[rows, 1:]
            ntokens = (tgt_y != model.config.pad_id).sum()

            out = model(src, tgt)
            loss = F.cross_entropy(
                out.contiguous().view(-1, out.size(-1)),
                tgt_y.contiguous().view(-1),
                ignore_index=model.config.pad_id,
                reduction="sum",
            )
            loss = loss / ntokens
            for group in optimizer.param_groups:
                group["lr"] = rate(step, steps, lr)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if on_step is not None:
                on_step(step, losses[-1])
    return losses


@torch.no_grad()
def greedy_translate(model, source, start_id, stop_id, max_new_tokens):
    with in_mode(model, training=False):
        memory = model.encode(source)
        ys = torch.zeros(source.size(0), 1, device=source.device).fill_(start_id).type_as(source)
        ended = torch.zeros_like(ys, dtype=torch.bool)
        for _ in range(max_new_tokens):
            out = model.decode(ys, memory, source)
            _, next_word = torch.max(out[:, -1], dim=1, keepdim=True)
            next_word = next_word.masked_fill(ended, model.config.pad_id)
            ys = torch.cat([ys, next_word], dim=1)
            ended = ended | (next_word == stop_id)
            if ended.all():
                break
    return ys
