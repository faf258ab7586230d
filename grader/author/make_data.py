"""Write the files of `data/`: `python -m grader.author.make_data`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from grader.corpora import language, senses, translation, windows
from grader.course import texts
from grader.course.files import write_atomically

SEED = 2017
N_CHARACTERS = 200_000
N_PAIRS = 4_000
N_SENTENCES = 400
RECORD = Path(__file__).resolve().parents[2] / "data" / "gpt2_small.npz"


def write_all(folder: Path) -> list[Path]:
    """Write every file anew, the record of another program as it is. Returns their paths, the README first."""
    contents = {name: text.encode() for name, text in _texts().items()}
    contents |= {RECORD.name: RECORD.read_bytes()}
    written = {"README.md": _readme(contents).encode()} | contents
    for name, content in written.items():
        write_atomically(folder / name, content)
    return [folder / name for name in written]


def _texts() -> dict[str, str]:
    pairs = translation.sample_pairs(N_PAIRS, SEED)
    sentences = senses.sample_sentences(N_SENTENCES, SEED)
    return {
        "language.txt": language.sample(N_CHARACTERS, SEED),
        "translation.tsv": "".join(f"{english}\t{german}\n" for english, german in pairs),
        "senses.tsv": "".join(f"{s.sense}\t{s.position}\t{' '.join(s.words)}\n" for s in sentences),
    }


def _readme(contents: dict[str, bytes]) -> str:
    about = {
        "language.txt": "English-like text for language models, from `language.py`",
        "translation.tsv": "one pair a line, English, tab, German, from `translation.py`",
        "senses.tsv": 'one sentence a line: sense of "bank", tab, its place from 0, tab, the words, from `senses.py`',
        "gpt2_small.npz": "a small GPT-2 with random weights, and its logits, from `tests/kit/gpt2_record.py`",
    }
    rows = "".join(
        f"| `{name}` | {about[name]} | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |\n"
        for name, content in contents.items()
    )
    return (
        "# The data\n\n"
        "Everything here was written by this repository's own generators, the texts by those in `grader/corpora/` with "
        f"seed {SEED}.\nNo text by anyone else is in it, so it is under the same terms as the repository. "
        "`python -m grader.author.make_data` writes\nthe same texts again, byte by byte. "
        "They are UTF-8 with `\\n` as line end.\n\n"
        "| file | what it is | bytes | SHA-256 |\n|---|---|---|---|\n"
        f"{rows}\n"
        f"The grammar of `language.txt` is known, so its entropy is too: {language.entropy_per_character():.6f} nats "
        f"per character\n({language.entropy_per_line():.4f} nats in a line of {language.characters_per_line():.4f} "
        "characters, both expected values). On average no model can do better.\n\n"
        f"A model that is shown windows of {texts.CONTEXT} characters cannot come that far: it does not know what "
        "stood before its window.\nThe best reader of such windows, cut out at random places, loses "
        f"{windows.entropy_in_windows(texts.CONTEXT):.6f} nats per character on average: the mean\n"
        f"entropy of the next character after 1, 2, … {texts.CONTEXT} known ones, worked out exactly in "
        "`grader/corpora/windows.py`.\n\n"
        "`gpt2_small.npz` holds arrays, which `numpy.load` reads: the sizes as `config.vocab_size` and so on, the "
        "weights by GPT-2's\npublished names in float32, `ids` and the `logits` that they give, and `greedy`, four ids "
        "and the twenty that follow when\nthe likeliest one is taken each time. The logits are those of the "
        "`transformers` package, computed in float64.\n"
    )


if __name__ == "__main__":
    for path in write_all(Path(__file__).resolve().parents[2] / "data"):
        print(f"wrote {path}")
