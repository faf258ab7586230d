"""The sketch of a failed test: a digest of what crossed in it and has no rounding, and weighted sums of the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from grader.protocol.results import Failure, TestResult
from grader.protocol.sketches import Sketch, Sum
from grader.protocol.values import encode
from grader.protocol.wire import Unsendable
from grader.tester.compare import COARSE, as_array, dtype_name
from grader.tester.draw import derive_seed
from grader.tester.opaque import Opaque
from grader.tester.transcript import Transcript

FIRST, LAST = 8, 16  # values whose sums are kept: a test looks at what came last
WEIGHTS = 1009  # a prime, so that a longer value meets them at other places in each of its rows
SUMS = 3
RELATIVE, ABSOLUTE = 1e-5, 1e-7  # as two computations of the same may differ when a mistake is looked for
SPREAD = 4.0  # errors of many values add up to a few times what one of them has
HUGE = 1e150  # a square of it is no number any more


def with_sketches(
    results: Mapping[str, TestResult], transcripts: Mapping[str, Transcript], seed: int
) -> dict[str, TestResult]:
    """The results with a sketch of each test that was run and went wrong."""
    return {
        name: msgspec.structs.replace(result, sketch=sketch_of(transcripts[name], result.failure, seed))
        if result.verdict.is_wrong and name in transcripts
        else result
        for name, result in results.items()
    }


def sketch_of(transcript: Transcript, failure: Failure | None, seed: int) -> Sketch:
    """What crossed in one test, under the weights of this seed."""
    drawing = Drawing(seed)
    for entry in transcript.entries:
        drawing.note("entry", entry.name, *entry.raised[:1], entry.sign)
        if not entry.raised:
            drawing.add(entry.value)
    drawing.note("said", _own_words(failure))
    return drawing.sketch()


def _own_words(failure: Failure | None) -> str:
    """What the test says by itself. A fact is found in the values, and an exception's text is the code's own."""
    if failure is None or failure.frames or failure.message in failure.facts:
        return ""
    return "".join(letter for letter in failure.message.partition("`")[0] if letter.isalpha())


class Drawing:
    """A sketch under way."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(derive_seed("sketch", seed))
        self.weights = rng.uniform(0.5, 1.5, (SUMS, WEIGHTS)) * rng.choice([-1.0, 1.0], (SUMS, WEIGHTS))
        self.digest = hashlib.sha256(rng.bytes(32))
        self.sums: list[Sum] = []

    def note(self, *words: str | bytes) -> None:
        """Something that is equal or is not."""
        for word in words:
            data = word if isinstance(word, bytes) else word.encode(errors="surrogatepass")
            self.digest.update(len(data).to_bytes(8, "big") + data)

    def add(self, value: Any) -> None:
        """A value that crossed."""
        if isinstance(value, Opaque):
            self.note("handle", str(value._kind))
        elif isinstance(value, Unsendable):
            self.note("unsendable")
        elif (array := as_array(value)) is not None:
            self.add_array(array, dtype_name(value))
        elif type(value) in (list, tuple):
            self.note("list", str(len(value)))
            for item in value:
                self.add(item)
        elif isinstance(value, dict):
            self.note("dict", str(len(value)))
            for key in sorted(value, key=repr):
                self.note(repr(key))
                self.add(value[key])
        else:
            self.note(_plain(value))

    def add_array(self, array: np.ndarray, dtype: str) -> None:
        """Whole numbers and truth values count as they are, others by their sums."""
        self.note("array", array.dtype.kind, dtype, str(array.shape))
        if array.dtype.kind in "bi":
            self.note(np.ascontiguousarray(array).tobytes())
            return
        flat = np.ascontiguousarray(array).reshape(-1).view(np.float64)
        finite = np.isfinite(flat)
        if not finite.all():
            self.note("without end", np.where(np.isnan(flat), 2, np.sign(flat) * ~finite).astype(np.int8).tobytes())
            flat = np.where(finite, flat, 0.0)
        if flat.size and np.abs(flat).max() > HUGE:
            self.note("huge")
        elif flat.size:
            self.sums.append(self._sum(flat, dtype))
            if len(self.sums) > FIRST + LAST:
                del self.sums[FIRST]

    def _sum(self, flat: np.ndarray, dtype: str) -> Sum:
        relative, absolute = COARSE.get(dtype, (RELATIVE, ABSOLUTE))
        root = np.sqrt(flat.size)
        found = [float(np.resize(weights, flat.size) @ flat / root) for weights in self.weights]
        size = float(np.sqrt(np.mean(flat * flat)))
        return Sum(tuple(found), SPREAD * (relative * size + absolute))

    def sketch(self) -> Sketch:
        return Sketch(self.digest.hexdigest()[:32], tuple(self.sums))


def _plain(value: Any) -> bytes:
    """What is no array, in the form in which it crosses. Sets have no order to cross in."""
    if isinstance(value, set | frozenset):
        return repr(sorted(map(repr, value))).encode(errors="surrogatepass")
    try:
        return type(value).__name__.encode() + encode(value)
    except Exception:  # a generator, say: that there is one is all that is known of it
        return type(value).__name__.encode()
