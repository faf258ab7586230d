"""`Translator.decode` gives the cross-attention no mask, so the target attends to the padding of the source."""

import math
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
        self.drop = nn.Dropout(config.dropout)
        encoder, decoder = [], []
        for _ in range(config.n_layers):
            encoder.append(PostNormBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, torch.relu))
            decoder.append(DecoderBlock(config.d_model, config.n_heads, config.d_ff, config.dropout, torch.relu))
        self.encoder = nn.ModuleList(encoder)
        self.decoder = nn.ModuleList(decoder)
        self.head = nn.Linear(config.d_model, config.target_vocab, bias=False)
        self.apply(self._init_weights)
        self.head.weight = self.target_embedding.weight

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, Embedding):
            nn.init.normal_(module.weight, std=1 / math.sqrt(self.config.d_model))

    def encode(self, source: Tensor) -> Tensor:
        keep = self._real(source)
        hidden = self._embed(source, self.source_embedding)
        for block in self.encoder:
            hidden = block(hidden, keep)
        return hidden

    def decode(self, target_in: Tensor, memory: Tensor, source: Tensor) -> Tensor:
        hidden = self._embed(target_in, self.target_embedding)
        causal = causal_mask(target_in.shape[1], device=target_in.device)
        mask = combine_masks(causal, self._real(target_in))
        for block in self.decoder:
            hidden = block(hidden, memory, mask=mask)
        return self.head(hidden)

    def forward(self, source: Tensor, target_in: Tensor) -> Tensor:
        return self.decode(target_in, self.encode(source), source)

    def _embed(self, ids: Tensor, table: Embedding) -> Tensor:
        length = ids.shape[1]
        if length > self.config.max_len:
            raise ValueError(f"sequence length {length} > max_len {self.config.max_len}")
        vectors = table(ids) * self.config.d_model**0.5
        vectors = vectors + sinusoidal_positions(length, self.config.d_model, vectors.dtype, vectors.device)
        return self.drop(vectors)

    def _real(self, ids: Tensor) -> Tensor:
        return ids.ne(self.config.pad_id).unsqueeze(-2)


def learning_rate(t: int, steps: int, lr: float) -> float:
    warmup = 0.1 * steps
    rising = t / warmup
    falling = (steps + 1 - t) / (steps * 0.9)
    return lr * min(rising, falling, 1.0)


def train_translator(
    model: Translator,
    source: Tensor,
    target: Tensor,
    steps: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
    on_step=None,
) -> list[float]:
    adam = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98))
    losses: list[float] = []
    with in_mode(model, True):
        for t in range(1, steps + 1):
            adam.param_groups[0]["lr"] = learning_rate(t, steps, lr)
            batch = torch.randint(len(source), (batch_size,), generator=generator)
            labels = target[batch, 1:]
            logits = model(source[batch], target[batch, :-1])
            loss = F.cross_entropy(logits.transpose(1, 2), labels, ignore_index=model.config.pad_id)
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(float(loss.detach()))
            if on_step:
                on_step(t, losses[-1])
    return losses


@torch.no_grad()
def greedy_translate(model: Translator, source: Tensor, start_id: int, stop_id: int, max_new_tokens: int) -> Tensor:
    batch = source.shape[0]
    with in_mode(model, False):
        memory = model.encode(source)
        output = source.new_full((batch, 1), start_id)
        alive = torch.ones(batch, dtype=torch.bool, device=source.device)
        for _ in range(max_new_tokens):
            token = model.decode(output, memory, source)[:, -1, :].argmax(-1)
            token = torch.where(alive, token, torch.full_like(token, model.config.pad_id))
            output = torch.cat([output, token.unsqueeze(-1)], dim=-1)
            alive = alive & (token != stop_id)
            if not alive.any():
                break
    return output
