"""The learner's own blocks, the position table kept on the side, translations written into a tensor that is ready
before the loop, the learning rate set by a generator, a sum of losses divided by the count."""

import torch
from torch import nn

from ch2_embeddings.embedding import Embedding
from ch3_attention import positions
from ch4_blocks.blocks import PostNormBlock, in_mode
from ch4_blocks.decoder_block import DecoderBlock


class TranslatorConfig:
    def __init__(self, source_vocab, target_vocab, max_len, d_model, n_layers, n_heads, d_ff, pad_id=0, dropout=0.0):
        self.source_vocab, self.target_vocab = source_vocab, target_vocab
        self.max_len, self.d_model, self.n_layers, self.n_heads, self.d_ff = max_len, d_model, n_layers, n_heads, d_ff
        self.pad_id, self.dropout = pad_id, dropout


class Translator(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        width, heads, inner, p = config.d_model, config.n_heads, config.d_ff, config.dropout
        self.source_embedding = Embedding(config.source_vocab, width)
        self.target_embedding = Embedding(config.target_vocab, width)
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for _ in range(config.n_layers):
            self.encoder.append(PostNormBlock(width, heads, inner, dropout=p, activation=nn.functional.relu))
            self.decoder.append(DecoderBlock(width, heads, inner, dropout=p))
        self.head = nn.Linear(width, config.target_vocab, bias=False)
        self.head.weight = self.target_embedding.weight
        self.reset_parameters()

    def reset_parameters(self):
        tables = {id(self.source_embedding.weight), id(self.target_embedding.weight)}
        with torch.no_grad():
            for name, p in self.named_parameters():
                if id(p) in tables:
                    p.normal_().mul_(self.config.d_model**-0.5)
                elif p.dim() > 1:
                    bound = (6 / (p.size(0) + p.size(1))) ** 0.5
                    p.uniform_(-bound, bound)
                elif name.endswith("bias"):
                    p.zero_()

    def _start(self, table, ids):
        n = ids.shape[-1]
        if n > self.config.max_len:
            raise ValueError(n)
        vectors = table(ids).mul(self.config.d_model**0.5)
        vectors = vectors + positions.sinusoidal_positions(n, self.config.d_model).to(vectors)
        return nn.functional.dropout(vectors, self.config.dropout, self.training)

    def encode(self, source):
        seen = source.ne(self.config.pad_id)[:, None, None]
        memory = self._start(self.source_embedding, source)
        for block in self.encoder:
            memory = block(memory, mask=seen)
        return memory

    def decode(self, target_in, memory, source):
        n = target_in.shape[1]
        place = torch.arange(n, device=target_in.device)
        seen = (place[:, None] >= place)[None, None] & target_in.ne(self.config.pad_id)[:, None, None]
        x = self._start(self.target_embedding, target_in)
        for block in self.decoder:
            x = block(x, memory, seen, source.ne(self.config.pad_id)[:, None, None])
        return x @ self.target_embedding.weight.mT

    def forward(self, source, target_in):
        return self.decode(target_in, self.encode(source), source)


def rates(steps, lr):
    for t in range(1, steps + 1):
        yield lr * min(10 * t / steps, (steps + 1 - t) / (steps * 0.9), 1)


def train_translator(model, source, target, steps, batch_size, lr, generator, on_step=None):
    losses = []
    adam = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98))
    with in_mode(model, True):
        for rate in rates(steps, lr):
            for group in adam.param_groups:
                group["lr"] = rate
            rows = (torch.rand(batch_size, generator=generator) * len(source)).long()
            wanted = target[rows, 1:]
            logits = model(source[rows], target[rows, :-1])
            counts = wanted != model.config.pad_id
            chosen = logits.gather(2, wanted.unsqueeze(2)).squeeze(2)
            loss = (logits.logsumexp(2) - chosen)[counts].sum() / counts.sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(float(loss))
            if on_step:
                on_step(len(losses), losses[-1])
    return losses


@torch.no_grad()
def greedy_translate(model, source, start_id, stop_id, max_new_tokens):
    with in_mode(model, False):
        memory = model.encode(source)
        result = source.new_full((len(source), 1 + max_new_tokens), model.config.pad_id)
        result[:, 0] = start_id
        done = source.new_zeros(len(source)).bool()
        length = 1
        while length <= max_new_tokens and not bool(done.all()):
            best = model.decode(result[:, :length], memory, source)[:, -1].argmax(1)
            result[~done, length] = best[~done]
            done = done | (result[:, length] == stop_id)
            length += 1
        return result[:, :length]
