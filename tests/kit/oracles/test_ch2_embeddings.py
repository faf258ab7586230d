"""Chapter 2 against PyTorch's own modules, and what the chapter claims about training, on the kit's grammar."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ch1_tokens.characters import CharTokenizer
from ch2_embeddings import breakage
from ch2_embeddings.embedding import Embedding
from ch2_embeddings.geometry import cosine_matrix, embedding_metrics, pca
from ch2_embeddings.toy_lm import ToyLM, train_toy_lm
from ch2_embeddings.word2vec import SkipGram
from grader.corpora import language

torch.set_num_threads(1)


def test_embedding_agrees_with_torch() -> None:
    ours, theirs, ids = Embedding(9, 4).double(), nn.Embedding(9, 4).double(), torch.randint(9, (3, 5))
    theirs.load_state_dict(ours.state_dict())
    cotangent = torch.randn(3, 5, 4, dtype=torch.float64)
    for layer in (ours, theirs):
        (layer(ids) * cotangent).sum().backward()
    torch.testing.assert_close(ours(ids), theirs(ids), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, rtol=1e-10, atol=1e-10)


def test_the_toy_model_agrees_with_an_embedding_bag() -> None:
    model, x = ToyLM(9, 4).double(), torch.randint(9, (3, 5))
    wanted = F.linear(F.embedding_bag(x, model.embed.weight, mode="mean"), model.head.weight, model.head.bias)
    torch.testing.assert_close(model(x), wanted, rtol=1e-10, atol=1e-10)


def test_the_skipgram_loss_agrees_with_binary_cross_entropy() -> None:
    model = SkipGram(9, 4).double()
    centers, contexts, negatives = torch.randint(9, (6,)), torch.randint(9, (6,)), torch.randint(9, (6, 3))
    scores = model.center.weight[centers] @ model.context.weight.T
    picked = scores.gather(1, torch.cat([contexts[:, None], negatives], dim=1))
    labels = torch.zeros_like(picked)
    labels[:, 0] = 1
    wanted = F.binary_cross_entropy_with_logits(picked, labels, reduction="none").sum(1).mean()
    torch.testing.assert_close(model.loss(centers, contexts, negatives), wanted, rtol=1e-10, atol=1e-10)


def test_cosines_and_components_agree_with_torch() -> None:
    x = torch.randn(9, 4, dtype=torch.float64) * torch.tensor([4.0, 3, 2, 1]).double() + 1
    wanted = F.cosine_similarity(x[:, None], x[None], dim=-1)
    torch.testing.assert_close(cosine_matrix(x), wanted, rtol=1e-10, atol=1e-10)
    u, s, _ = torch.pca_lowrank(x, q=4, niter=20)
    torch.testing.assert_close(pca(x, 3).abs(), (u * s)[:, :3].abs(), rtol=1e-8, atol=1e-8)


@pytest.fixture(scope="module")
def text() -> str:
    return language.sample(4000, seed=5)


def test_training_moves_the_geometry_as_the_chapter_says(text: str) -> None:
    """The loss falls from about ln(vocab), and neighbours in the table become neighbours in the text."""
    tokenizer = CharTokenizer(text)
    data = torch.tensor(tokenizer.encode(text))
    torch.manual_seed(3)
    model = ToyLM(tokenizer.vocab_size, 16)
    before = embedding_metrics(model, data, 2)
    assert abs(before["loss"] - math.log(tokenizer.vocab_size)) < 0.4
    train_toy_lm(model, data, 2, 800, 64, 1e-2, torch.Generator().manual_seed(3))
    after = embedding_metrics(model, data, 2)
    assert after["loss"] < before["loss"] - 1
    assert after["neighbor_accuracy"] > before["neighbor_accuracy"] + 0.05


def test_the_four_experiments_show_what_they_are_for(text: str) -> None:
    frozen = breakage.freeze_experiment(text, 300, 1)
    permuted = breakage.permute_experiment(text, 300, 1)
    dims = breakage.dimension_experiment(text, 300, 1)
    mismatch = breakage.mismatch_experiment(text, 300, 1)
    assert frozen["frozen"] > frozen["trainable"] + 0.1
    assert abs(permuted["original"] - permuted["permuted"]) < 0.1
    assert dims["dim_2"] > dims["dim_16"] + 0.2
    assert mismatch["mismatched"] > mismatch["matched"] + 2
