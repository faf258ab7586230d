"""BERT: masking, sentence pairs, the encoder, its two heads and the loss."""

import functools

import pytest
import torch
import torch.nn.functional as F
from model_checks import (
    check_gradients,
    check_meta,
    check_names,
    drawn,
    model_with,
    part_of,
    shapes_of_block,
    shapes_of_linear,
    shapes_of_norm,
)

SIZES = {"vocab_size": 11, "max_len": 7, "d_model": 12, "n_layers": 2, "n_heads": 3, "d_ff": 20}
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


loaded = functools.partial(model_with, "BERT")


def many_tokens(draw, n=20_000, vocab=12):
    """A long row of ids in which about one in six is special."""
    ids = draw.ids(vocab - 4, n) + 4
    return torch.where(draw.ids(6, n) == 0, draw.ids(4, n), ids)


# -- masking ----------------------------------------------------------------------------------------------


def test_labels_are_the_original_ids_of_the_chosen(student, draw, expect):
    """A label is the original id or -100, and where it is -100 the input is unchanged."""
    ids = many_tokens(draw)
    inputs, labels = student.mask_tokens(ids, MASK, 12, SPECIAL, 0.3, draw.generator())
    expect.shape(inputs, tuple(ids.shape))
    expect.dtype(inputs, torch.int64)
    expect.shape(labels, tuple(ids.shape))
    expect.dtype(labels, torch.int64)
    chosen = labels != -100
    expect.equal(labels[chosen], ids[chosen], "A chosen position's label is not its original id.")
    expect.equal(inputs[~chosen], ids[~chosen], "A position with the label -100 was changed.")


def test_special_tokens_are_never_chosen(student, draw, expect):
    """Special tokens keep their ids and have the label -100."""
    ids = many_tokens(draw)
    _, labels = student.mask_tokens(ids, MASK, 12, SPECIAL, 0.9, draw.generator())
    special = torch.isin(ids, torch.tensor(SPECIAL))
    expect.true((labels[special] == -100).all(), "A special token was chosen.", actual=labels[special])


def test_the_share_of_chosen_tokens(student, draw, expect):
    """About `probability` of the ordinary tokens are chosen, none at 0 and all at 1."""
    ids = draw.ids(8, 20_000) + 4
    for probability in (0.15, 0.5):
        _, labels = student.mask_tokens(ids, MASK, 12, SPECIAL, probability, draw.generator())
        share = (labels != -100).double().mean()
        expect.between(share, probability - 0.02, probability + 0.02, f"At {probability} the share of chosen tokens is")
    for probability in (0.0, 1.0):
        _, labels = student.mask_tokens(ids, MASK, 12, SPECIAL, probability, draw.generator())
        share = (labels != -100).double().mean()
        expect.equal(share.item(), probability, f"At a probability of {probability} the share of chosen tokens is")


@pytest.mark.parametrize("probability", [0.15, 1.0])
def test_of_the_chosen_80_10_10(student, draw, expect, probability):
    """Of the chosen tokens 80 % become the mask, 10 % another id and 10 % stay."""
    ids = draw.ids(396, 40_000) + 4
    inputs, labels = student.mask_tokens(ids, MASK, 400, SPECIAL, probability, draw.generator())
    chosen = labels != -100
    masked = (inputs[chosen] == MASK).double().mean()
    expect.between(masked, 0.775, 0.825, "The share of chosen tokens that became the mask is")
    kept = (inputs[chosen] == ids[chosen]).double().mean()
    expect.between(kept, 0.08, 0.12, "The share of chosen tokens that stayed is")


def test_random_tokens_are_drawn_from_all_ordinary_ids(student, draw, expect):
    """The random replacement is never special, and every other id occurs about equally often."""
    ids = torch.full((20_000,), 7)
    inputs, _ = student.mask_tokens(ids, MASK, 12, [PAD, 10, SEP, MASK], 1.0, draw.generator())
    replaced = inputs[(inputs != MASK) & (inputs != 7)]
    found = sorted(set(replaced.tolist()))
    expect.equal(found, [1, 4, 5, 6, 8, 9, 11], "The ids that came as random tokens beside 7 itself.")
    counts = [(replaced == i).double().mean().item() for i in found]
    expect.between(min(counts), 0.1, 0.15, "The rarest of seven random ids has the share")


