"""One block of candidates with labels: einsum and the cross-entropy of yes and no, in float32; pairs from distances."""

import torch
import torch.nn.functional as F


def skipgram_pairs(ids, window):
    if not window >= 1:
        raise ValueError(f"{window}")
    place = torch.arange(ids.numel())
    distance = (place[:, None] - place).abs()
    near = torch.logical_and(distance > 0, distance <= window)
    return ids[near.nonzero()]


def noise_distribution(counts, power=0.75):
    total = counts.sum()
    if total == 0:
        raise ValueError("all counts are 0")
    dtype = counts.dtype if counts.is_floating_point() else torch.float32
    share = counts.double() / total
    p = torch.where(share == 0, 0.0, (power * share.log()).exp())
    return F.normalize(p, p=1, dim=0).to(dtype)


class SkipGram(torch.nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.context = torch.nn.Embedding(vocab_size, dim)
        self.center = torch.nn.Embedding(vocab_size, dim)

    def loss(self, centers, contexts, negatives):
        candidates = torch.cat([contexts[:, None], negatives], dim=1)
        labels = torch.zeros(candidates.shape)
        labels[:, 0] = 1.0
        v, u = self.center(centers).float(), self.context(candidates).float()
        logits = torch.einsum("bd,bnd->bn", v, u)
        loss = F.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(1).mean()
        return loss.to(self.center.weight.dtype)


def train_skipgram(ids, vocab_size, dim, window, negatives, steps, lr, generator):
    if ids.numel() < 2:
        raise ValueError("a text of %d tokens" % ids.numel())
    if ids.min() < 0 or ids.max() >= vocab_size:
        raise IndexError("ids from %d to %d, a vocabulary of %d" % (ids.min(), ids.max(), vocab_size))
    net = SkipGram(vocab_size, dim)
    bound = 0.5 / dim
    for w in net.parameters():
        w.data.uniform_(-bound, bound, generator=generator)
    counts = torch.zeros(vocab_size).index_add_(0, ids, torch.ones(ids.numel()))
    noise = noise_distribution(counts)
    centre, other = skipgram_pairs(ids, window).unbind(1)
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(steps):
        rows = (torch.rand(128, generator=generator) * len(centre)).long().clamp(max=len(centre) - 1)
        chosen = torch.multinomial(noise.expand(128, -1), negatives, replacement=True, generator=generator)
        opt.zero_grad()
        net.loss(centre[rows], other[rows], chosen).backward()
        opt.step()
    return net
