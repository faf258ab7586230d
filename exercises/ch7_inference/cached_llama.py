"""# A cache that turns and rolls

**What must a cache know when keys are turned, shared and thrown away?** If the place in the cache were taken for the
position, then with a window of 16 every token from the 17th on would be turned by the same angle.

The modern decoder changes three things about the cache.

- *Rotary positions*: a key is turned by the angle of its own position, which never changes. So the keys are cached
  turned, and only new keys and queries are turned, by the positions at which they really stand.
- *Grouped queries*: there are fewer key heads than query heads, and the cache holds the few. They are repeated when
  the scores are made and not before, or nothing would be saved.
- *Sliding window*: a query sees the last `window` positions, itself among them. What no later query can see need not
  be kept, so the cache rolls: it never holds more than `window` positions, however long the text becomes.

With a window, *position* and *place in the cache* are two things. After 100 tokens a cache with a window of 16 holds
16 keys, and the next token stands at position 100.

| name | shape |
|---|---|
| `keys`, `values` of one layer | `(batch, n_kv_heads, at most window, d_head)` |
| `x`, new positions | `(batch, t, d_model)` |
| logits of `prefill` | `(batch, t, vocab)` |
| logits of `decode` | `(batch, vocab)` |

By hand: window 3, and tokens 0 to 4 have been read. The cache holds the keys 2, 3, 4. Token 5 comes: it sees
3, 4 and 5, and these are what is kept.

Source: Su et al., *RoFormer* (2021), equations 15 and 34; Ainslie et al., *GQA* (2023), section 2.2; Jiang et al.,
*Mistral 7B* (2023), section 2, for the rolling cache.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ch3_attention.multi_head import merge_heads, split_heads
from ch3_attention.rotary import apply_rotary
from ch3_attention.scaled_dot_product import scaled_dot_product_attention
from ch5_models.llama import Llama, LlamaConfig
from ch7_inference.kv_cache import KVCache


class RollingCache(KVCache):
    """A cache of the last `window` positions of one layer; of all positions where the window is None.

    `keys` and `values` are what is kept, `length` is how many positions that is.
    """

    def __init__(self, window: int | None = None) -> None:
        super().__init__()
        self.window = window

    def append(
        self, k: Float[Tensor, "batch heads t d_head"], v: Float[Tensor, "batch heads t d_head"]
    ) -> tuple[Float[Tensor, "batch heads seen d_head"], Float[Tensor, "batch heads seen d_head"]]:
        """Join new keys and values to those kept, return all of these, and keep the last `window` of them.

        The t new queries may need every key that is returned, even where that is more than the window; later ones will
        not. What is kept takes no more memory than it fills: a slice would hold on to the memory of the whole.

        >>> cache = RollingCache(window=3)
        >>> keys, values = cache.append(torch.ones(1, 2, 5, 4), torch.ones(1, 2, 5, 4))
        >>> keys.shape[2], cache.keys.shape[2]
        (5, 3)
        """
        # TODO: join as KVCache does.
        # TODO: with a window, keep the last of them, as a clone.
        raise NotImplementedError


class CachedRotaryAttention(nn.Module):
    """Grouped-query attention with rotary positions over everything so far, with the weights of `attention`.

    The weights are `q_proj`, `k_proj`, `v_proj`, `out_proj` of the given module; the memory is the cache that
    `forward` is given.
    """

    def __init__(self, attention: nn.Module, config: LlamaConfig) -> None:
        super().__init__()
        self.attention = attention
        self.config = config

    def forward(
        self, x: Float[Tensor, "batch t d_model"], start: int, cache: RollingCache
    ) -> Float[Tensor, "batch t d_model"]:
        """What `attention` gives for t new positions, the first of which is `start`.

        Queries and keys are turned by their positions, with `config.rope_base`, and keys are cached turned. The cache
        holds `config.n_kv_heads` heads, whatever the number of query heads. A query sees the keys up to its own
        position, and with `config.window` no more than the last `window` of them.
        """
        # TODO: queries in n_heads heads, keys and values in n_kv_heads; turn queries and keys by their positions.
        # TODO: append to the cache; the keys that come back stand at the last positions up to start + t - 1.
        # TODO: the mask compares positions of keys with positions of queries: not later, and within the window.
        # TODO: repeat each key head for its group of query heads, attend, merge and project.
        raise NotImplementedError


class CachedLlama:
    """A Llama that reads each token once. It shares the weights of `model` and keeps one request's cache.

    `caches` has a `RollingCache` for each block, of the config's window; two requests over one model do not disturb
    each other. The answers are those of `model`, in its own dtype, with a tied head too, and change when its weights
    do. This is inference alone: there are no gradients, and the mode of `model` is left as it is.
    """

    def __init__(self, model: Llama) -> None:
        # TODO: keep the model itself; make a CachedRotaryAttention and a cache with the config's window per block.
        # TODO: count the tokens from 0, since a rolling cache does not know how many there were.
        raise NotImplementedError

    @property
    def length(self) -> int:
        """How many tokens have been read so far, also those that the window has let go."""
        # TODO: the count, not what a cache holds.
        raise NotImplementedError

    def prefill(self, ids: Int[Tensor, "batch t"]) -> Float[Tensor, "batch t vocab"]:
        """Read t more tokens and return the logits after each of them, those of reading the whole text at once.

        Called again it goes on where it stopped, in chunks of any size from 1, longer than the window or shorter.
        More than `config.max_len` tokens in all raise a `ValueError` that names the length it would be, with a window
        too, and leave the cache as it was.

        >>> sizes = {"d_model": 8, "n_layers": 1, "n_heads": 4, "n_kv_heads": 2, "d_ff": 8}
        >>> cached = CachedLlama(Llama(LlamaConfig(vocab_size=9, max_len=8, window=2, **sizes)))
        >>> cached.prefill(torch.tensor([[1, 2, 3]])).shape, cached.length
        (torch.Size([1, 3, 9]), 3)
        """
        # TODO: refuse what does not fit into max_len.
        # TODO: without gradients: token vectors, the blocks with cached attention in place of their own, norm and head.
        # TODO: count the tokens once they have been read.
        raise NotImplementedError

    def decode(self, ids: Int[Tensor, "batch"]) -> Float[Tensor, "batch vocab"]:
        """Read one more token per row and return the logits of what comes after it.

        The work is that of one token: its products with the weights, and one query by the keys so far, or by the keys
        of the last `window` positions alone where there is a window.
        """
        # TODO: a prefill of one token, without the axis of length 1.
        raise NotImplementedError

    def reset(self) -> None:
        """Forget the request, so that the next prefill starts a new one at position 0, perhaps with another batch."""
        # TODO: reset every layer's cache, and the count.
        raise NotImplementedError