@pytest.mark.hidden
def test_the_mask_is_special_in_any_case(student, draw, expect):
    """`mask_id` is neither chosen nor a random token, also where `special_ids` does not list it."""
    ids = many_tokens(draw)
    _, labels = student.mask_tokens(ids, MASK, 12, [PAD], 1.0, draw.generator())
    expect.true((labels[ids == MASK] == -100).all(), "A position that held the mask already was chosen.")
    inputs, _ = student.mask_tokens(torch.full((40_000,), 4), MASK, 5, [PAD], 1.0, draw.generator())
    masked = (inputs == MASK).double().mean()
    expect.between(masked, 0.785, 0.815, "The share of chosen tokens that became the mask is")


@pytest.mark.hidden
def test_masking_follows_the_generator(student, draw, expect):
    """The same generator state gives the same result, another one another; any shape will do."""
    ids, generator = draw.ids(8, 3, 5, 40) + 4, draw.generator()
    again = torch.Generator().manual_seed(generator.initial_seed())
    first, second = (student.mask_tokens(ids, MASK, 12, SPECIAL, 0.5, g)[1] for g in (generator, again))
    expect.shape(first, (3, 5, 40))
    expect.equal(second, first, "The same generator state gave another result: some randomness comes from elsewhere.")
    third = student.mask_tokens(ids, MASK, 12, SPECIAL, 0.5, generator)[1]
    expect.true(not torch.equal(third, first), "A second call with the generator chose the same positions.")


@pytest.mark.hidden
def test_impossible_masking_is_refused(student, draw, expect):
    """A probability outside [0, 1] and a vocabulary of special ids alone raise a ValueError."""
    ids = torch.tensor([0, 1])
    for probability in (-0.1, 1.5):
        expect.raises(
            ValueError, student.mask_tokens, ids, MASK, 12, SPECIAL, probability, draw.generator(), mentions=probability
        )
    expect.raises(ValueError, student.mask_tokens, ids, MASK, 4, SPECIAL, 0.15, draw.generator(), mentions=4)


# -- pairs of sentences -----------------------------------------------------------------------------------


def documents_of(sentences_in_each):
    """Documents whose sentences hold the number of their document and of their place."""
    return [[[i, place] for place in range(n)] for i, n in enumerate(sentences_in_each)]


def test_every_sentence_with_a_next_one_begins_a_pair(student, draw, expect):
    """The first sentences are all sentences but the last of each document, in order."""
    pairs = student.next_sentence_pairs(documents_of([3, 1, 4]), draw.generator())
    expect.equal([list(pair[0]) for pair in pairs], [[0, 0], [0, 1], [2, 0], [2, 1], [2, 2]])


def test_labels_tell_where_the_second_sentence_is_from(student, draw, expect):
    """Label 0 goes with the next sentence, label 1 with a sentence of another document."""
    pairs = student.next_sentence_pairs(documents_of([30, 20, 1, 25]), draw.generator())
    for first, second, label in pairs:
        if second[0] == first[0]:
            expect.equal(list(second), [first[0], first[1] + 1], f"The sentence after {first}, of the same document.")
        expect.equal(int(label), int(second[0] != first[0]), f"The label of the pair {first}, {second}.")


def test_half_of_the_pairs_are_true(student, draw, expect):
    """About half of the pairs have the label 0."""
    pairs = student.next_sentence_pairs(documents_of([400, 400, 400]), draw.generator())
    expect.equal(len(pairs), 1197)
    share = sum(int(label) for _, _, label in pairs) / len(pairs)
    expect.between(share, 0.43, 0.57, "The share of pairs with the label 1 is")


@pytest.mark.hidden
def test_any_sentence_of_any_other_document_may_come(student, draw, expect):
    """False seconds come from all other documents alike and from all their places."""
    pairs = student.next_sentence_pairs(documents_of([900, 2, 4]), draw.generator())
    seconds = [tuple(second) for first, second, label in pairs if label == 1 and first[0] == 0]
    found = sorted(set(seconds))
    expect.equal(found, [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 3)], "The false seconds of document 0.")
    share = sum(second[0] == 1 for second in seconds) / len(seconds)
    expect.between(share, 0.38, 0.62, "Of two other documents the first one's share is")


@pytest.mark.hidden
def test_empty_documents_give_nothing(student, draw, expect):
    """A document without sentences gives no pair and no second sentence; two others are needed."""
    pairs = student.next_sentence_pairs([[], [[5], [6]], [[7]]], draw.generator())
    expect.equal(len(pairs), 1)
    expect.raises(ValueError, student.next_sentence_pairs, [[[1], [2]], []], draw.generator(), mentions=1)


