"""BERT: masking, sentence pairs, the encoder, its two heads and the loss."""

import functools

import pytest
import torch
import torch.nn.functional as F
from model_checks import (
    DROPOUT,
    NEAR,
    check_dropout,
    check_meta,
    check_model_dropout,
    check_names,
    check_own_gradients,
    check_start_values_apart,
    drawn,
    feed_forward_by_hand,
    load,
    model_with,
    norm_by_hand,
    part_of,
    post_norm_by_hand,
    shapes_of_block,
    shapes_of_linear,
    shapes_of_norm,
    state_of,
    ways_to_drop,
    without_mixing,
)

SIZES = {"vocab_size": 11, "max_len": 7, "d_model": 12, "n_layers": 2, "n_heads": 3, "d_ff": 20}
OTHER = {"vocab_size": 9, "max_len": 8, "d_model": 8, "n_layers": 3, "n_heads": 4, "d_ff": 6, "n_segments": 3}
SMALL = {"vocab_size": 9, "max_len": 8, "d_model": 4, "n_layers": 1, "n_heads": 2, "d_ff": 6}
TABLE = "token_embedding.weight"
PAD, CLS, SEP, MASK = 0, 1, 2, 3
SPECIAL = [PAD, CLS, SEP, MASK]


def shapes_of(sizes):
    """The names and shapes of the whole state dict."""
    vocab, d, d_ff = sizes["vocab_size"], sizes["d_model"], sizes["d_ff"]
    shapes = {TABLE: (vocab, d), "position_embedding.weight": (sizes["max_len"], d)}
    shapes |= {"segment_embedding.weight": (sizes.get("n_segments", 2), d)} | shapes_of_norm("embedding_norm", d)
    for i in range(sizes["n_layers"]):
        shapes |= part_of(f"blocks.{i}", shapes_of_block(d, d_ff))
    shapes |= shapes_of_linear("pooler", d, d) | shapes_of_linear("mlm_transform", d, d) | shapes_of_norm("mlm_norm", d)
    return shapes | {"mlm_bias": (vocab,)} | shapes_of_linear("nsp_head", 2, d)


def drawn_weights(draw, sizes):
    """A state dict of random values."""
    return drawn(draw, shapes_of(sizes))


def hidden_of(weights, sizes, ids, segments=None, lengths=None, factors=None):
    """What the encoder computes, by hand. `factors` are those of dropout: the embeddings' and two of each block."""
    factors, seq = factors or [1.0] * (1 + 2 * sizes["n_layers"]), ids.shape[1]
    x = weights[TABLE][ids] + weights["position_embedding.weight"][:seq]
    x = x + weights["segment_embedding.weight"][torch.zeros_like(ids) if segments is None else segments]
    x = factors[0] * norm_by_hand(weights, "embedding_norm", x)
    mask = None if lengths is None else torch.arange(seq) < lengths[:, None, None]
    for i in range(sizes["n_layers"]):
        own, pair = state_of(f"blocks.{i}", weights), factors[1 + 2 * i : 3 + 2 * i]
        x = post_norm_by_hand(own, x, sizes["n_heads"], mask, factors=pair)
    return x


def linear_of(weights, name, x):
    """A linear layer with a bias."""
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def mlm_of(weights, hidden):
    """The MLM logits by hand."""
    x = norm_by_hand(weights, "mlm_norm", F.gelu(linear_of(weights, "mlm_transform", hidden)))
    return x @ weights[TABLE].T + weights["mlm_bias"]


def nsp_of(weights, hidden):
    """The NSP logits by hand."""
    return linear_of(weights, "nsp_head", torch.tanh(linear_of(weights, "pooler", hidden[:, 0])))


def loss_of(weights, sizes, ids, segments, lengths, mlm_labels, nsp_labels):
    """The sum of the two means, label by label."""
    hidden = hidden_of(weights, sizes, ids, segments, lengths)
    mlm, nsp = mlm_of(weights, hidden).log_softmax(-1), nsp_of(weights, hidden).log_softmax(-1)
    places = [(int(i), int(j)) for i, j in (mlm_labels != -100).nonzero()]
    of_tokens = sum(-mlm[i, j, int(mlm_labels[i, j])] for i, j in places) / len(places)
    return of_tokens + sum(-nsp[i, int(label)] for i, label in enumerate(nsp_labels)) / len(nsp_labels)


