"""A translator with four-axis masks, a scheduler for the learning rate, and greedy translation row by row."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from ch3_attention.positions import sinusoidal_positions
from ch4_blocks.blocks import PostNormBlock
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
        self.config = c = config
        self.encoder = nn.ModuleList()
        self.decoder = nn.ModuleList()
        for _ in range(c.n_layers):
            self.encoder.append(PostNormBlock(c.d_model, c.n_heads, c.d_ff, c.dropout, nn.functional.relu))
            self.decoder.append(DecoderBlock(c.d_model, c.n_heads, c.d_ff, c.dropout))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.constant_(module.bias, 0.0)
        self.source_embedding = nn.Embedding(c.source_vocab, c.d_model)
        self.target_embedding = nn.Embedding(c.target_vocab, c.d_model)
        self.head = nn.Linear(c.d_model, c.target_vocab, bias=False)
        self.target_embedding.weight = self.head.weight
        nn.init.normal_(self.source_embedding.weight, 0.0, 1 / math.sqrt(c.d_model))
        nn.init.normal_(self.head.weight, 0.0, 1 / math.sqrt(c.d_model))
        self.drop = nn.Dropout(c.dropout)

    def embed(self, table, ids):
        if ids.size(1) > self.config.max_len:
            raise ValueError(f"{ids.size(1)} tokens, but max_len is {self.config.max_len}")
        x = table(ids) * self.config.d_model**0.5
        return self.drop(x + sinusoidal_positions(ids.size(1), self.config.d_model).to(x))

    def encode(self, source):
        mask = source.ne(self.config.pad_id)[:, None, None, :]
        x = self.embed(self.source_embedding, source)
        for block in self.encoder:
            x = block(x, mask)
        return x

    def decode(self, target_in, memory, source):
        length = target_in.size(1)
        places = torch.arange(length, device=target_in.device)
        mask = (places[:, None] >= places) & target_in.ne(self.config.pad_id)[:, None, None, :]
        memory_mask = source.ne(self.config.pad_id)[:, None, None, :]
        x = self.embed(self.target_embedding, target_in)
        for block in self.decoder:
            x = block(x, memory, mask=mask, memory_mask=memory_mask)
        return self.head(x)

    def forward(self, source, target_in):
        memory = self.encode(source)
        return self.decode(target_in, memory, source)


def train_translator(model, source, target, steps, batch_size, lr, generator, on_step=None):
    optimizer = torch.optim.Adam(model.parameters(), lr, (0.9, 0.98))

    def factor(done):
        return min((done + 1) / (0.1 * steps), (steps - done) / (0.9 * steps), 1.0)

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    mode, losses = model.training, []
    model.train(True)
    everyone = torch.ones(len(source))
    for step in range(steps):
        rows = torch.multinomial(everyone, batch_size, replacement=True, generator=generator)
        log_probabilities = model(source[rows], target[rows, :-1]).log_softmax(-1)
        wanted = target[rows, 1:]
        counts = wanted != model.config.pad_id
        loss = -log_probabilities.gather(-1, wanted.unsqueeze(-1)).squeeze(-1)[counts].mean()
        model.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss))
        if on_step:
            on_step(step + 1, float(loss))
    model.train(mode)
    return losses


def greedy_translate(model, source, start_id, stop_id, max_new_tokens):
    mode = model.training
    model.eval()
    rows = []
    with torch.inference_mode():
        for sentence in source:
            sentence = sentence[None]
            memory, row = model.encode(sentence), [start_id]
            while len(row) <= max_new_tokens and (len(row) == 1 or row[-1] != stop_id):
                logits = model.decode(torch.tensor([row], device=source.device), memory, sentence)
                row.append(logits[0, -1].argmax().item())
            rows.append(torch.tensor(row))
    model.train(mode)
    return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=model.config.pad_id)