@pytest.mark.hidden
def test_pairs_follow_the_generator(student, draw, expect):
    """The same generator state gives the same pairs, another one others."""
    generator, documents = draw.generator(), documents_of([40, 40])
    again = torch.Generator().manual_seed(generator.initial_seed())
    first, second = (student.next_sentence_pairs(documents, g) for g in (generator, again))
    expect.equal(
        [pair[2] for pair in second], [pair[2] for pair in first], "The same generator state gave other pairs."
    )
    third = student.next_sentence_pairs(documents, generator)
    expect.true([pair[2] for pair in third] != [pair[2] for pair in first], "A second call gave the same pairs.")


# -- the model --------------------------------------------------------------------------------------------


def test_three_embeddings_are_added_and_normalized(student, draw, expect):
    """With no blocks the result is the normalized sum of token, position and segment vectors."""
    sizes = SIZES | {"n_layers": 0}
    weights = drawn_weights(draw, sizes)
    ids, segments = draw.ids(11, 2, 5), torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 1, 1]])
    x = weights[TABLE][ids] + weights["position_embedding.weight"][:5] + weights["segment_embedding.weight"][segments]
    wanted = F.layer_norm(x, (12,), weights["embedding_norm.weight"], weights["embedding_norm.bias"])
    expect.close(loaded(student, weights, **sizes)(ids, segments), wanted)


def test_without_segments_all_is_the_first(student, draw, expect):
    """`segments=None` means segment 0 everywhere."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    ids = draw.ids(11, 2, 5)
    expect.close(model(ids), model(ids, torch.zeros_like(ids)))


@pytest.mark.parametrize("shape", [(2, 5), (1, 7), (3, 1)], ids=str)
def test_the_hidden_vectors(student, reference, draw, expect, shape):
    """Embeddings and all post-norm blocks, every position seeing every other."""
    weights, ids, segments = drawn_weights(draw, SIZES), draw.ids(11, *shape), draw.ids(2, *shape)
    models = [loaded(side, weights, **SIZES) for side in (student, reference)]
    expect.close(models[0](ids, segments), models[1](ids, segments))


def test_padding_changes_nothing(student, draw, expect):
    """A real token's vector is the same whatever stands in the padding and however much of it there is."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES)
    ids, lengths = draw.ids(11, 3, 6), torch.tensor([4, 6, 1])
    hidden = model(ids, None, lengths)
    expect.shape(hidden, (3, 6, 12))
    for row, length in enumerate(lengths.tolist()):
        alone = model(ids[row : row + 1, :length])
        expect.close(hidden[row : row + 1, :length], alone, "A real token's vector depends on the padding after it.")


def test_the_mlm_head(student, draw, expect):
    """Transform, GELU, norm, the token table transposed and the bias give the MLM logits."""
    weights, hidden = drawn_weights(draw, SIZES), draw.normal(2, 5, 12)
    x = F.gelu(hidden @ weights["mlm_transform.weight"].T + weights["mlm_transform.bias"])
    x = F.layer_norm(x, (12,), weights["mlm_norm.weight"], weights["mlm_norm.bias"])
    wanted = x @ weights[TABLE].T + weights["mlm_bias"]
    expect.close(loaded(student, weights, **SIZES).mlm_logits(hidden), wanted)


def test_the_nsp_head(student, draw, expect):
    """The first token's vector through pooler, tanh and nsp_head gives the NSP logits."""
    weights, hidden = drawn_weights(draw, SIZES), draw.normal(3, 5, 12)
    pooled = torch.tanh(hidden[:, 0] @ weights["pooler.weight"].T + weights["pooler.bias"])
    wanted = pooled @ weights["nsp_head.weight"].T + weights["nsp_head.bias"]
    expect.close(loaded(student, weights, **SIZES).nsp_logits(hidden), wanted)


def test_the_loss_is_the_sum_of_two_means(student, reference, draw, expect):
    """The mean over masked positions plus the mean over pairs; labels of -100 do not count."""
    weights = drawn_weights(draw, SIZES)
    ids, segments, lengths = draw.ids(11, 3, 6), draw.ids(2, 3, 6), torch.tensor([6, 4, 5])
    mlm_labels = torch.full((3, 6), -100)
    mlm_labels[0, 1], mlm_labels[0, 4], mlm_labels[1, 2], mlm_labels[2, 3] = 7, 0, 10, 4
    nsp_labels = torch.tensor([0, 1, 0])
    model = loaded(reference, weights, **SIZES)
    hidden = model(ids, segments, lengths)
    mlm, nsp = model.mlm_logits(hidden).log_softmax(-1), model.nsp_logits(hidden).log_softmax(-1)
    wanted = -(mlm[0, 1, 7] + mlm[0, 4, 0] + mlm[1, 2, 10] + mlm[2, 3, 4]) / 4
    wanted = wanted - (nsp[0, 0] + nsp[1, 1] + nsp[2, 0]) / 3
    came = loaded(student, weights, **SIZES).pretraining_loss(ids, segments, lengths, mlm_labels, nsp_labels)
    expect.close(came, wanted.detach())