loaded = functools.partial(model_with, "BERT")


def many_tokens(draw, n=20_000, vocab=12):
    """A long row of ids in which about one in six is special."""
    ids = draw.ids(vocab - 4, n) + 4
    return torch.where(draw.ids(6, n) == 0, draw.ids(4, n), ids)


# -- masking ----------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_labels_are_the_original_ids_of_the_chosen(student, draw, expect):
    """A label is the original id or -100, and where it is -100 the input is unchanged."""
    ids = many_tokens(draw)
    inputs, labels = student.mask_tokens(ids, MASK, 12, SPECIAL, 0.3, draw.generator())
    expect.shape(inputs, tuple(ids.shape))
    expect.dtype(inputs, torch.int64)
    expect.shape(labels, tuple(ids.shape))
    expect.dtype(labels, torch.int64)
    chosen = labels != -100
    expect.equal(labels[chosen], ids[chosen], "A label other than -100 is not the original id.")
    expect.equal(inputs[~chosen], ids[~chosen], "At a position with the label -100 the input is not the original id.")


@pytest.mark.points(2)
def test_special_tokens_are_never_chosen(student, draw, expect):
    """Special tokens have the label -100."""
    ids = many_tokens(draw)
    _, labels = student.mask_tokens(ids, MASK, 12, SPECIAL, 0.9, draw.generator())
    special = torch.isin(ids, torch.tensor(SPECIAL))
    expect.true((labels[special] == -100).all(), "A special token has a label other than -100.", actual=labels[special])


@pytest.mark.points(2)
def test_the_share_of_chosen_tokens(student, draw, expect):
    """About `probability` of the ordinary tokens are chosen, none at 0 and all at 1."""
    ids = draw.ids(8, 20_000) + 4
    for probability in (0.15, 0.5):
        _, labels = student.mask_tokens(ids, MASK, 12, SPECIAL, probability, draw.generator())
        share = (labels != -100).double().mean()
        expect.between(
            share, probability - 0.02, probability + 0.02, f"At {probability} the share of labels that are not -100 is"
        )
    for probability in (0.0, 1.0):
        _, labels = student.mask_tokens(ids, MASK, 12, SPECIAL, probability, draw.generator())
        share = (labels != -100).double().mean()
        message = f"At a probability of {probability} the share of labels that are not -100 is {share.item()}."
        expect.equal(share.item(), probability, message)


@pytest.mark.points(2)
def test_every_token_is_chosen_on_its_own(student, draw, expect):
    """In many rows of 20 tokens each place is chosen in half of them, and the number in a row varies by chance."""
    ids = draw.ids(8, 4000, 20) + 4
    _, labels = student.mask_tokens(ids, MASK, 12, SPECIAL, 0.5, draw.generator())
    expect.shape(labels, (4000, 20))
    chosen = (labels != -100).double()
    for place, share in enumerate(chosen.mean(0).tolist()):
        expect.between(share, 0.46, 0.54, f"Of 4000 rows, at one half, the share in which place {place} has a label:")
    spread = chosen.sum(1).var()
    expect.between(
        spread, 4.4, 5.6, "The variance of the number of labels in a row, 5 where tokens are chosen on their own:"
    )


@pytest.mark.points(2)
def test_a_few_tokens_are_chosen_on_their_own(student, draw, expect):
    """Of 100 calls with four tokens, at 0.3, none is chosen in about 24, and two or more are in about 35."""
    generator, counts = draw.generator(), []
    for _ in range(100):
        _, labels = student.mask_tokens(torch.tensor([5, 8, 4, 9]), MASK, 12, SPECIAL, 0.3, generator)
        counts.append(int((labels != -100).sum()))
    none, many = counts.count(0), sum(count >= 2 for count in counts)  # the deviations are 4.3 and 4.8
    expect.between(none, 1, 50, "Of 100 calls with four tokens, at 0.3, the number in which none has a label:")
    expect.between(many, 8, 62, "Of 100 calls with four tokens, at 0.3, the number in which two or more have a label:")


