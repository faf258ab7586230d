"""Sentence embeddings without padding, and a word's two senses in static and contextual vectors."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from model_checks import load

SENTENCES = [[3, 7, 5], [7, 2], [8, 4, 1, 7, 6], [9, 7, 2, 2], [7, 5, 3, 1]]
POSITIONS = [1, 0, 3, 1, 0]
SENSES = ["money", "river", "money", "river", "money"]
NEAR = 1e-4  # what a model computes in float32 on the way, as published code does, is right too


def drawn_bert(side, draw, dropout=0.0):
    """A small BERT with random weights in float64."""
    model = side.small_bert(11, 8, dropout).double()
    weights = {name: value + draw.normal(*value.shape, scale=0.2) for name, value in model.named_parameters().items()}
    return load(model, weights), weights


def separation_by_hand(vectors, senses):
    """Mean similarity of pairs with the same sense minus that of pairs with different ones."""
    same, different = [], []
    for i, j in itertools.combinations(range(len(senses)), 2):
        similarity = F.cosine_similarity(vectors[i], vectors[j], dim=0).item()
        (same if senses[i] == senses[j] else different).append(similarity)
    return sum(same) / len(same) - sum(different) / len(different)


def contextual_by_hand(model, sentences, positions, senses):
    """The separation of the vectors that the model gives to each sentence alone, without any padding."""
    read = [model(torch.tensor([sentence])).detach()[0] for sentence in sentences]
    return separation_by_hand([vectors[place] for vectors, place in zip(read, positions, strict=True)], senses)


# -- sentence embeddings ----------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_the_mean_is_over_real_tokens(student, draw, expect):
    """Each sentence embedding is the mean of the first `length` vectors of its row."""
    hidden, lengths = draw.strided(4, 6, 5), torch.tensor([6, 2, 1, 5])
    wanted = torch.stack([row[:n].mean(0) for row, n in zip(hidden, lengths.tolist(), strict=True)])
    expect.close(student.sentence_embedding(hidden, lengths), wanted)


@pytest.mark.points(0.5)
def test_one_sentence_alone(student, draw, expect):
    """A batch of one sentence keeps its axis."""
    hidden = draw.normal(1, 6, 5)
    expect.close(student.sentence_embedding(hidden, torch.tensor([4])), hidden[:, :4].mean(1))


@pytest.mark.hidden
@pytest.mark.parametrize("lengths", [[3], [1], [2, 7, 7, 1, 4]], ids=str)
def test_means_of_other_shapes(student, draw, expect, lengths):
    """One sentence, one token and many sentences are no special case."""
    hidden = draw.normal(len(lengths), 7, 3, scale=5.0) + 10.0
    wanted = torch.stack([row[:n].mean(0) for row, n in zip(hidden, lengths, strict=True)])
    expect.close(student.sentence_embedding(hidden, torch.tensor(lengths)), wanted)


@pytest.mark.points(2)
def test_only_real_tokens_get_a_gradient(student, draw, expect):
    """The gradient is spread evenly over the real tokens; padding gets none."""
    hidden, cotangent = draw.normal(2, 4, 3, grad=True), draw.normal(2, 3)
    (student.sentence_embedding(hidden, torch.tensor([3, 1])) * cotangent).sum().backward()
    wanted = torch.zeros(2, 4, 3, dtype=torch.float64)
    wanted[0, :3], wanted[1, :1] = cotangent[0] / 3, cotangent[1]
    expect.true(hidden.grad is not None, "`hidden` got no gradient.")
    expect.close(hidden.grad, wanted)


def test_padding_does_not_count(student, draw, expect):
    """Other vectors in the padding, even a NaN, change nothing."""
    hidden, lengths = draw.normal(2, 5, 3), torch.tensor([3, 2])
    wanted = torch.stack([hidden[0, :3].mean(0), hidden[1, :2].mean(0)])
    hidden[0, 3:], hidden[1, 2:] = 1e6, float("nan")
    expect.close(student.sentence_embedding(hidden, lengths), wanted)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_a_sentence_embedding_keeps_its_dtype(student, draw, expect, dtype):
    """Float32 vectors give a float32 embedding, float16 ones a float16 one, and so on, also of a single token."""
    hidden = draw.normal(2, 3, 4, dtype=dtype)
    wanted = torch.stack([hidden[0].mean(0), hidden[1, 0]])
    expect.close(student.sentence_embedding(hidden, torch.tensor([3, 1])), wanted)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("bad", [0, 5])
def test_impossible_lengths_are_refused(student, draw, expect, bad):
    """A length below 1 or above the number of vectors raises a ValueError that names it."""
    expect.raises(ValueError, student.sentence_embedding, draw.normal(2, 4, 3), torch.tensor([3, bad]), mentions=bad)


# -- senses -----------------------------------------------------------------------------------------------


def test_one_word_has_one_static_vector(student, draw, expect):
    """Static vectors of one word are the same in every sentence, so their separation is 0."""
    model, _ = drawn_bert(student, draw)
    static, _ = student.sense_separation(model, SENTENCES, POSITIONS, SENSES)
    expect.close(static, 0.0, "The static separation of a word from itself is not 0.")


@pytest.mark.points(2)
def test_static_vectors_are_rows_of_the_token_table(student, draw, expect):
    """The static vector is the token table's row for the word; with different words the separation is not 0."""
    model, weights = drawn_bert(student, draw)
    positions = [0, 1, 1, 2, 3]
    words = torch.tensor([sentence[p] for sentence, p in zip(SENTENCES, positions, strict=True)])
    wanted = separation_by_hand(weights["token_embedding.weight"][words], SENSES)
    static, _ = student.sense_separation(model, SENTENCES, positions, SENSES)
    expect.close(static, wanted, "The static separation is wrong.")


