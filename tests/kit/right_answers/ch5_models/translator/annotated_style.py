"""Built from the ground as the well-known annotated code is: a table of positions in a buffer, einsum attention with a
mask that is filled with −inf, a schedule object, and no annotations."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LambdaLR


@dataclass
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


class Attention(nn.Module):
    def __init__(self, d_model, h):
        super().__init__()
        self.h = h
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(self, query, key, value, mask):
        q, k, v = (
            linear(x).unflatten(-1, (self.h, -1))
            for linear, x in ((self.q_proj, query), (self.k_proj, key), (self.v_proj, value))
        )
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(q.size(-1))
        scores = scores.masked_fill(mask == 0, float("-inf"))
        p_attn = scores.softmax(dim=-1).nan_to_num(0.0)
        return self.out_proj(torch.einsum("bhqk,bkhd->bqhd", p_attn, v).flatten(-2))


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)

    def forward(self, x):
        return self.down(self.up(x).relu())


class LayerNorm(nn.Module):
    def __init__(self, features, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        var = x.var(-1, keepdim=True, unbiased=False)
        return self.weight * (x - mean) / torch.sqrt(var + self.eps) + self.bias


class EncoderLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.attention = Attention(c.d_model, c.n_heads)
        self.feed_forward = FeedForward(c.d_model, c.d_ff)
        self.norm1, self.norm2 = LayerNorm(c.d_model), LayerNorm(c.d_model)
        self.drop1, self.drop2 = nn.Dropout(c.dropout), nn.Dropout(c.dropout)

    def forward(self, x, src_mask):
        x = self.norm1(x + self.drop1(self.attention(x, x, x, src_mask)))
        return self.norm2(x + self.drop2(self.feed_forward(x)))


class DecoderLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.self_attention = Attention(c.d_model, c.n_heads)
        self.cross_attention = Attention(c.d_model, c.n_heads)
        self.feed_forward = FeedForward(c.d_model, c.d_ff)
        self.norm1, self.norm2, self.norm3 = (LayerNorm(c.d_model) for _ in range(3))
        self.drops = nn.ModuleList(nn.Dropout(c.dropout) for _ in range(3))

    def forward(self, x, memory, src_mask, tgt_mask):
        x = self.norm1(x + self.drops[0](self.self_attention(x, x, x, tgt_mask)))
        x = self.norm2(x + self.drops[1](self.cross_attention(x, memory, memory, src_mask)))
        return self.norm3(x + self.drops[2](self.feed_forward(x)))


class Translator(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        c = config
        self.source_embedding = nn.Embedding(c.source_vocab, c.d_model)
        self.target_embedding = nn.Embedding(c.target_vocab, c.d_model)
        self.encoder = nn.ModuleList(EncoderLayer(c) for _ in range(c.n_layers))
        self.decoder = nn.ModuleList(DecoderLayer(c) for _ in range(c.n_layers))
        self.head = nn.Linear(c.d_model, c.target_vocab, bias=False)
        self.drop = nn.Dropout(c.dropout)
        pe = torch.zeros(c.max_len, c.d_model)
        position = torch.arange(0, c.max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, c.d_model, 2) * -(math.log(10000.0) / c.d_model))
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term[: c.d_model // 2])
        self.register_buffer("pe", pe.unsqueeze(0), persistent=False)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.constant_(module.bias, 0.0)
        for table in (self.source_embedding, self.target_embedding):
            nn.init.normal_(table.weight, 0.0, 1 / math.sqrt(c.d_model))
        self.head.weight = self.target_embedding.weight

    def embed(self, table, ids):
        if ids.size(1) > self.config.max_len:
            raise ValueError(f"{ids.size(1)} tokens, at most {self.config.max_len}")
        x = table(ids) * math.sqrt(self.config.d_model)
        return self.drop(x + self.pe[:, : ids.size(1)].to(x.dtype))

    def encode(self, source):
        src_mask = (source != self.config.pad_id)[:, None, None, :]
        x = self.embed(self.source_embedding, source)
        for layer in self.encoder:
            x = layer(x, src_mask)
        return x

    def decode(self, target_in, memory, source):
        src_mask = (source != self.config.pad_id)[:, None, None, :]
        size = target_in.size(1)
        subsequent = torch.triu(torch.ones(1, 1, size, size, device=target_in.device), diagonal=1) == 0
        tgt_mask = (target_in != self.config.pad_id)[:, None, None, :] & subsequent
        x = self.embed(self.target_embedding, target_in)
        for layer in self.decoder:
            x = layer(x, memory, src_mask, tgt_mask)
        return self.head(x)

    def forward(self, source, target_in):
        return self.decode(target_in, self.encode(source), source)


def rate(step, steps):
    t = step + 1
    return min(t / (0.1 * steps), (steps + 1 - t) / (0.9 * steps), 1)


def train_translator(model, source, target, steps, batch_size, lr, generator, on_step=None):
    was = [(m, m.training) for m in model.modules()]
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    scheduler = LambdaLR(optimizer, lambda step: rate(step, steps))
    losses = []
    try:
        for t in range(1, steps + 1):
            picked = torch.randint(0, source.size(0), (batch_size,), generator=generator)
            src, tgt = source[picked], target[picked]
            tgt_in, tgt_y = tgt[:, :-1], tgt[:, 1:]
            out = model(src, tgt_in)
            loss = F.nll_loss(F.log_softmax(out, -1).transpose(1, 2), tgt_y, ignore_index=model.config.pad_id)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
            if on_step is not None:
                on_step(t, losses[-1])
    finally:
        for m, training in was:
            m.training = training
    return losses


def greedy_translate(model, source, start_id, stop_id, max_new_tokens):
    was = [(m, m.training) for m in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            memory = model.encode(source)
            ys = torch.full((source.size(0), 1), start_id, dtype=source.dtype, device=source.device)
            unfinished = torch.ones(source.size(0), dtype=torch.bool, device=source.device)
            while ys.size(1) <= max_new_tokens and unfinished.any():
                out = model.decode(ys, memory, source)
                next_word = out[:, -1].max(dim=1).indices
                next_word[~unfinished] = model.config.pad_id
                ys = torch.cat([ys, next_word.unsqueeze(1)], dim=1)
                unfinished &= next_word != stop_id
            return ys
    finally:
        for m, training in was:
            m.training = training
