"""`sense_separation` counts each sentence's pair with itself (similarity 1) among the pairs of the same sense."""

from collections.abc import Sequence

import torch

from ch4_blocks.blocks import in_mode
from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(hidden, lengths):
    batch, seq, d_model = hidden.shape
    result = hidden.new_zeros(batch, d_model)
    for b, length in enumerate(lengths.tolist()):
        if length < 1 or length > seq:
            raise ValueError(f"a length of {length} does not fit into {seq} positions")
        result[b] = hidden[b, :length].mean(dim=0)
    return result


def separation(vectors, senses):
    normalized = vectors / vectors.norm(dim=1, keepdim=True)
    cosine = normalized @ normalized.T
    same = []
    different = []
    for i in range(len(senses)):
        for j in range(i, len(senses)):
            if senses[i] == senses[j]:
                same.append(cosine[i, j].item())
            else:
                different.append(cosine[i, j].item())
    return sum(same) / len(same) - sum(different) / len(different)


@torch.no_grad()
def sense_separation(model, sentences, positions, senses):
    if len(set(senses)) < 2 or len(set(senses)) == len(senses):
        raise ValueError(f"need pairs of the same sense and of different senses, got {senses}")

    longest = max(len(sentence) for sentence in sentences)
    padded = [list(sentence) + [0] * (longest - len(sentence)) for sentence in sentences]
    ids = torch.tensor(padded)
    lengths = torch.tensor([len(sentence) for sentence in sentences])

    with in_mode(model, training=False):
        hidden = model(ids, lengths=lengths)

    static_vectors = []
    contextual_vectors = []
    for i in range(len(sentences)):
        p = positions[i]
        static_vectors.append(model.token_embedding(ids[i, p]))
        contextual_vectors.append(hidden[i, p])
    return separation(torch.stack(static_vectors), senses), separation(torch.stack(contextual_vectors), senses)


def small_bert(vocab_size: int, max_len: int, dropout: float = 0.0) -> BERT:
    """A BERT that learns to tell senses apart in some hundred steps of `train_masked`."""
    return BERT(BERTConfig(vocab_size, max_len, d_model=64, n_layers=2, n_heads=4, d_ff=128, dropout=dropout))


def train_masked(
    model: BERT,
    sentences: Sequence[Sequence[int]],
    mask_id: int,
    steps: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> list[float]:
    """Trains the model in place by masked language modelling; returns the loss of each step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    ids = torch.full((len(sentences), int(lengths.max())), mask_id)
    for row, sentence in zip(ids, sentences, strict=True):
        row[: len(sentence)] = torch.tensor(sentence)
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(ids), (batch_size,), generator=generator)
        inputs, labels = mask_tokens(ids[rows], mask_id, model.config.vocab_size, [mask_id], 0.15, generator)
        logits = model.mlm_logits(model(inputs, lengths=lengths[rows]))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