def test_every_chosen_token_has_a_fate_of_its_own(student, draw, expect):
    """What becomes of a chosen token, and which random token comes, is drawn for each one, not once for all rows."""
    ids = torch.full((60, 1000), 4)
    inputs, _ = student.mask_tokens(ids, MASK, 300, SPECIAL, 1.0, draw.generator())
    expect.shape(inputs, (60, 1000))
    alike = (inputs[1:] == inputs[:1]).double().mean()
    expect.between(alike, 0.6, 0.7, "Of the inputs, where 80 % are the mask, the share that equals the first row's is")
    drawn = (inputs != MASK) & (inputs != 4)
    both = (drawn[1:] & drawn[:1]).double().sum()
    same = ((inputs[1:] == inputs[:1]) & drawn[1:] & drawn[:1]).double().sum()
    expect.less(
        same,
        0.2 * both + 1,
        f"Of {int(both)} random tokens below a random token of the first row, the number that equal it is",
    )


@pytest.mark.points(2)
@pytest.mark.parametrize(("probability", "margin"), [(0.15, 0.025), (1.0, 0.005)], ids=str)
def test_of_the_chosen_80_10_10(student, draw, expect, probability, margin):
    """Of the chosen tokens 80 % become the mask, 10 % another id and 10 % stay."""
    ids = draw.ids(1996, 60_000 if probability < 1 else 160_000) + 4
    inputs, labels = student.mask_tokens(ids, MASK, 2000, SPECIAL, probability, draw.generator())
    chosen = labels != -100
    masked, kept = inputs[chosen] == MASK, inputs[chosen] == ids[chosen]
    for name, came, wanted in (
        ("became the mask", masked, 0.8),
        ("stayed", kept, 0.1),
        ("became another token", ~masked & ~kept, 0.1),
    ):
        share = came.double().mean()
        expect.between(share, wanted - margin, wanted + margin, f"Of the tokens with a label, the share that {name} is")


@pytest.mark.points(2)
def test_random_tokens_are_drawn_from_all_ordinary_ids(student, draw, expect):
    """The random replacement is never special, and every other id occurs about equally often."""
    ids = torch.full((40_000,), 7)
    inputs, _ = student.mask_tokens(ids, MASK, 12, [PAD, 10, SEP, MASK], 1.0, draw.generator())
    replaced = inputs[(inputs != MASK) & (inputs != 7)]
    found = sorted(set(replaced.tolist()))
    expect.equal(
        found,
        [1, 4, 5, 6, 8, 9, 11],
        "The ids that came as random tokens, beside 7 itself, are not the other ordinary ids.",
    )
    for i in found:
        share = (replaced == i).double().mean()
        expect.between(share, 0.11, 0.176, f"Of the random tokens, seven ids beside 7 itself, the share of {i} is")


def test_the_random_token_may_be_the_original(student, draw, expect):
    """With two ordinary ids, 15 % keep their id: 10 % because they stay, 5 % because the random token is the same."""
    ids = torch.full((40_000,), 4)
    inputs, _ = student.mask_tokens(ids, MASK, 6, SPECIAL, 1.0, draw.generator())
    expect.between((inputs == 4).double().mean(), 0.14, 0.16, "The share of tokens that have their own id again is")


def test_the_mask_is_special_in_any_case(student, draw, expect):
    """`mask_id` is neither chosen nor a random token, also where `special_ids` does not list it."""
    ids = many_tokens(draw)
    _, labels = student.mask_tokens(ids, MASK, 12, [PAD], 1.0, draw.generator())
    expect.true(
        (labels[ids == MASK] == -100).all(), "A position that held the mask already has a label other than -100."
    )
    inputs, _ = student.mask_tokens(torch.full((40_000,), 4), MASK, 5, [PAD], 1.0, draw.generator())
    masked = (inputs == MASK).double().mean()
    expect.between(masked, 0.79, 0.81, "The share of chosen tokens that became the mask is")


@pytest.mark.points(2)
def test_masking_follows_the_generator(student, draw, expect):
    """The same generator state gives the same result, another one another; any shape will do."""
    ids, generator = draw.ids(8, 3, 5, 80) + 4, draw.generator()
    again = torch.Generator().manual_seed(generator.initial_seed())
    first, second = (student.mask_tokens(ids, MASK, 12, SPECIAL, 0.5, g) for g in (generator, again))
    for name, one, two in zip(("inputs", "labels"), first, second, strict=True):
        expect.shape(one, (3, 5, 80))
        why = f"The same generator state gave other {name}."
        expect.equal(two, one, why)
    third = student.mask_tokens(ids, MASK, 12, SPECIAL, 0.5, generator)
    expect.true(not torch.equal(third[1], first[1]), "A second call with the same generator gave the same labels.")


