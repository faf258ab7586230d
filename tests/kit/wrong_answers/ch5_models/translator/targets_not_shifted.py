"""`train_translator` gives the decoder the whole target and wants the same tokens back, without the shift by one."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ch2_embeddings.embedding import Embedding
from ch3_attention.masks import causal_mask
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
        args = [config.d_model, config.n_heads, config.d_ff, config.dropout, torch.relu]
        self.source_embedding = Embedding(config.source_vocab, config.d_model)
        self.target_embedding = Embedding(config.target_vocab, config.d_model)
        self.encoder = nn.ModuleList([PostNormBlock(*args) for _ in range(config.n_layers)])
        self.decoder = nn.ModuleList([DecoderBlock(*args) for _ in range(config.n_layers)])
        self.embed_dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.d_model, config.target_vocab, bias=False)
        self.head.weight = self.target_embedding.weight

        for part in (self.encoder, self.decoder):
            for name, p in part.named_parameters():
                if p.dim() == 2:
                    nn.init.xavier_uniform_(p)
                elif name.endswith("bias"):
                    nn.init.zeros_(p)
        for emb in (self.source_embedding, self.target_embedding):
            nn.init.normal_(emb.weight, 0.0, config.d_model**-0.5)

    def encode(self, source):
        out = self._embed(source, self.source_embedding)
        src_mask = self._real(source)
        for block in self.encoder:
            out = block(out, src_mask)
        return out

    def decode(self, target_in, memory, source):
        out = self._embed(target_in, self.target_embedding)
        causal = causal_mask(target_in.shape[1], device=target_in.device)
        tgt_mask = causal.unsqueeze(0) & self._real(target_in)
        src_mask = self._real(source)
        for block in self.decoder:
            out = block(out, memory, mask=tgt_mask, memory_mask=src_mask)
        return self.head(out)

    def forward(self, source, target_in):
        enc = self.encode(source)
        dec = self.decode(target_in, enc, source)
        return dec

    def _embed(self, ids, table):
        seq_len = ids.shape[1]
        if seq_len > self.config.max_len:
            raise ValueError(f"{seq_len} is more than {self.config.max_len} tokens")
        emb = table(ids) * math.sqrt(self.config.d_model)
        pos = sinusoidal_positions(seq_len, self.config.d_model, dtype=emb.dtype, device=emb.device)
        return self.embed_dropout(emb + pos)

    def _real(self, ids):
        return (ids != self.config.pad_id).unsqueeze(1)


def train_translator(model, source, target, steps, batch_size, lr, generator, on_step=None):
    optim = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    pad = model.config.pad_id
    losses = []
    with in_mode(model, training=True):
        for step in range(steps):
            t = step + 1
            rows = torch.randint(0, len(source), (batch_size,), generator=generator)
            src = source[rows]
            tgt = target[rows]

            # teacher forcing: the decoder sees the right target
            out = model(src, tgt)
            loss = F.cross_entropy(out.flatten(0, 1), tgt.flatten(), ignore_index=pad)

            for g in optim.param_groups:
                g["lr"] = lr * min(t / (0.1 * steps), (steps + 1 - t) / (0.9 * steps), 1)
            optim.zero_grad()
            loss.backward()
            optim.step()

            losses.append(loss.item())
            if on_step is not None:
                on_step(t, losses[-1])
    return losses


@torch.no_grad()
def greedy_translate(model, source, start_id, stop_id, max_new_tokens):
    n = len(source)
    with in_mode(model, training=False):
        memory = model.encode(source)
        result = torch.full((n, 1), start_id, dtype=source.dtype, device=source.device)
        stopped = torch.zeros(n, dtype=torch.bool, device=source.device)
        for _ in range(max_new_tokens):
            logits = model.decode(result, memory, source)
            best = logits[:, -1].argmax(-1)
            best[stopped] = model.config.pad_id
            result = torch.cat([result, best.unsqueeze(1)], dim=1)
            stopped = stopped | (best == stop_id)
            if bool(stopped.all()):
                break
    return result
