"""`train_translator` never sets the gradients back to zero, so they add up over the steps, and `greedy_translate`
leaves the model in train mode whatever mode it was in before."""

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
        num_hiddens = config.d_model
        self.source_embedding = Embedding(config.source_vocab, num_hiddens)
        self.target_embedding = Embedding(config.target_vocab, num_hiddens)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList(
            [
                PostNormBlock(num_hiddens, config.n_heads, config.d_ff, config.dropout, torch.relu)
                for _ in range(config.n_layers)
            ]
        )
        self.decoder = nn.ModuleList(
            [
                DecoderBlock(num_hiddens, config.n_heads, config.d_ff, config.dropout, torch.relu)
                for _ in range(config.n_layers)
            ]
        )
        self.head = nn.Linear(num_hiddens, config.target_vocab, bias=False)
        self.head.weight = self.target_embedding.weight

        def xavier_init(m):
            if type(m) is nn.Linear and m is not self.head:
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)

        self.apply(xavier_init)
        nn.init.normal_(self.source_embedding.weight, std=num_hiddens**-0.5)
        nn.init.normal_(self.target_embedding.weight, std=num_hiddens**-0.5)

    def encode(self, source):
        X = self._embed(source, self.source_embedding)
        for blk in self.encoder:
            X = blk(X, self._real(source))
        return X

    def decode(self, target_in, memory, source):
        X = self._embed(target_in, self.target_embedding)
        num_steps = target_in.shape[1]
        dec_mask = combine_masks(causal_mask(num_steps, device=X.device), self._real(target_in))
        enc_mask = self._real(source)
        for blk in self.decoder:
            X = blk(X, memory, dec_mask, enc_mask)
        return self.head(X)

    def forward(self, source, target_in):
        return self.decode(target_in, self.encode(source), source)

    def _embed(self, ids, table):
        num_steps = ids.shape[1]
        if num_steps > self.config.max_len:
            raise ValueError(f"num_steps={num_steps} is above max_len={self.config.max_len}")
        X = table(ids) * math.sqrt(self.config.d_model)
        P = sinusoidal_positions(num_steps, self.config.d_model, dtype=X.dtype, device=X.device)
        return self.dropout(X + P.unsqueeze(0))

    def _real(self, ids):
        return (ids != self.config.pad_id).unsqueeze(1)


def train_translator(model, source, target, steps, batch_size, lr, generator, on_step=None):
    trainer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    losses = []
    with in_mode(model, training=True):
        for t in range(1, steps + 1):
            rows = torch.randint(len(source), (batch_size,), generator=generator)
            X, Y = source[rows], target[rows]
            dec_input, label = Y[:, :-1], Y[:, 1:]
            Y_hat = model(X, dec_input)
            loss = F.cross_entropy(Y_hat.permute(0, 2, 1), label, ignore_index=model.config.pad_id)
            loss.backward()
            for group in trainer.param_groups:
                group["lr"] = lr * min(t / (0.1 * steps), (steps + 1 - t) / (0.9 * steps), 1)
            trainer.step()
            losses.append(loss.item())
            if on_step is not None:
                on_step(t, losses[-1])
    return losses


@torch.no_grad()
def greedy_translate(model, source, start_id, stop_id, max_new_tokens):
    model.eval()
    memory = model.encode(source)
    dec_X = torch.full((source.shape[0], 1), start_id, dtype=torch.long, device=source.device)
    stopped = torch.zeros(source.shape[0], dtype=torch.bool, device=source.device)
    for _ in range(max_new_tokens):
        Y = model.decode(dec_X, memory, source)
        pred = Y[:, -1].argmax(dim=1)
        pred = torch.where(stopped, torch.full_like(pred, model.config.pad_id), pred)
        dec_X = torch.cat((dec_X, pred.unsqueeze(1)), dim=1)
        stopped = stopped | (pred == stop_id)
        if stopped.all():
            break
    model.train()
    return dec_X