def test_special_ids_may_be_an_iterator(student, draw, expect):
    """`special_ids` that can be gone through only once, with an id again and again, count as fully as a list."""
    ids = many_tokens(draw)
    inputs, labels = student.mask_tokens(ids, MASK, 12, iter([PAD, CLS, SEP] * 4), 1.0, draw.generator())
    special = torch.isin(ids, torch.tensor(SPECIAL))
    expect.true((labels[special] == -100).all(), "A special token has a label other than -100.", actual=labels[special])
    came = sorted(set(inputs[~special].tolist()))
    expect.equal(
        came, list(range(3, 12)), "The inputs in place of ordinary tokens are not the mask and the ordinary ids."
    )


@pytest.mark.parametrize("probability", [-0.1, 1.5])
def test_a_probability_outside_0_and_1_is_refused(student, draw, expect, probability):
    """A probability below 0 or above 1 raises a ValueError that names it."""
    ids, generator = torch.tensor([0, 5]), draw.generator()
    refused = functools.partial(expect.raises, ValueError, student.mask_tokens, mentions=probability)
    refused(ids, MASK, 12, SPECIAL, probability, generator)


def test_a_vocabulary_of_special_ids_is_refused(student, draw, expect):
    """Where no id is left for the random token, a ValueError gives `vocab_size` or how many are special."""
    ids = torch.tensor([0, 1])
    expect.raises(ValueError, student.mask_tokens, ids, MASK, 4, [0, 1, 2], 0.15, draw.generator(), mentions=4)


# -- pairs of sentences -----------------------------------------------------------------------------------


def documents_of(sentences_in_each):
    """Documents whose sentences hold the number of their document and of their place."""
    return [[[i, place] for place in range(n)] for i, n in enumerate(sentences_in_each)]


@pytest.mark.points(2)
def test_every_sentence_with_a_next_one_begins_a_pair(student, draw, expect):
    """The first sentences are all sentences but the last of each document, in order."""
    pairs = student.next_sentence_pairs(documents_of([3, 1, 4]), draw.generator())
    expect.equal([list(pair[0]) for pair in pairs], [[0, 0], [0, 1], [2, 0], [2, 1], [2, 2]])


@pytest.mark.points(2)
def test_labels_tell_where_the_second_sentence_is_from(student, draw, expect):
    """Label 0 goes with the next sentence, label 1 with a sentence of another document."""
    pairs = student.next_sentence_pairs(documents_of([30, 20, 1, 25]), draw.generator())
    for first, second, label in pairs:
        where = "another document than" if second[0] != first[0] else "the same document as"
        message = f"In the pair {first}, {second} the second is of {where} the first; its label is {int(label)}."
        expect.equal(int(label), int(second[0] != first[0]), message)
        if second[0] == first[0]:
            message = (
                f"In the pair {first}, {second} both are of one document, but the second is not the next sentence."
            )
            expect.equal(list(second), [first[0], first[1] + 1], message)


@pytest.mark.points(2)
def test_half_of_the_pairs_are_true(student, draw, expect):
    """About half of the pairs have the label 0, and one pair's label says nothing of the next one's."""
    pairs = student.next_sentence_pairs(documents_of([1000, 1000, 1000]), draw.generator())
    expect.equal(len(pairs), 2997)
    labels = torch.tensor([int(label) for _, _, label in pairs])
    expect.between(labels.double().mean(), 0.45, 0.55, "The share of pairs with the label 1 is")
    changes = (labels[1:] != labels[:-1]).double().mean()
    expect.between(changes, 0.45, 0.55, "The share of pairs whose label is not that of the pair before is")


@pytest.mark.points(2)
def test_any_sentence_of_any_other_document_may_come(student, draw, expect):
    """False seconds come from all other documents alike, however long they are, and from all their places alike."""
    pairs = student.next_sentence_pairs(documents_of([4000, 2, 8]), draw.generator())
    seconds = [tuple(second) for first, second, label in pairs if label == 1 and first[0] == 0]
    found = sorted(set(seconds))
    wanted = [(1, 0), (1, 1), *((2, place) for place in range(8))]
    expect.equal(
        found,
        wanted,
        "Document 0's second sentences with label 1 are not all those of the other two documents, and no more.",
    )
    share = sum(second[0] == 1 for second in seconds) / len(seconds)
    expect.between(share, 0.44, 0.56, "Of document 0's second sentences with label 1, the share from document 1 is")
    for place in range(8):
        share = seconds.count((2, place)) / len(seconds)
        expect.between(share, 0.0355, 0.0895, f"Of these, the share of place {place} of document 2 is")


