"""A model writes, token by token, by the learner's own `generate`, `sample` and, where it is done, their KV cache."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grader.learner.own_code import OwnCode
from grader.learner.own_gpt import OwnGPT

LIKELIEST = 3
SECONDS_TO_MEASURE = 2.0
REPLACEMENT = "\ufffd"
LONGEST_CHARACTER = 4  # bytes of UTF-8, and so tokens


@dataclass(frozen=True)
class Choice:
    """How the next token is chosen: the arguments of the learner's `sample`."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None


@dataclass(frozen=True)
class Written:
    """One token that was written. `text` is what it adds: nothing where a character is not whole yet.

    `seen` are the ids that the model had before it.
    """

    id: int
    text: str
    seen: tuple[int, ...]


@dataclass(frozen=True)
class Likely:
    """A token that was written, and the likeliest ones at its place with their probabilities, as text."""

    token: str
    likeliest: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Pace:
    """Tokens per second over the same `tokens` first tokens; `cached` is None without a cache."""

    tokens: int
    plain: float
    cached: float | None


class Player:
    """Has a model go on from a prompt. `why_no_cache` says why, where it does without the learner's cache."""

    def __init__(self, code: OwnCode, own: OwnGPT, choice: Choice, with_cache: bool) -> None:
        self.own = own
        self.choice = choice
        self.generation = code.module("ch7_inference/generate")
        self.choosing = code.module("ch7_inference/sampling")
        self.cache: Any = None
        self.why_no_cache = "" if with_cache else "--no-cache is set"
        if with_cache:
            self._find_cache(code)

    def _find_cache(self, code: OwnCode) -> None:
        try:
            module = code.module("ch7_inference/kv_cache")
            module.CachedGPT(self.own.model).prefill(self._tensor([0]))
        except NotImplementedError as error:
            part = code.stub_that_raised(error)
            if part is None:
                raise
            self.why_no_cache = f"{part} is still to do"
        else:
            self.cache = module.CachedGPT

    # -- writing --------------------------------------------------------------------------------------

    def write(self, prompt: list[int], tokens: int, seed: int) -> Iterator[Written]:
        """Up to `tokens` tokens after the prompt, each as soon as it is chosen."""
        decoder = _Decoder(self.own)
        ids = list(prompt)
        for chosen in self._chosen(prompt, tokens, seed, with_cache=self.cache is not None):
            yield Written(chosen, decoder.more(chosen, is_last=len(ids) + 1 == len(prompt) + tokens), tuple(ids))
            ids.append(chosen)

    def _chosen(self, prompt: list[int], tokens: int, seed: int, with_cache: bool) -> Iterator[int]:
        import torch  # heavy, and only some commands need it

        generator = torch.Generator(self._device()).manual_seed(seed)
        return (self._cached if with_cache else self._plain)(prompt, tokens, generator)

    def _plain(self, prompt: list[int], tokens: int, generator: Any) -> Iterator[int]:
        """One call of `generate` for each token: it reads the whole text again."""
        ids = self._tensor(prompt)
        for _ in range(tokens):
            ids = self.generation.generate(
                self.own.model, ids, 1, generator, self.choice.temperature, self.choice.top_k, self.choice.top_p
            )
            yield int(ids[0, -1])

    def _cached(self, prompt: list[int], tokens: int, generator: Any) -> Iterator[int]:
        """Each token is read once. A full cache is begun again with the later half of what it held."""
        ids, longest = list(prompt), self.own.max_len
        cached = self.cache(self.own.model)
        logits = cached.prefill(self._tensor(ids[-longest:]))[:, -1]
        for _ in range(tokens):
            chosen = self.choosing.sample(
                logits, generator, self.choice.temperature, self.choice.top_k, self.choice.top_p
            )
            ids.append(int(chosen[0]))
            yield ids[-1]
            if cached.length < longest:
                logits = cached.decode(chosen)
            else:
                cached.reset()
                logits = cached.prefill(self._tensor(ids[-max(1, longest // 2) :]))[:, -1]

    # -- what is told of it ---------------------------------------------------------------------------

    def likely(self, written: Written) -> Likely:
        """What the model, asked plainly, found likeliest at a token's place, before any temperature or filter."""
        import torch  # heavy, and only some commands need it

        with torch.no_grad():
            logits = self.own.model(self._tensor(list(written.seen[-self.own.max_len :])))[0, -1].float()
        best = logits.softmax(-1).topk(min(LIKELIEST, len(logits)))
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return Likely(self._text(written.id), tuple((self._text(i), share) for i, share in pairs))

    def pace(self, prompt: list[int], tokens: int, seed: int) -> Pace | None:
        """How fast it writes with the cache and without, over the same tokens; None where the prompt fills it."""
        tokens = min(tokens, self.own.max_len - len(prompt))
        if tokens < 1:
            return None
        count, seconds = _timed(self._chosen(prompt, tokens, seed, with_cache=False))
        if self.cache is None:
            return Pace(count, count / seconds, None)
        same, cached_seconds = _timed(self._chosen(prompt, count, seed, with_cache=True))
        return Pace(count, count / seconds, same / cached_seconds)

    def _text(self, i: int) -> str:
        return self.own.tokenizer.decode([i])

    def _tensor(self, ids: list[int]) -> Any:
        import torch  # heavy, and only some commands need it

        return torch.tensor([ids], device=self._device())

    def _device(self) -> Any:
        return next(self.own.model.parameters()).device


class _Decoder:
    """Text out of tokens as they come. A character's bytes may be spread over several tokens."""

    def __init__(self, own: OwnGPT) -> None:
        self.own = own
        self.held: list[int] = []

    def more(self, token: int, is_last: bool) -> str:
        """What this token adds, with what was held back before it."""
        self.held.append(token)
        text = self.own.tokenizer.decode(self.held)
        if text.endswith(REPLACEMENT) and len(self.held) < LONGEST_CHARACTER and not is_last:
            return ""
        self.held = []
        return text


def _timed(tokens: Iterator[int]) -> tuple[int, float]:
    """How many came in how many seconds: all, or those of the first two seconds."""
    began, count = time.perf_counter(), 0
    for _ in tokens:
        count += 1
        if time.perf_counter() - began > SECONDS_TO_MEASURE:
            break
    return count, time.perf_counter() - began