@pytest.mark.points(3)
def test_contextual_vectors_are_the_models(student, draw, expect):
    """The contextual vector is what the model returns at the word's position, whatever the padding."""
    model, _ = drawn_bert(student, draw)
    _, contextual = student.sense_separation(model, SENTENCES, POSITIONS, SENSES)
    wanted = contextual_by_hand(model, SENTENCES, POSITIONS, SENSES)
    expect.close(contextual, wanted, "The contextual separation is wrong.", tolerance=NEAR)


@pytest.mark.points(2)
def test_senses_may_have_any_names(student, draw, expect):
    """Three senses work as two do: all pairs with the same one against all others."""
    model, _ = drawn_bert(student, draw)
    senses = ["bench", "bank of a river", "bank for money", "bank of a river", "bench"]
    _, contextual = student.sense_separation(model, SENTENCES, POSITIONS, senses)
    wanted = contextual_by_hand(model, SENTENCES, POSITIONS, senses)
    expect.close(contextual, wanted, "The contextual separation is wrong.", tolerance=NEAR)


@pytest.mark.points(2)
def test_opposite_vectors(student, draw, expect):
    """Two vectors that point in opposite directions have the similarity -1: both separations are 1 - (-1) = 2."""
    model, weights = drawn_bert(student, draw)
    for name, value in weights.items():  # nothing but norms: a word with the opposite vector has the opposite result
        weights[name] = (
            torch.ones_like(value) if "norm" in name and name.endswith("weight") else torch.zeros_like(value)
        )
    weights["token_embedding.weight"][7] = draw.normal(64)
    weights["token_embedding.weight"][8] = -weights["token_embedding.weight"][7]
    load(model, weights)
    found = student.sense_separation(model, [[7, 1], [2, 7], [1, 8]], [0, 1, 1], ["money", "money", "river"])
    for name, came in zip(("static", "contextual"), found, strict=True):
        expect.close(came, 2.0, f"The {name} separation of opposite vectors is not 2.", tolerance=NEAR)


@pytest.mark.points(2)
def test_a_second_measurement_is_its_own(student, draw, expect):
    """Other sentences, and then other weights, give other numbers: nothing is kept from an earlier call."""
    model, _ = drawn_bert(student, draw)
    other, _ = drawn_bert(student, draw)
    turned = [sentence[::-1] for sentence in SENTENCES]
    places = [len(sentence) - 1 - place for sentence, place in zip(SENTENCES, POSITIONS, strict=True)]
    for sentences, positions in ((SENTENCES, POSITIONS), (turned, places)):
        _, contextual = student.sense_separation(model, sentences, positions, SENSES)
        wanted = contextual_by_hand(model, sentences, positions, SENSES)
        expect.close(contextual, wanted, "The contextual separation is wrong.", tolerance=NEAR)
    model.load_state_dict(other.state_dict())
    _, contextual = student.sense_separation(model, turned, places, SENSES)
    wanted = contextual_by_hand(model, turned, places, SENSES)
    message = "After the model's weights have changed the contextual separation is wrong."
    expect.close(contextual, wanted, message, tolerance=NEAR)