def test_equal_documents_are_two(student, draw, expect):
    """Two documents that read the same are two: the sentence of a false pair may come from the other one."""
    pairs = student.next_sentence_pairs([[[5], [6]] * 20, [[5], [6]] * 20], draw.generator())
    expect.equal(len(pairs), 78)
    labels = {int(label) for _, _, label in pairs}
    expect.equal(labels, {0, 1}, "The labels that came are not 0 and 1.")


def test_empty_documents_give_nothing(student, draw, expect):
    """A document without sentences gives no pair and no second sentence."""
    documents = [[], *documents_of([0, 30, 1])[1:], []]
    pairs = student.next_sentence_pairs(documents, draw.generator())
    expect.equal(len(pairs), 29)
    seconds = {tuple(second) for _, second, label in pairs if label == 1}
    expect.equal(seconds, {(2, 0)}, "The second sentences with label 1 are not the one that the other documents hold.")


@pytest.mark.parametrize("documents", [[[[1], [2]], []], [], [[], [], []]], ids=["one", "none", "empty"])
def test_too_few_documents_are_refused(student, draw, expect, documents):
    """Fewer than two documents with sentences raise a ValueError that names their number."""
    number = sum(bool(document) for document in documents)
    expect.raises(ValueError, student.next_sentence_pairs, documents, draw.generator(), mentions=number)


@pytest.mark.points(2)
def test_pairs_follow_the_generator(student, draw, expect):
    """The same generator state gives the same pairs, another one others."""
    generator, documents = draw.generator(), documents_of([40, 40, 40])
    again = torch.Generator().manual_seed(generator.initial_seed())
    first, second, third = (
        [(list(one), list(two), int(label)) for one, two, label in student.next_sentence_pairs(documents, g)]
        for g in (generator, again, generator)
    )
    expect.equal(second, first, "The same generator state gave other pairs.")
    expect.true(third != first, "A second call with the same generator gave the same pairs.")


# -- the model --------------------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_three_embeddings_are_added_and_normalized(student, draw, expect):
    """With no blocks the result is the normalized sum of token, position and segment vectors."""
    sizes = SIZES | {"n_layers": 0}
    weights = drawn_weights(draw, sizes)
    ids, segments = draw.ids(11, 2, 5), torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 1, 1]])
    wanted = hidden_of(weights, sizes, ids, segments)
    expect.close(loaded(student, weights, **sizes)(ids, segments), wanted, tolerance=NEAR)


def test_without_segments_all_is_the_first(student, draw, expect):
    """`segments=None` means segment 0 everywhere."""
    weights, ids = drawn_weights(draw, SIZES), draw.ids(11, 2, 5)
    expect.close(loaded(student, weights, **SIZES)(ids), hidden_of(weights, SIZES, ids), tolerance=NEAR)


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(2, 5), (1, 7), (3, 1)], ids=str)
def test_the_hidden_vectors(student, draw, expect, shape):
    """Embeddings and all post-norm blocks, every position seeing every other."""
    weights, ids, segments = drawn_weights(draw, SIZES), draw.ids(11, *shape), draw.ids(2, *shape)
    wanted = hidden_of(weights, SIZES, ids, segments)
    expect.close(loaded(student, weights, **SIZES)(ids, segments), wanted, tolerance=NEAR)


@pytest.mark.points(2)
def test_another_configuration(student, draw, expect):
    """Three layers, four heads, three segments, a narrow feed-forward network: every size is the configuration's."""
    weights, ids, segments = drawn_weights(draw, OTHER), draw.ids(9, 2, 8), draw.ids(3, 2, 8)
    wanted = hidden_of(weights, OTHER, ids, segments)
    expect.close(loaded(student, weights, **OTHER)(ids, segments), wanted, tolerance=NEAR)


