"""`train_translator` takes the mean cross-entropy over all positions, the padded ones of the target among them."""

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
        C = config.d_model

        self.source_embedding = Embedding(config.source_vocab, C)
        self.target_embedding = Embedding(config.target_vocab, C)
        self.drop = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList(
            PostNormBlock(C, config.n_heads, config.d_ff, config.dropout, torch.relu) for _ in range(config.n_layers)
        )
        self.decoder = nn.ModuleList(
            DecoderBlock(C, config.n_heads, config.d_ff, config.dropout) for _ in range(config.n_layers)
        )
        self.head = nn.Linear(C, config.target_vocab, bias=False)

        # init all weights
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
                if m.bias is not None:
                    nn.init.zeros_(m.bias)
            if isinstance(m, Embedding):
                nn.init.normal_(m.weight, mean=0.0, std=C**-0.5)

        self.head.weight = self.target_embedding.weight  # weight tying

    def encode(self, source):
        x = self._embed(source, self.source_embedding)
        for block in self.encoder:
            x = block(x, self._real(source))
        return x

    def decode(self, target_in, memory, source):
        B, T = target_in.size()
        mask = combine_masks(causal_mask(T, device=target_in.device), self._real(target_in))
        memory_mask = self._real(source)
        x = self._embed(target_in, self.target_embedding)
        for block in self.decoder:
            x = block(x, memory, mask, memory_mask)
        return self.head(x)

    def forward(self, source, target_in):
        return self.decode(target_in, self.encode(source), source)

    def _embed(self, ids, table):
        B, T = ids.size()
        if T > self.config.max_len:
            raise ValueError(f"cannot embed {T} tokens, max_len is only {self.config.max_len}")
        tok_emb = table(ids) * math.sqrt(self.config.d_model)
        pos_emb = sinusoidal_positions(T, self.config.d_model, tok_emb.dtype, tok_emb.device)
        return self.drop(tok_emb + pos_emb)

    def _real(self, ids):
        return (ids != self.config.pad_id).unsqueeze(1)


def get_lr(t, steps, lr):
    return lr * min(t / (0.1 * steps), (steps + 1 - t) / (0.9 * steps), 1.0)


def get_batch(source, target, batch_size, generator):
    ix = torch.randint(len(source), (batch_size,), generator=generator)
    return source[ix], target[ix, :-1], target[ix, 1:]


def train_translator(model, source, target, steps, batch_size, lr, generator, on_step=None):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    losses = []
    with in_mode(model, training=True):
        for t in range(1, steps + 1):
            for param_group in optimizer.param_groups:
                param_group["lr"] = get_lr(t, steps, lr)
            x, y_in, y_out = get_batch(source, target, batch_size, generator)
            logits = model(x, y_in)
            loss = F.cross_entropy(logits.reshape(-1, logits.size(-1)), y_out.reshape(-1))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            lossf = loss.item()
            losses.append(lossf)
            if on_step is not None:
                on_step(t, lossf)
    return losses


@torch.no_grad()
def greedy_translate(model, source, start_id, stop_id, max_new_tokens):
    B = source.size(0)
    with in_mode(model, training=False):
        memory = model.encode(source)
        idx = torch.full((B, 1), start_id, dtype=torch.long, device=source.device)
        finished = torch.zeros(B, dtype=torch.bool, device=source.device)
        for _ in range(max_new_tokens):
            logits = model.decode(idx, memory, source)[:, -1, :]
            idx_next = torch.argmax(logits, dim=-1)
            idx_next = torch.where(finished, model.config.pad_id, idx_next)
            idx = torch.cat((idx, idx_next.unsqueeze(1)), dim=1)
            finished = torch.logical_or(finished, idx_next == stop_id)
            if finished.all():
                break
    return idx
