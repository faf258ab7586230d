"""`top_k_filter` removes the k-th best token as well: it compares with <= instead of <, so only k - 1 are left."""

import torch

NEG_INF = float("-inf")


def greedy(logits):
    best_values, best_ids = logits.max(dim=1)
    return best_ids


def apply_temperature(logits, temperature):
    if temperature <= 0:
        raise ValueError("temperature has to be positive, got " + str(temperature))
    return logits / temperature


def top_k_filter(logits, k):
    if k <= 0:
        raise ValueError("k has to be at least 1, got " + str(k))
    vocab = logits.shape[1]
    if k > vocab:
        k = vocab
    ascending = logits.sort(dim=1).values
    threshold = ascending[:, vocab - k].unsqueeze(1)  # (batch, 1)
    return torch.where(logits <= threshold, NEG_INF, logits)


def top_p_filter(logits, p):
    if not (p > 0 and p <= 1):
        raise ValueError("p has to be in (0, 1], got " + str(p))
    if p == 1:
        return logits.clone()
    probs = torch.softmax(logits, dim=1)
    result = torch.full_like(logits, NEG_INF)
    for row in range(logits.shape[0]):
        order = torch.argsort(probs[row], descending=True)
        mass = 0.0
        for token in order.tolist():
            if mass >= p:
                break
            result[row, token] = logits[row, token]
            mass += probs[row, token].item()
    return result


def sample(logits, generator, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        return greedy(logits)
    logits = apply_temperature(logits, temperature)
    if top_k is not None:
        logits = top_k_filter(logits, top_k)
    if top_p is not None:
        logits = top_p_filter(logits, top_p)
    probs = torch.softmax(logits, dim=1)
    drawn = torch.multinomial(probs, 1, generator=generator)
    return drawn[:, 0]