@pytest.mark.points(3)
def test_padding_changes_nothing(student, draw, expect):
    """Padding changes no real token's vector: rows of different lengths, of one length, and a row by itself."""
    weights = drawn_weights(draw, SIZES)
    model = loaded(student, weights, **SIZES)
    for lengths in ([4, 6, 1], [3, 3], [2]):
        ids = draw.ids(11, len(lengths), 6)
        hidden = model(ids, None, torch.tensor(lengths))
        expect.shape(hidden, (len(lengths), 6, 12))
        for row, length in enumerate(lengths):
            alone = hidden_of(weights, SIZES, ids[row : row + 1, :length])
            why = f"With lengths {lengths}, row {row}'s real tokens have other vectors than without padding."
            expect.close(hidden[row : row + 1, :length], alone, why, tolerance=NEAR)


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(2, 5), (1, 1)], ids=str)
def test_the_mlm_head(student, draw, expect, shape):
    """Transform, GELU, norm, the token table transposed and the bias give the MLM logits."""
    weights, hidden = drawn_weights(draw, SIZES), draw.normal(*shape, 12)
    expect.close(loaded(student, weights, **SIZES).mlm_logits(hidden), mlm_of(weights, hidden), tolerance=NEAR)


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(3, 5), (1, 1)], ids=str)
def test_the_nsp_head(student, draw, expect, shape):
    """The first token's vector through pooler, tanh and nsp_head gives the NSP logits."""
    weights, hidden = drawn_weights(draw, SIZES), draw.normal(*shape, 12)
    expect.close(loaded(student, weights, **SIZES).nsp_logits(hidden), nsp_of(weights, hidden), tolerance=NEAR)


def batch_of(draw, sizes, lengths, share=0.5):
    """The arguments of a loss: at least two positions have a label, one of them 0, and none of them is padding."""
    batch, seq, vocab = len(lengths), max(lengths), sizes["vocab_size"]
    hidden = draw.mask(batch, seq, probability=share) & (torch.arange(seq) < torch.tensor(lengths)[:, None])
    labels = torch.where(hidden, draw.ids(vocab, batch, seq), -100)
    labels[0, 0], labels[-1, 1] = 0, vocab - 1
    nsp_labels = torch.arange(batch) % 2
    return draw.ids(vocab, batch, seq), draw.ids(2, batch, seq), torch.tensor(lengths), labels, nsp_labels


@pytest.mark.points(3)
def test_the_loss_is_the_sum_of_two_means(student, draw, expect):
    """The mean over masked positions plus the mean over pairs; labels of -100 do not count."""
    weights, arguments = drawn_weights(draw, SIZES), batch_of(draw, SIZES, [6, 4, 5])
    came = loaded(student, weights, **SIZES).pretraining_loss(*arguments)
    expect.close(came, loss_of(weights, SIZES, *arguments), tolerance=NEAR)


def test_the_loss_takes_one_forward_pass(student, draw, expect):
    """A loss costs no more than one forward pass and both heads, which read the same hidden vectors."""
    model, arguments = loaded(student, drawn_weights(draw, SIZES), **SIZES), batch_of(draw, SIZES, [6, 4, 5])
    with student.counting() as apart:
        hidden = model(*arguments[:3])
        model.mlm_logits(hidden)
        model.nsp_logits(hidden)
    with student.counting() as together:
        model.pretraining_loss(*arguments)
    message = "Operations for a loss, as a multiple of those of one forward pass and both heads:"
    expect.between(together.flops / apart.flops, 0.0, 1.1, message)


@pytest.mark.parametrize("missing", ["segments", "lengths", "both"])
def test_the_loss_without_segments_or_lengths(student, draw, expect, missing):
    """`segments` and `lengths` may be None: all is segment 0, all is real."""
    weights = drawn_weights(draw, SIZES)
    ids, segments, lengths, *labels = batch_of(draw, SIZES, [6, 3])
    segments = segments if missing == "lengths" else None
    lengths = lengths if missing == "segments" else None
    came = loaded(student, weights, **SIZES).pretraining_loss(ids, segments, lengths, *labels)
    expect.close(came, loss_of(weights, SIZES, ids, segments, lengths, *labels), tolerance=NEAR)


def test_a_loss_without_labels_is_nan(student, draw, expect):
    """Where no position has a label the loss is NaN: the mean of nothing."""
    ids, segments, lengths, labels, nsp_labels = batch_of(draw, SIZES, [5, 3])
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    came = model.pretraining_loss(ids, segments, lengths, torch.full_like(labels, -100), nsp_labels)
    expect.shape(came, ())
    expect.true(bool(came.isnan()), "The loss of a batch without any label is not NaN.", actual=came)


