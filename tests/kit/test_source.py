"""Bans are found by resolved names, however they were imported."""

from __future__ import annotations

import ast

import pytest

from grader.course.source import banned_uses

NAMES = ("torch.nn.Embedding", "torch.nn.functional.softmax", "torch.nn.Transformer*", "torch.Tensor.softmax")


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.nn.Embedding(3, 4)",
        "from torch import nn\nnn.Embedding(3, 4)",
        "import torch.nn as layers\nlayers.Embedding(3, 4)",
        "from torch.nn import Embedding as E\nE(3, 4)",
        "from torch.nn import *\nEmbedding(3, 4)",
        "import torch.nn.functional as F\nF.softmax(x, -1)",
        "from torch.nn import functional\nfunctional.softmax(x, -1)",
        "from torch import nn\nf = nn.functional\ng = f.softmax\ng(x, -1)",
        "from torch import nn\ngetattr(nn, 'Embedding')(3, 4)",
        "from torch import nn\nclass Mine(nn.TransformerEncoderLayer): pass",
        "def f(x):\n    return x.softmax(-1)",
        "def f(x):\n    return (x @ x).softmax(-1)",
    ],
)
def test_a_banned_use_is_found(source: str) -> None:
    assert list(banned_uses(ast.parse(source), NAMES))


@pytest.mark.parametrize(
    "source",
    [
        "from ch2_embeddings.embedding import Embedding\nEmbedding(3, 4)",
        "class Embedding: pass\nEmbedding()",
        "from torch import nn\nnn.EmbeddingBag(3, 4)",
        "from ch3_attention.softmax import softmax\nsoftmax(x, -1)",
        "'nn.Embedding is not to be used'",
        "class A:\n    def f(self):\n        return self.softmax(1)",
        "import torch\ntorch.exp(x)",
    ],
)
def test_anything_else_is_free(source: str) -> None:
    assert not list(banned_uses(ast.parse(source), NAMES))


def test_the_line_is_told() -> None:
    ((name, line),) = set(banned_uses(ast.parse("from torch import nn\n\nx = nn.Embedding(3, 4)\n"), NAMES))
    assert (name, line) == ("torch.nn.Embedding", 3)
