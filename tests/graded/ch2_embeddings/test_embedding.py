"""The embedding layer: look-up, start values, and which rows learn."""

import pytest
import torch


def layer_with(student, weight):
    """The learner's layer with these rows, in their dtype."""
    layer = student.Embedding(*weight.shape).to(weight.dtype)
    layer.load_state_dict({"weight": weight})
    return layer


def rows_of(weight, ids):
    """One row after the other."""
    rows = [weight[i] for i in ids.reshape(-1).tolist()]
    return torch.stack(rows).reshape(*ids.shape, weight.shape[1])


def check_rows(expect, came, weight, ids, message=""):
    """The rows of these ids; another dtype costs one test of its own, and not this one."""
    expect.close(came, rows_of(weight, ids), message, dtype=False)


# -- looking up ---------------------------------------------------------------------------------------------


@pytest.mark.points(7)
def test_ids_become_rows_of_the_table(student, draw, expect):
    """Each id becomes its row of `weight`, the first and the last among them."""
    vocab, dim = draw.sizes(2, 3, 9)
    weight = draw.normal(vocab, dim)
    ids = torch.tensor([*draw.shuffled(range(vocab)), draw.integer(0, vocab - 1)])
    check_rows(expect, layer_with(student, weight)(ids), weight, ids)


@pytest.mark.points(2)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (3, 1, 2, 5)], ids=str)
def test_ids_may_have_any_shape(student, draw, expect, shape):
    """The result has the shape of the ids and one more axis."""
    weight, ids = draw.normal(11, 6), draw.ids(11, *shape)
    check_rows(expect, layer_with(student, weight)(ids), weight, ids)


@pytest.mark.parametrize("shape", [(1,), (1, 3, 1)], ids=str)
def test_axes_of_length_one_stay(student, draw, expect, shape):
    """One id in a row, and vectors of one number, keep their axes."""
    weight, ids = draw.normal(5, 1), draw.ids(5, *shape)
    check_rows(expect, layer_with(student, weight)(ids), weight, ids)


@pytest.mark.hidden
@pytest.mark.points(3)
def test_a_long_batch_of_ids(student, draw, expect):
    """A table with more columns than rows gives the row of each of many ids."""
    weight, ids = draw.normal(6, 37), draw.ids(6, 4, 25)
    check_rows(expect, layer_with(student, weight)(ids), weight, ids)


@pytest.mark.points(2)
def test_each_call_reads_the_weight_as_it_is(student, draw, expect):
    """A second call gives the rows of its own ids, and the same ids give new rows once the weight has changed."""
    weight, changed = draw.normal(7, 4), draw.normal(7, 4)
    layer = layer_with(student, weight)
    for ids in (torch.tensor([[0, 5, 2]]), torch.tensor([[3, 1, 6]])):
        check_rows(expect, layer(ids), weight, ids, "These are not the rows of this call's ids.")
    layer.load_state_dict({"weight": changed})
    check_rows(expect, layer(ids), changed, ids, "After `weight` was changed, these are not its rows.")


def test_the_weight_may_become_another_parameter(student, draw, expect):
    """After `weight` was exchanged for another layer's, as where layers share a table, the rows are that one's."""
    first, second = draw.normal(5, 3), draw.normal(5, 3)
    layer, other = layer_with(student, first), layer_with(student, second)
    ids = torch.tensor([4, 0, 2])
    check_rows(expect, layer(ids), first, ids)
    layer.register_parameter("weight", other.parameters()[0])
    check_rows(expect, layer(ids), second, ids, "These are not the rows of the parameter that `weight` is now.")


@pytest.mark.hidden
def test_the_rows_after_a_training_step(student, draw, expect):
    """After each of two training steps the same ids give the rows as they have become."""
    weight, ids = draw.normal(4, 3), torch.tensor([2, 0, 2])
    layer = layer_with(student, weight)
    for _ in range(2):
        layer(ids).sum().backward()
        weight = weight - 0.5 * layer.gradients()["weight"]
        layer.load_state_dict({"weight": weight})
        check_rows(expect, layer(ids), weight, ids)