def test_a_sentence_may_hold_the_word_twice(student, draw, expect):
    """The same sentence stands there twice, with the word at another position each time."""
    model, _ = drawn_bert(student, draw)
    sentences, positions = [[7, 3, 7, 2], [7, 3, 7, 2], [5, 7], [1, 7, 10]], [0, 2, 1, 1]
    senses = ["money", "river", "money", "river"]
    _, contextual = student.sense_separation(model, sentences, positions, senses)
    wanted = contextual_by_hand(model, sentences, positions, senses)
    expect.close(contextual, wanted, "The contextual separation is wrong.", tolerance=NEAR)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("last", [0, 10], ids=["the first id", "the last id"])
def test_no_id_is_padding(student, draw, expect, last):
    """Sentences of different lengths end in the first id of the vocabulary, or in the last: it is a word as others."""
    model, _ = drawn_bert(student, draw)
    sentences = [[*sentence, last] for sentence in SENTENCES]
    _, contextual = student.sense_separation(model, sentences, POSITIONS, SENSES)
    wanted = contextual_by_hand(model, sentences, POSITIONS, SENSES)
    expect.close(contextual, wanted, "The contextual separation is wrong.", tolerance=NEAR)


@pytest.mark.hidden
def test_other_sentences(student, draw, expect):
    """Sentences of one length and of many, the word in the first and in the last place."""
    model, weights = drawn_bert(student, draw)
    senses = draw.shuffled(["a", "a", "a", "b", "b", "c", "c"])
    for lengths in ([6] * 7, [1, 8, 2, 5, 8, 3, 4]):
        sentences = [(draw.ids(10, n) + 1).tolist() for n in lengths]
        positions = [draw.choice([0, n - 1]) for n in lengths]
        static, contextual = student.sense_separation(model, sentences, positions, senses)
        words = torch.tensor([sentence[place] for sentence, place in zip(sentences, positions, strict=True)])
        wanted = separation_by_hand(weights["token_embedding.weight"][words], senses)
        expect.close(static, wanted, "The static separation is wrong.", tolerance=NEAR)
        wanted = contextual_by_hand(model, sentences, positions, senses)
        expect.close(contextual, wanted, "The contextual separation is wrong.", tolerance=NEAR)


def test_it_measures_without_dropout(student, draw, expect):
    """A model with dropout gives the same contextual separation in train mode as in eval mode."""
    model, _ = drawn_bert(student, draw, dropout=0.5)
    model.eval()
    _, wanted = student.sense_separation(model, SENTENCES, POSITIONS, SENSES)
    model.train()
    _, came = student.sense_separation(model, SENTENCES, POSITIONS, SENSES)
    expect.close(came, wanted, "In train mode the contextual separation is another than in eval mode.", tolerance=NEAR)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_the_mode_is_given_back(student, draw, expect, training):
    """A model in train mode is in train mode again afterwards, and one in eval mode in eval mode."""
    model, _ = drawn_bert(student, draw)
    model.train(training)
    student.sense_separation(model, SENTENCES, POSITIONS, SENSES)
    expect.equal(bool(model.training), training, "The model is in another mode than before.")
    expect.equal(bool(model.blocks[0].training), training, "A block of the model is in another mode than before.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("senses", [["money"] * 5, ["one", "two", "three", "four", "five"]], ids=["alike", "different"])
def test_two_kinds_of_pairs_are_needed(student, draw, expect, senses):
    """Without a pair of the same sense, or without one of different senses, it raises a ValueError with the senses."""
    model, _ = drawn_bert(student, draw)
    expect.raises(ValueError, student.sense_separation, model, SENTENCES, POSITIONS, senses, mentions=senses[0])
