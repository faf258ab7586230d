"""`greedy_translate` lets rows that have stopped write on instead of filling them with `pad_id` and encodes the source
anew for every token."""

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

        # parts
        self.source_embedding = Embedding(config.source_vocab, config.d_model)
        self.target_embedding = Embedding(config.target_vocab, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList()
        for i in range(config.n_layers):
            block = PostNormBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, torch.relu)
            self.encoder.append(block)
        self.decoder = nn.ModuleList()
        for i in range(config.n_layers):
            block = DecoderBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, torch.relu)
            self.decoder.append(block)
        self.head = nn.Linear(config.d_model, config.target_vocab, bias=False)

        # start values
        for name, param in self.named_parameters():
            if name in ("source_embedding.weight", "target_embedding.weight"):
                nn.init.normal_(param, mean=0.0, std=config.d_model**-0.5)
            elif param.dim() >= 2:
                nn.init.xavier_uniform_(param)
            elif name.endswith("bias"):
                nn.init.zeros_(param)

        # tie
        self.head.weight = self.target_embedding.weight

    def encode(self, source):
        x = self._embed(source, self.source_embedding)
        mask = self._real(source)
        for block in self.encoder:
            x = block(x, mask)
        return x

    def decode(self, target_in, memory, source):
        x = self._embed(target_in, self.target_embedding)
        length = target_in.shape[1]
        mask = combine_masks(causal_mask(length, device=target_in.device), self._real(target_in))
        memory_mask = self._real(source)
        for block in self.decoder:
            x = block(x, memory, mask, memory_mask)
        logits = self.head(x)
        return logits

    def forward(self, source, target_in):
        memory = self.encode(source)
        logits = self.decode(target_in, memory, source)
        return logits

    def _embed(self, ids, table):
        length = ids.shape[1]
        if length > self.config.max_len:
            raise ValueError("sequence has " + str(length) + " tokens, max_len is " + str(self.config.max_len))
        x = table(ids)
        x = x * math.sqrt(self.config.d_model)
        x = x + sinusoidal_positions(length, self.config.d_model, dtype=x.dtype, device=x.device)
        x = self.dropout(x)
        return x

    def _real(self, ids):
        mask = ids != self.config.pad_id
        return mask.unsqueeze(1)


def train_translator(model, source, target, steps, batch_size, lr, generator, on_step=None):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    losses = []
    with in_mode(model, training=True):
        for t in range(1, steps + 1):
            rows = torch.randint(0, source.shape[0], (batch_size,), generator=generator)
            target_in = target[rows][:, :-1]
            target_out = target[rows][:, 1:]
            logits = model(source[rows], target_in)

            # only positions that are no padding
            keep = target_out != model.config.pad_id
            loss = F.cross_entropy(logits[keep], target_out[keep])

            new_lr = lr * min(t / (0.1 * steps), (steps + 1 - t) / (0.9 * steps), 1)
            for group in optimizer.param_groups:
                group["lr"] = new_lr
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if on_step is not None:
                on_step(t, loss.item())
    return losses


@torch.no_grad()
def greedy_translate(model, source, start_id, stop_id, max_new_tokens):
    with in_mode(model, training=False):
        batch = source.shape[0]
        target = torch.full((batch, 1), start_id, dtype=torch.int64, device=source.device)
        finished = torch.zeros(batch, dtype=torch.bool, device=source.device)
        for i in range(max_new_tokens):
            logits = model(source, target)
            last = logits[:, -1, :]
            best = last.argmax(dim=-1)
            target = torch.cat([target, best.unsqueeze(1)], dim=1)
            finished = finished | (best == stop_id)
            if finished.all():
                break
    return target
