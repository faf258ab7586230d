"""The embedding layer: look-up, start values, and which rows learn."""

import pytest
import torch


def test_ids_become_rows_of_the_table(student, draw, expect):
    """Each id becomes its row of `weight`."""
    n, vocab, dim = draw.sizes(3, 3, 9)
    layer, weight = student.Embedding(vocab, dim).double(), draw.normal(vocab, dim)
    layer.load_state_dict({"weight": weight})
    ids = draw.ids(vocab, n)
    expect.close(layer(ids), torch.stack([weight[i] for i in ids.tolist()]))


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (3, 1, 2, 5)], ids=str)
def test_ids_may_have_any_shape(student, draw, expect, shape):
    """The result has the shape of the ids and one more axis."""
    layer, weight = student.Embedding(11, 6).double(), draw.normal(11, 6)
    layer.load_state_dict({"weight": weight})
    ids = draw.ids(11, *shape)
    wanted = torch.stack([weight[i] for i in ids.reshape(-1).tolist()]).reshape(*shape, 6)
    expect.close(layer(ids), wanted)


def test_the_weight_starts_normal(student, expect):
    """`weight` starts with mean 0 and standard deviation 1."""
    weight = student.Embedding(400, 50).named_parameters().get("weight")
    expect.shape(weight, (400, 50), "`weight` is not a parameter of shape (num_embeddings, embedding_dim).")
    expect.between(weight.mean(), -0.05, 0.05, "The mean of `weight` is not near 0.")
    expect.between(weight.std(), 0.97, 1.03, "The standard deviation of `weight` is not near 1.")
    share = (weight.abs() < 1).double().mean()
    expect.between(share, 0.66, 0.705, "About 68 % of normal values lie within one standard deviation; here it is")


def test_only_rows_that_were_looked_up_learn(student, draw, expect):
    """Rows in the batch get the sum of their positions' gradients, all others zero."""
    layer = student.Embedding(6, 4).double()
    layer.load_state_dict({"weight": draw.normal(6, 4)})
    ids, grad_output = torch.tensor([[1, 4, 1], [3, 1, 4]]), draw.normal(2, 3, 4)
    (layer(ids) * grad_output).sum().backward()
    wanted = torch.zeros(6, 4, dtype=torch.float64)
    for i, row in zip(ids.reshape(-1).tolist(), grad_output.reshape(-1, 4), strict=True):
        wanted[i] += row
    gradient = layer.gradients()["weight"]
    expect.true(gradient is not None, "`weight` got no gradient: the result does not depend on the parameter.")
    expect.close(gradient, wanted)


@pytest.mark.hidden
def test_it_has_one_parameter_and_a_state_dict(student, expect):
    """`weight` is the only parameter, under that name."""
    layer = student.Embedding(5, 2)
    expect.equal(sorted(layer.named_parameters()), ["weight"], "The parameters are not just `weight`.")
    expect.equal(sorted(layer.state_dict()), ["weight"], "The state dict does not hold just `weight`.")


@pytest.mark.hidden
def test_two_layers_start_differently(student, expect):
    """Each layer draws its own start values."""
    first, second = student.Embedding(4, 3).weight, student.Embedding(4, 3).weight
    expect.true(not torch.equal(first, second), "Two layers start with the same weights.", actual=second)


@pytest.mark.hidden
@pytest.mark.parametrize("bad", [-1, 5])
def test_ids_outside_the_table_are_refused(student, expect, bad):
    """An id below 0 or too large raises an IndexError that names it."""
    layer = student.Embedding(5, 2)
    expect.raises(IndexError, layer, torch.tensor([[0, bad], [1, 2]]), mentions=bad)


@pytest.mark.hidden
def test_no_ids_give_no_vectors(student, expect):
    """An empty tensor of ids gives an empty result, with the axis of the vectors."""
    expect.shape(student.Embedding(5, 2)(torch.zeros(3, 0, dtype=torch.int64)), (3, 0, 2))


@pytest.mark.hidden
def test_ids_need_not_be_contiguous(student, draw, expect):
    """A transposed tensor of ids gives the rows in its own order."""
    layer, weight = student.Embedding(7, 3).double(), draw.normal(7, 3)
    layer.load_state_dict({"weight": weight})
    ids = draw.ids(7, 4, 2).T
    expect.close(layer(ids), torch.stack([torch.stack([weight[i] for i in row]) for row in ids.tolist()]))


@pytest.mark.hidden
def test_it_runs_on_meta(student, expect):
    """On the meta device the shape comes out without any numbers."""
    came = student.Embedding(5, 2).to("meta")(torch.zeros(3, 4, dtype=torch.int64, device="meta"))
    expect.shape(came, (3, 4, 2))


@pytest.mark.hidden
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_the_result_has_the_dtype_of_the_weight(student, draw, expect, dtype):
    """A layer in another precision answers in it."""
    layer, weight = student.Embedding(6, 3).to(dtype), draw.normal(6, 3, dtype=dtype)
    layer.load_state_dict({"weight": weight})
    expect.close(layer(torch.tensor([5, 0])), torch.stack([weight[5], weight[0]]))
