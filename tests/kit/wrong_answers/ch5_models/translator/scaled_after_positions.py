"""`Translator._embed` multiplies by √d_model after the positions are added, so the positions are scaled too."""

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
    def __init__(self, config):
        super().__init__()
        self.config = config
        d = config.d_model
        self.source_embedding = Embedding(config.source_vocab, d)
        self.target_embedding = Embedding(config.target_vocab, d)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList(
            [
                PostNormBlock(d, config.n_heads, config.d_ff, dropout=config.dropout, activation=torch.relu)
                for _ in range(config.n_layers)
            ]
        )
        self.decoder = nn.ModuleList(
            [
                DecoderBlock(d, config.n_heads, config.d_ff, dropout=config.dropout, activation=torch.relu)
                for _ in range(config.n_layers)
            ]
        )
        self.head = nn.Linear(d, config.target_vocab, bias=False)
        self.head.weight = self.target_embedding.weight
        self._reset_parameters()

    def _reset_parameters(self):
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)
            elif name.endswith(".bias"):
                nn.init.zeros_(p)
        std = self.config.d_model**-0.5
        nn.init.normal_(self.source_embedding.weight, mean=0.0, std=std)
        nn.init.normal_(self.target_embedding.weight, mean=0.0, std=std)

    def encode(self, source):
        mask = self._real(source)
        x = self._embed(source, self.source_embedding)
        for layer in self.encoder:
            x = layer(x, mask)
        return x

    def decode(self, target_in, memory, source):
        n = target_in.size(1)
        target_mask = combine_masks(causal_mask(n, device=target_in.device), self._real(target_in))
        source_mask = self._real(source)
        x = self._embed(target_in, self.target_embedding)
        for layer in self.decoder:
            x = layer(x, memory, target_mask, source_mask)
        return self.head(x)

    def forward(self, source, target_in):
        memory = self.encode(source)
        return self.decode(target_in, memory, source)

    def _embed(self, ids, table):
        n = ids.size(1)
        if n > self.config.max_len:
            raise ValueError(f"{n} tokens do not fit into max_len = {self.config.max_len}")
        x = table(ids)
        pe = sinusoidal_positions(n, self.config.d_model, dtype=x.dtype, device=x.device)
        x = (x + pe) * math.sqrt(self.config.d_model)
        return self.dropout(x)

    def _real(self, ids):
        return (ids != self.config.pad_id)[:, None, :]


def train_translator(model, source, target, steps, batch_size, lr, generator, on_step=None):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    history = []
    with in_mode(model, training=True):
        for t in range(1, steps + 1):
            idx = torch.randint(0, source.size(0), (batch_size,), generator=generator)
            src, tgt = source[idx], target[idx]
            logits = model(src, tgt[:, :-1])
            loss = F.cross_entropy(
                logits.reshape(-1, logits.size(-1)),
                tgt[:, 1:].reshape(-1),
                ignore_index=model.config.pad_id,
            )
            for group in optimizer.param_groups:
                group["lr"] = lr * min(t / (0.1 * steps), (steps + 1 - t) / (0.9 * steps), 1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
            if on_step is not None:
                on_step(t, loss.item())
    return history


@torch.no_grad()
def greedy_translate(model, source, start_id, stop_id, max_new_tokens):
    pad = model.config.pad_id
    with in_mode(model, training=False):
        memory = model.encode(source)
        ys = torch.full((source.size(0), 1), start_id, dtype=torch.long, device=source.device)
        done = torch.zeros(source.size(0), dtype=torch.bool, device=source.device)
        for _ in range(max_new_tokens):
            logits = model.decode(ys, memory, source)
            nxt = logits[:, -1].argmax(dim=-1)
            nxt = nxt.masked_fill(done, pad)
            ys = torch.cat((ys, nxt[:, None]), dim=1)
            done |= nxt == stop_id
            if done.all():
                break
    return ys
