"""# The KV cache

**What need not be computed again for the next token?** Without a cache, to write 1,000 tokens sends 1 + 2 + … +
1,000 = 500,500 tokens through the model; with one, 1,000.

`generate` reads the whole text again for each new token. But under the causal mask a position's key and value depend
on earlier tokens alone, so they stay the same however long the text becomes. Keep them, and a new token costs one query
against the keys so far: work that grows with the length of the text, not with its square.

- *Prefill*: the prompt goes in at once. All its keys and values are computed and kept.
- *Decode*: one token at a time. Its query meets the keys kept so far and its own.

The weights belong to the model and are shared; a cache belongs to one request. Two texts that are being written at the
same time need two caches, and every layer has its own.

| name | shape |
|---|---|
| `keys`, `values` of one layer | `(batch, heads, length, d_head)` |
| `x`, new positions | `(batch, t, d_model)` |
| logits of `prefill` | `(batch, t, vocab)` |
| logits of `decode` | `(batch, vocab)` |

By hand: after a prefill of 3 tokens `length` is 3. The next token stands at position 3 (from 0), and its query meets 4
keys: the three kept and its own.

Source: Shazeer, *Fast Transformer Decoding: One Write-Head is All You Need* (2019), section 2.4; Pope et al.,
*Efficiently Scaling Transformer Inference* (2022), section 2, for prefill and decode.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ch3_attention.masks import causal_mask
from ch3_attention.multi_head import MultiHeadAttention, merge_heads, split_heads
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.gpt import GPT, GPTConfig  # noqa: F401 # to try the cache on


class KVCache:
    """The keys and values that one layer has computed so far for one request. Both are None at first."""

    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    @property
    def length(self) -> int:
        """How many positions are kept."""
        return 0 if self.keys is None else self.keys.shape[2]

    def append(
        self, k: Float[Tensor, "batch heads t d_head"], v: Float[Tensor, "batch heads t d_head"]
    ) -> tuple[Float[Tensor, "batch heads length d_head"], Float[Tensor, "batch heads length d_head"]]:
        """Join new keys and values behind the old ones, along the length, keep the result in `keys` and `values`, and
        return both.

        >>> cache = KVCache()
        >>> keys, values = cache.append(torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 4))
        >>> keys, values = cache.append(torch.zeros(1, 2, 1, 4), torch.zeros(1, 2, 1, 4))
        >>> keys.shape
        torch.Size([1, 2, 4, 4])
        """
        # TODO: the first call has nothing to join to; later ones join along the length axis.
        if self.keys is not None and self.values is not None:
            k, v = torch.cat([self.keys, k], dim=2), torch.cat([self.values, v], dim=2)
        self.keys, self.values = k, v
        return k, v

    def reset(self) -> None:
        """Forget everything: the next keys and values are the first ones again."""
        # TODO: as it was at first.
        self.keys = self.values = None


class CachedAttention(nn.Module):
    """Causal self-attention of new positions over everything so far, with the weights of `attention`.

    It has no weights and no memory of its own: the weights are those of the given module, the memory is the cache
    that `forward` is given. One layer may serve several caches in turns.
    """

    def __init__(self, attention: MultiHeadAttention, n_heads: int) -> None:
        super().__init__()
        self.attention = attention
        self.n_heads = n_heads

    def forward(self, x: Float[Tensor, "batch t d_model"], cache: KVCache) -> Float[Tensor, "batch t d_model"]:
        """What `attention` would give for the last t positions, had it been given all of them at once.

        The keys and values of `x` are joined to `cache`. A new position sees all old ones, the new ones
        before it, and itself.
        """
        # TODO: queries, keys and values of the new positions, split into heads; nothing old is computed again.
        # TODO: append the keys and values to the cache, and let the queries attend to all that it holds.
        # TODO: the causal mask has t rows and as many columns as there are keys.
        # TODO: merge the heads and project.
        q = split_heads(self.attention.q_proj(x), self.n_heads)
        k = split_heads(self.attention.k_proj(x), self.n_heads)
        v = split_heads(self.attention.v_proj(x), self.n_heads)
        keys, values = cache.append(k, v)
        mask = causal_mask(q.shape[2], keys.shape[2]).to(x.device)
        mixed, _ = scaled_dot_product_attention(q, keys, values, mask)
        return self.attention.out_proj(merge_heads(mixed))


class CachedGPT:
    """A GPT that reads each token once. It shares the weights of `model` and keeps one request's cache.

    `caches` has a `KVCache` for each block; two requests over one model do not disturb each other. What it computes is
    what `model` computes in eval mode and in its own dtype: generating is inference, so there is no dropout and
    there are no gradients, and the mode of `model`, train or eval, is left as it is. When the weights of `model`
    change, so do the answers.
    """

    def __init__(self, model: GPT) -> None:
        # TODO: keep the model itself; a copy would not follow its weights.
        # TODO: make a CachedAttention and a cache for each block.
        self.model = model
        self.attentions = [CachedAttention(block.attention, model.config.n_heads) for block in model.blocks]
        self.caches = [KVCache() for _ in model.blocks]

    @property
    def length(self) -> int:
        """How many tokens have been read so far."""
        # TODO: ask a cache.
        return self.caches[0].length

    def prefill(self, ids: Int[Tensor, "batch t"]) -> Float[Tensor, "batch t vocab"]:
        """Read t more tokens and return the logits after each of them, those of reading the whole text at once.

        Called again it goes on where it stopped, so a long prompt may come in chunks of any size from 1. Exactly
        `config.max_len` tokens still fit; more in all raise a `ValueError` that names the length it would be, and leave
        the cache as it was.

        >>> config = GPTConfig(vocab_size=9, max_len=8, d_model=4, n_layers=1, n_heads=2, d_ff=8)
        >>> cached = CachedGPT(GPT(config))
        >>> cached.prefill(torch.tensor([[1, 2, 3]])).shape, cached.length
        (torch.Size([1, 3, 9]), 3)
        """
        # TODO: refuse what does not fit into max_len.
        # TODO: without gradients: token vectors plus the rows of the position table at which these tokens stand.
        # TODO: go through the blocks as a pre-norm block does, with cached attention in place of its own and
        #       without dropout.
        # TODO: final norm and head.
        start, stop = self.length, self.length + ids.shape[1]
        if stop > self.model.config.max_len:
            raise ValueError(f"{stop} tokens are more than max_len={self.model.config.max_len}")
        with torch.no_grad():
            x = self.model.token_embedding(ids) + self.model.position_embedding.weight[start:stop]
            for block, attention, cache in zip(self.model.blocks, self.attentions, self.caches, strict=True):
                x = x + attention(block.norm1(x), cache)
                x = x + block.feed_forward(block.norm2(x))
            return self.model.head(self.model.norm(x))

    def decode(self, ids: Int[Tensor, "batch"]) -> Float[Tensor, "batch vocab"]:
        """Read one more token per row, also the very first, and return the logits of what comes after it.

        The work is that of one token: its products with the weights, and one query by the keys so far and its own,
        however large `config.max_len` is.
        """
        # TODO: a prefill of one token, without the axis of length 1.
        return self.prefill(ids[:, None])[:, 0]

    def reset(self) -> None:
        """Forget the request, so that the next prefill starts a new one at position 0, perhaps with another batch."""
        # TODO: reset every layer's cache.
        for cache in self.caches:
            cache.reset()