def _check_gradients(expect, student, draw, sizes, lengths):
    arguments = batch_of(draw, sizes, lengths)
    weights = {name: value.requires_grad_() for name, value in drawn_weights(draw, sizes).items()}
    model = loaded(student, {name: value.detach() for name, value in weights.items()}, **sizes)
    loss_of(weights, sizes, *arguments).backward()
    model.pretraining_loss(*arguments).backward()
    check_own_gradients(expect, model, {name: value.grad for name, value in weights.items()}, tolerance=NEAR / 10)


@pytest.mark.points(3)
def test_every_parameter_gets_its_gradient(student, draw, expect):
    """The loss gives every parameter its gradient; the token table gets its own from both ends."""
    _check_gradients(expect, student, draw, SIZES, [5, 3])


@pytest.mark.hidden
@pytest.mark.points(2)
def test_loss_and_gradients_at_another_size(student, draw, expect):
    """Three layers, four heads and three rows: the loss and its gradients."""
    weights, arguments = drawn_weights(draw, OTHER), batch_of(draw, OTHER, [8, 3, 6])
    came = loaded(student, weights, **OTHER).pretraining_loss(*arguments)
    expect.close(came, loss_of(weights, OTHER, *arguments), tolerance=NEAR)
    _check_gradients(expect, student, draw, OTHER, [8, 3, 6])


# -- parts, start values, calls ---------------------------------------------------------------------------


def test_the_state_dict_has_every_name(student, expect):
    """The parameters have the names of the docstring; the MLM decoder has no weight of its own."""
    check_names(expect, student.BERT(student.BERTConfig(**SIZES)), shapes_of(SIZES))


def test_the_config_is_kept(student, expect):
    """`model.config` is the configuration, with all that it says."""
    sizes = OTHER | {"dropout": 0.25}
    config = student.BERT(student.BERTConfig(**sizes)).config
    expect.equal({name: getattr(config, name) for name in sizes}, sizes)


@pytest.mark.points(2)
def test_start_values_are_small(student, expect):
    """Matrices and tables start as N(0, 0.02), biases at zero, the norms' weights at one."""
    sizes = {"vocab_size": 90, "max_len": 40, "d_model": 32, "n_layers": 2, "n_heads": 4, "d_ff": 64}
    parameters = student.BERT(student.BERTConfig(**sizes)).named_parameters()
    check_start_values_apart(expect, parameters)
    for name, value in parameters.items():
        if value.ndim == 2:
            width = 0.003 if value.numel() > 500 else 0.0125
            expect.between(value.std(), 0.02 - width, 0.02 + width, f"The deviation of `{name}` is not near 0.02.")
        elif name.endswith("bias"):
            expect.equal(value, torch.zeros_like(value), f"`{name}` does not start at zero.")
        else:
            expect.equal(value, torch.ones_like(value), f"`{name}` does not start at one.")


def test_every_call_stands_by_itself(student, draw, expect):
    """With and without segments and lengths, other tokens, other weights, both modes: nothing is remembered."""
    weights = drawn_weights(draw, SIZES)
    model, lengths_of_second = loaded(student, weights, **SIZES), draw.shuffled([2, 3, 4, 5])
    for step, with_segments, with_lengths in ((0, 1, 1), (1, 0, 0), (2, 1, 0), (3, 0, 1), (4, 0, 0)):
        if step == 3:
            weights = drawn_weights(draw, SIZES)
            load(model, weights)
        model.train(step % 2 == 0)
        ids, segments, lengths = draw.ids(11, 2, 6), draw.ids(2, 2, 6), torch.tensor([6, lengths_of_second[step % 4]])
        arguments = (ids, segments if with_segments else None, lengths if with_lengths else None)
        wanted, came = hidden_of(weights, SIZES, *arguments), model(*arguments)
        seen = torch.arange(6) < (lengths if with_lengths else torch.tensor([6, 6]))[:, None]
        expect.shape(came, (2, 6, 12))
        expect.close(came[seen], wanted[seen], tolerance=NEAR)
        why = "The MLM logits of the right hidden vectors are wrong."
        expect.close(model.mlm_logits(wanted), mlm_of(weights, wanted), why, tolerance=NEAR)
        expect.equal(
            model.training, step % 2 == 0, "After a call the model is in another mode, train or eval, than before."
        )