def test_ids_need_not_be_contiguous(student, draw, expect):
    """A transposed tensor of ids gives the rows in its own order."""
    weight, ids = draw.normal(7, 3), draw.ids(7, 4, 2).T
    check_rows(expect, layer_with(student, weight)(ids), weight, ids)


# -- learning -----------------------------------------------------------------------------------------------


def check_gradient(layer, vocab, ids, grad_output, expect):
    """The gradient of `weight` is the sum of `grad_output` over each id's places."""
    (layer(ids) * grad_output).sum().backward()
    wanted = torch.zeros(vocab, grad_output.shape[-1], dtype=grad_output.dtype)
    for i, row in zip(ids.reshape(-1).tolist(), grad_output.reshape(-1, grad_output.shape[-1]), strict=True):
        wanted[i] += row
    gradient = layer.gradients().get("weight")
    expect.true(gradient is not None, "`weight` got no gradient.")
    expect.close(gradient, wanted)


@pytest.mark.points(9)
def test_only_rows_that_were_looked_up_learn(student, draw, expect):
    """Rows in the batch get the sum of their positions' gradients, all others zero; id 0 learns like any other."""
    layer, ids = layer_with(student, draw.normal(6, 4)), torch.tensor([[0, 4, 0], [3, 0, 4]])
    check_gradient(layer, 6, ids, draw.normal(2, 3, 4), expect)


def test_rows_learn_in_eval_mode_too(student, draw, expect):
    """Eval mode changes neither the rows nor their gradients."""
    weight, ids = draw.normal(5, 3), torch.tensor([[2, 4], [4, 1]])
    layer = layer_with(student, weight).eval()
    check_rows(expect, layer(ids), weight, ids)
    check_gradient(layer, 5, ids, draw.normal(2, 2, 3), expect)


@pytest.mark.hidden
@pytest.mark.points(3)
def test_the_gradient_of_one_id_that_stands_everywhere(student, draw, expect):
    """One id at many places collects the gradient of each; id 0 learns like any other."""
    for i in (0, 4):
        layer, ids = layer_with(student, draw.normal(5, 3)), torch.full((2, 6), i)
        check_gradient(layer, 5, ids, draw.normal(2, 6, 3), expect)


# -- the parameter and how it starts ------------------------------------------------------------------------


def start_values(student, expect, rows, columns):
    """The weight of a new layer."""
    weight = student.Embedding(rows, columns).state_dict().get("weight")
    expect.shape(weight, (rows, columns), "The state dict has no `weight` of shape (num_embeddings, embedding_dim).")
    return weight


def test_weight_is_the_only_parameter(student, expect):
    """`weight` is the only parameter and the only entry of the state dict, one row for each id."""
    layer = student.Embedding(5, 2)
    expect.equal(sorted(layer.named_parameters()), ["weight"], "The parameters are not just `weight`.")
    expect.equal(sorted(layer.state_dict()), ["weight"], "The state dict does not hold just `weight`.")
    start_values(student, expect, 5, 2)
    expect.true(layer.parameters()[0].requires_grad, "`weight` does not require a gradient.")


def test_the_weight_starts_normal(student, expect):
    """`weight` starts with mean 0 and standard deviation 1, spread as normal values are."""
    weight = start_values(student, expect, 400, 50)
    expect.between(weight.mean(), -0.05, 0.05, "The mean of `weight` is not near 0.")
    expect.between(weight.std(), 0.97, 1.03, "The standard deviation of `weight` is not near 1.")
    share = (weight.abs() < 1).double().mean()
    expect.between(share, 0.66, 0.705, "Of normal values a share of about 0.68 lies between -1 and 1; here it is")
    farthest = "Of 20,000 normal values about 54 lie farther than 3 from 0, so the farthest should; here it lies at"
    expect.greater(weight.abs().max(), 3, farthest)