def test_the_state_dict_has_every_name(student, expect):
    """The parameters have the names of the docstring; the MLM decoder has no weight of its own."""
    check_names(expect, student.BERT(student.BERTConfig(**SIZES)), shapes_of(SIZES))


def test_every_parameter_gets_its_gradient(student, reference, draw, expect):
    """The loss gives every parameter its gradient; the token table gets its own from both ends."""
    weights, ids, lengths = drawn_weights(draw, SIZES), draw.ids(11, 2, 5), torch.tensor([5, 3])
    labels, nsp_labels = torch.tensor([[-100, 4, -100, 9, -100], [2, -100, -100, -100, -100]]), torch.tensor([1, 0])
    segments = torch.tensor([[0, 0, 0, 1, 1], [0, 1, 1, 0, 0]])
    models = [loaded(side, weights, **SIZES) for side in (student, reference)]
    arguments = (ids, segments, lengths, labels, nsp_labels)
    check_gradients(expect, models, lambda model: model.pretraining_loss(*arguments).backward())


def test_start_values_are_small(student, expect):
    """Matrices and tables start as N(0, 0.02), biases at zero, the norms' weights at one."""
    sizes = {"vocab_size": 90, "max_len": 40, "d_model": 32, "n_layers": 1, "n_heads": 4, "d_ff": 64}
    for name, value in student.BERT(student.BERTConfig(**sizes)).named_parameters().items():
        if value.ndim == 2:
            width = 0.003 if value.numel() > 500 else 0.012
            expect.between(value.std(), 0.02 - width, 0.02 + width, f"The deviation of `{name}` is not near 0.02.")
        elif name.endswith("bias"):
            expect.equal(value, torch.zeros_like(value), f"`{name}` does not start at zero.")
        else:
            expect.equal(value, torch.ones_like(value), f"`{name}` does not start at one.")


@pytest.mark.hidden
def test_the_table_of_segments_has_n_segments_rows(student, draw, expect):
    """`n_segments` rows, so that a third segment is possible where the configuration says so."""
    sizes = SIZES | {"n_segments": 3}
    model = loaded(student, drawn_weights(draw, sizes), **sizes)
    ids = draw.ids(11, 1, 3)
    different = (model(ids, torch.full_like(ids, 2)) - model(ids)).abs().max()
    expect.true(different > 1e-3, "The third segment gives the same as the first.", actual=different)


@pytest.mark.hidden
def test_dropout_works_on_the_embeddings(student, draw, expect):
    """In training the normalized embeddings go through dropout; in eval mode nothing does."""
    sizes = SIZES | {"n_layers": 0, "dropout": 0.5}
    weights, ids = drawn_weights(draw, sizes), draw.ids(11, 2, 5)
    model = loaded(student, weights, **sizes)
    model.train()
    dropped = (model(ids) == 0).double().mean()
    expect.between(dropped, 0.25, 0.75, "In train mode with dropout 0.5 the share of zeros among the embeddings is")
    model.eval()
    expect.close(model(ids), loaded(student, weights, **(sizes | {"dropout": 0.0}))(ids))


@pytest.mark.hidden
def test_dropout_works_in_the_blocks(student, draw, expect):
    """The configuration's dropout reaches the blocks."""
    model = loaded(student, drawn_weights(draw, SIZES), **SIZES, dropout=0.5)
    model.train()
    x = draw.normal(2, 5, 12)
    one, two = (model.blocks[0](x) for _ in range(2))
    expect.true(not torch.equal(one, two), "Two calls of a block in train mode agree: it has no dropout.")


def test_too_many_tokens_are_refused(student, expect, draw):
    """`max_len` tokens are allowed; one more raises a ValueError that names their number."""
    model = student.BERT(student.BERTConfig(**SIZES))
    expect.shape(model(draw.ids(11, 1, 7)), (1, 7, 12))
    expect.raises(ValueError, model, draw.ids(11, 1, 8), mentions=8)


@pytest.mark.hidden
def test_it_keeps_its_dtype_and_runs_on_meta(student, draw, expect):
    """Float32 weights give float32 vectors, and no device is written into the code."""
    check_meta(expect, student.BERT(student.BERTConfig(**SIZES)), [draw.ids(11, 5, 2).T], (2, 5, 12))