# -- dropout ----------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_dropout_in_the_model(student, draw, expect):
    """In training the normalized embeddings and both sub-layers' outputs lose numbers, and nothing else does."""
    weights = without_mixing(drawn_weights(draw, SMALL))
    model, ids = loaded(student, weights, **SMALL, dropout=DROPOUT), draw.ids(9, 8, 8)
    check_model_dropout(
        expect, model, ids, lambda factors: hidden_of(weights, SMALL, ids, factors=factors), "the normalized embeddings"
    )


def test_every_block_has_the_dropout_of_the_config(student, draw, expect):
    """In training each block drops numbers of its sub-layers' outputs, as the configuration says."""
    sizes, p = SMALL | {"n_layers": 3}, 0.25
    weights = drawn_weights(draw, sizes)
    weights = {name: torch.zeros_like(item) if "out_proj" in name else item for name, item in weights.items()}
    blocks, ways = loaded(student, weights, **sizes, dropout=p).blocks, ways_to_drop(1, 4, p)
    for i in range(3):
        x, own = draw.normal(5, 20, 4), state_of(f"blocks.{i}", weights)
        first = norm_by_hand(own, "norm1", x)
        possible = norm_by_hand(own, "norm2", first + ways[:, 0] * feed_forward_by_hand(own, first, F.gelu))
        check_dropout(expect, blocks[i](x), possible, ways, p, [f"the output of block {i}'s feed-forward network"])


def test_the_heads_drop_nothing(student, draw, expect):
    """In training, too, both heads compute what their formulas say."""
    weights, hidden = drawn_weights(draw, SIZES), draw.normal(4, 5, 12)
    model = loaded(student, weights, **SIZES, dropout=0.5)
    expect.close(model.mlm_logits(hidden), mlm_of(weights, hidden), tolerance=NEAR)
    expect.close(model.nsp_logits(hidden), nsp_of(weights, hidden), tolerance=NEAR)


def test_in_eval_mode_nothing_is_dropped(student, draw, expect):
    """In eval mode a model with dropout computes what one without it computes; in train mode two calls differ."""
    weights, ids = drawn_weights(draw, SIZES), draw.ids(11, 2, 5)
    model = loaded(student, weights, **SIZES, dropout=0.5)
    for _ in range(2):
        model.train()
        message = "With dropout 0.5, two calls in train mode give the same vectors."
        expect.true(not torch.equal(model(ids), model(ids)), message)
        model.eval()
        expect.close(model(ids), hidden_of(weights, SIZES, ids), tolerance=NEAR)


# -- edges ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [8, 12])
def test_too_many_tokens_are_refused(student, expect, draw, length):
    """`max_len` tokens are allowed; more raise a ValueError that gives their number or `max_len`."""
    model = student.BERT(student.BERTConfig(**SIZES))
    expect.shape(model(draw.ids(11, 1, 7)), (1, 7, 12))
    expect.raises(ValueError, model, draw.ids(11, 1, length), mentions=(length, 7))


def test_ids_that_are_not_contiguous(student, draw, expect):
    """A transposed view of other ids gives the same as its copy."""
    weights, ids = drawn_weights(draw, SIZES), draw.ids(11, 5, 2).T
    expect.close(loaded(student, weights, **SIZES)(ids), hidden_of(weights, SIZES, ids), tolerance=NEAR)


def test_it_keeps_its_dtype_and_runs_on_meta(student, draw, expect):
    """Float32 weights give float32 vectors, float64 ones float64, and the model runs on the `meta` device."""
    check_meta(expect, student.BERT(student.BERTConfig(**SIZES)), [draw.ids(11, 2, 5)], (2, 5, 12))


@pytest.mark.parametrize("head", ["mlm_logits", "nsp_logits"])
def test_the_heads_keep_their_dtype_and_run_on_meta(student, draw, expect, head):
    """Float32 vectors give float32 logits, float64 ones float64, and the heads run on the `meta` device."""
    model, hidden = student.BERT(student.BERTConfig(**SIZES)), draw.normal(2, 5, 12)
    expect.dtype(getattr(model, head)(hidden.float()), torch.float32)
    model.double()
    expect.dtype(getattr(model, head)(hidden), torch.float64)
    model.to("meta")
    shape = (2, 5, 11) if head == "mlm_logits" else (2, 2)
    expect.shape(getattr(model, head)(hidden.to("meta")), shape)