def test_each_number_is_drawn_on_its_own(student, expect):
    """No two rows and no two columns of `weight` start alike, or as each other's opposites."""
    weight = start_values(student, expect, 60, 40).double()
    for what, vectors in (("rows", weight), ("columns", weight.T)):
        expect.true(vectors.any(dim=1).all(), f"One of the {what} of `weight` starts as zeros.", actual=weight)
        unit = vectors / vectors.norm(dim=1, keepdim=True)
        cosines = (unit @ unit.T - torch.eye(len(unit))).abs()
        wanted = f"No two {what} of `weight` are to start along the same line; the largest cosine, signs aside, is"
        expect.less(cosines.max(), 0.9, wanted)


def test_small_tables_vary_as_draws_do(student, expect):
    """The mean of a small table is near 0 only on average, and so its spread is only on average near 1."""
    tables = torch.stack([start_values(student, expect, 2, 3) for _ in range(60)]).double()
    means, spreads = tables.mean(dim=(1, 2)), tables.std(dim=(1, 2))
    expect.between(means.std(), 0.22, 0.65, "The means of 60 small tables should vary by about 0.41; they vary by")
    expect.between(spreads.std(), 0.14, 0.46, "The spreads of 60 tables should vary by about 0.3; they vary by")
    for what, dim in (("rows", 2), ("columns", 1)):
        found = tables.mean(dim=dim).std()
        expect.greater(
            found, 0.3, f"The means of the {what} of small tables should vary by more than 0.3; they vary by"
        )


def test_two_layers_start_differently(student, expect):
    """Each layer draws its own start values."""
    first, second = student.Embedding(4, 3).weight, student.Embedding(4, 3).weight
    expect.true(not torch.equal(first, second), "Two layers start with the same weights.", actual=second)


# -- ids outside the table, none at all, other dtypes and devices -------------------------------------------


@pytest.mark.parametrize("bad", [-1, 5, 7])
def test_ids_outside_the_table_are_refused(student, expect, bad):
    """An id below 0 or too large raises an IndexError that names it, in eval mode and without gradients too."""
    layer, ids = student.Embedding(5, 2), torch.tensor([[0, bad], [1, 2]])
    expect.raises(IndexError, layer, ids, mentions=bad)
    with torch.no_grad():
        expect.raises(IndexError, layer, ids, mentions=bad)
    expect.raises(IndexError, layer.eval(), ids, mentions=bad)


@pytest.mark.hidden
def test_one_bad_id_anywhere_is_refused(student, expect):
    """The bad id may stand first or last, may be the vocabulary's size, and may be far below 0."""
    layer = student.Embedding(3, 8)
    for bad in (-3, 3, -40, 64):
        expect.raises(IndexError, layer, torch.tensor([bad, 1, 2]), mentions=bad)
        expect.raises(IndexError, layer, torch.tensor([1, 2, bad]), mentions=bad)


def test_no_ids_give_no_vectors(student, expect):
    """An empty tensor of ids gives an empty result, with the axis of the vectors."""
    expect.shape(student.Embedding(5, 2)(torch.zeros(3, 0, dtype=torch.int64)), (3, 0, 2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_the_result_has_the_dtype_of_the_weight(student, draw, expect, dtype):
    """A layer in another precision answers in it, also where there are no ids."""
    weight, ids = draw.normal(6, 3, dtype=dtype), torch.tensor([5, 0])
    layer = layer_with(student, weight)
    expect.close(layer(ids), rows_of(weight, ids))
    expect.dtype(layer(ids[:0]), dtype)


def test_it_runs_on_meta(student, expect):
    """On the meta device the shape comes out without any numbers."""
    came = student.Embedding(5, 2).to("meta")(torch.zeros(3, 4, dtype=torch.int64, device="meta"))
    expect.shape(came, (3, 4, 2))
