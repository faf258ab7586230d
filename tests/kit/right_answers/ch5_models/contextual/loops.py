"""Sentence by sentence and pair by pair."""

import itertools

import torch
import torch.nn.functional as F

from ch5_models.bert import BERT, BERTConfig, mask_tokens


def sentence_embedding(hidden, lengths):
    if lengths.min() < 1 or lengths.max() > hidden.shape[1]:
        raise ValueError(f"impossible lengths {lengths.tolist()}")
    return torch.stack([row[:length].mean(dim=0) for row, length in zip(hidden, lengths.tolist(), strict=True)])


def sense_separation(model, sentences, positions, senses):
    pairs = list(itertools.combinations(range(len(sentences)), 2))
    if len({senses[i] == senses[j] for i, j in pairs}) < 2:
        raise ValueError(f"the senses {senses} do not give both kinds of pairs")
    mode = model.training
    model.eval()
    with torch.no_grad():
        rows = [torch.tensor([sentence]) for sentence in sentences]
        static = [model.token_embedding(row)[0, p] for row, p in zip(rows, positions, strict=True)]
        contextual = [model(row)[0, p] for row, p in zip(rows, positions, strict=True)]
    model.train(mode)
    results = []
    for vectors in (static, contextual):
        found = {True: [], False: []}
        for i, j in pairs:
            found[senses[i] == senses[j]].append(float(F.cosine_similarity(vectors[i], vectors[j], dim=0)))
        results.append(sum(found[True]) / len(found[True]) - sum(found[False]) / len(found[False]))
    return results[0], results[1]


def small_bert(vocab_size, max_len, dropout=0.0):
    return BERT(BERTConfig(vocab_size, max_len, 64, 2, 4, 128, dropout=dropout))


def train_masked(model, sentences, mask_id, steps, batch_size, lr, generator):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    rows = [torch.tensor(sentence) for sentence in sentences]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=mask_id)
    lengths, losses = torch.tensor([len(row) for row in rows]), []
    for _ in range(steps):
        rows = torch.randint(len(ids), (batch_size,), generator=generator)
        inputs, labels = mask_tokens(ids[rows], mask_id, model.config.vocab_size, [mask_id], 0.15, generator)
        logits = model.mlm_logits(model(inputs, lengths=lengths[rows]))
        loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
