"""Scaled dot-product attention: scores, masks, weights, mixed values and gradients."""

import math

import pytest
import torch


def attend(q, k, v, mask=None):
    """The same by another road: every sum written out, rows without a key set to zero at the end."""
    scores = torch.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5
    allowed = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand(scores.shape)
    powers = torch.where(allowed, torch.exp(scores - scores.amax(-1, keepdim=True)), 0.0)
    weights = powers / powers.sum(-1, keepdim=True).clamp(min=1e-300)
    return torch.einsum("...ij,...jd->...id", weights, v), weights


def drawn(draw, *batch):
    """Queries, keys and values in which no two sizes are the same."""
    q_len, k_len, d_k, d_v = draw.sizes(4, 3, 9)
    return draw.normal(*batch, q_len, d_k), draw.normal(*batch, k_len, d_k), draw.normal(*batch, k_len, d_v)


def test_by_hand(student, expect):
    """One query and two keys: scores 0 and ln 3, weights 1/4 and 3/4, output 6."""
    q, k, v = ([[2.0]], [[0.0], [math.log(3) / 2]], [[0.0], [8.0]])
    double = {"dtype": torch.float64}
    output, weights = student.scaled_dot_product_attention(
        torch.tensor(q, **double), torch.tensor(k, **double), torch.tensor(v, **double)
    )
    expect.close(weights, torch.tensor([[0.25, 0.75]], **double))
    expect.close(output, torch.tensor([[6.0]], **double))


def test_weights_are_a_softmax_of_scaled_scores(student, draw, expect):
    """Each query shares out its weight over the keys, by its dot products with them over √d_k."""
    q, k, v = drawn(draw, 2)
    _, weights = student.scaled_dot_product_attention(q, k, v)
    expect.close(weights, attend(q, k, v)[1])


def test_output_is_the_values_mixed_with_the_weights(student, draw, expect):
    """The output has one row for each query and the width of the values."""
    q, k, v = drawn(draw, 2)
    output, _ = student.scaled_dot_product_attention(q, k, v)
    expect.close(output, attend(q, k, v)[0])


def test_a_masked_key_gets_no_weight(student, draw, expect):
    """Where the mask is False the weight is zero, and the other weights of the row still sum to one."""
    q, k, v = drawn(draw, 2)
    mask = draw.mask(2, q.size(1), k.size(1))
    mask[0, 0, 0], mask[0, 0, 1] = False, True
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    wanted_output, wanted_weights = attend(q, k, v, mask)
    expect.close(weights, wanted_weights)
    expect.close(output, wanted_output)


def test_a_query_that_sees_nothing_gets_zeros(student, draw, expect):
    """A query whose whole row of the mask is False has weights and output of zero, not NaN."""
    q, k, v = drawn(draw, 2)
    mask = draw.mask(2, q.size(1), k.size(1))
    mask[1, 2] = False
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    wanted_output, wanted_weights = attend(q, k, v, mask)
    expect.close(weights, wanted_weights)
    expect.close(output, wanted_output)


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)], ids=str)
def test_any_number_of_leading_axes(student, draw, expect, batch):
    """The last two axes are attention; those before them are independent of each other."""
    q, k, v = drawn(draw, *batch)
    output, weights = student.scaled_dot_product_attention(q, k, v)
    wanted_output, wanted_weights = attend(q, k, v)
    expect.close(weights, wanted_weights)
    expect.close(output, wanted_output)


@pytest.mark.parametrize("kind", ["same for all", "same for all queries", "one per sequence"])
def test_the_mask_broadcasts(student, draw, expect, kind):
    """The mask may have fewer axes than the scores, and axes of length 1."""
    q, k, v = drawn(draw, 3, 2)
    q_len, k_len = q.size(-2), k.size(-2)
    shapes = {
        "same for all": (q_len, k_len),
        "same for all queries": (3, 1, 1, k_len),
        "one per sequence": (3, 1, q_len, k_len),
    }
    mask = draw.mask(*shapes[kind])
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    wanted_output, wanted_weights = attend(q, k, v, mask)
    expect.close(weights, wanted_weights)
    expect.close(output, wanted_output)


@pytest.mark.hidden
def test_a_mask_row_belongs_to_a_query(student, draw, expect):
    """In a square mask, rows are queries and columns are keys."""
    q, k, v = draw.normal(5, 3), draw.normal(5, 3), draw.normal(5, 2)
    mask = torch.tensor([[i >= j for j in range(5)] for i in range(5)])
    _, weights = student.scaled_dot_product_attention(q, k, v, mask)
    expect.close(weights, attend(q, k, v, mask)[1])


def test_the_gradients(student, draw, expect):
    """Queries, keys and values get the gradient of the output."""
    q, k, v = drawn(draw, 2)
    mask, cotangent = draw.mask(q.size(1), k.size(1)), draw.normal(2, q.size(1), v.size(2))
    mine = [x.clone().requires_grad_() for x in (q, k, v)]
    (attend(*mine, mask)[0] * cotangent).sum().backward()
    theirs = [x.clone().requires_grad_() for x in (q, k, v)]
    output, _ = student.scaled_dot_product_attention(*theirs, mask)
    (output * cotangent).sum().backward()
    for name, came, wanted in zip(("queries", "keys", "values"), theirs, mine, strict=True):
        expect.true(came.grad is not None, f"The {name} got no gradient.")
        expect.close(came.grad, wanted.grad, f"The gradient of the {name} is wrong.")


@pytest.mark.hidden
def test_the_weights_have_a_gradient_too(student, draw, expect):
    """The weights that are returned can be differentiated, not only looked at."""
    q, k, v = drawn(draw, 2)
    cotangent = draw.normal(2, q.size(1), k.size(1))
    mine, theirs = q.clone().requires_grad_(), q.clone().requires_grad_()
    (attend(mine, k, v)[1] * cotangent).sum().backward()
    _, weights = student.scaled_dot_product_attention(theirs, k, v)
    (weights * cotangent).sum().backward()
    expect.true(theirs.grad is not None, "The queries got no gradient from the weights.")
    expect.close(theirs.grad, mine.grad, "The gradient of the queries, from the weights, is wrong.")


@pytest.mark.hidden
def test_the_gradients_stay_finite_where_a_query_sees_nothing(student, draw, expect):
    """A row of False in the mask leaves every gradient finite, and that query's own at zero."""
    q, k, v = drawn(draw, 2)
    mask, cotangent = draw.mask(2, q.size(1), k.size(1)), draw.normal(2, q.size(1), v.size(2))
    mask[0, 1] = False
    mine = [x.clone().requires_grad_() for x in (q, k, v)]
    (attend(*mine, mask)[0] * cotangent).sum().backward()
    theirs = [x.clone().requires_grad_() for x in (q, k, v)]
    output, _ = student.scaled_dot_product_attention(*theirs, mask)
    (output * cotangent).sum().backward()
    for name, came, wanted in zip(("queries", "keys", "values"), theirs, mine, strict=True):
        expect.true(came.grad is not None, f"The {name} got no gradient.")
        expect.close(came.grad, wanted.grad, f"The gradient of the {name} is wrong.")


@pytest.mark.hidden
def test_large_scores(student, draw, expect):
    """Scores in the thousands, also below those of the masked keys, give no NaN and lose no key."""
    q, k, v = drawn(draw, 2)
    q[0], k[0] = q[0].abs() + 0.3, -k[0].abs() - 0.3
    q, k = q * 300.0, k * 300.0
    mask = draw.mask(2, q.size(1), k.size(1), probability=0.4)
    mask[0, 0, 0], mask[0, 0, 1] = False, True
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    scores = (torch.einsum("bid,bjd->bij", q, k) / math.sqrt(q.size(-1))).masked_fill(~mask, -math.inf)
    wanted = torch.softmax(scores, -1)
    expect.close(weights, wanted)
    expect.close(output, torch.einsum("bij,bjd->bid", wanted, v))


@pytest.mark.hidden
def test_one_query_and_one_key(student, draw, expect):
    """With a single key every weight is one, and the output is its value."""
    q, k, v = draw.normal(1, 1, 4), draw.normal(1, 1, 4), draw.normal(1, 1, 3)
    output, weights = student.scaled_dot_product_attention(q, k, v)
    expect.close(weights, torch.ones(1, 1, 1, dtype=torch.float64))
    expect.close(output, v)


@pytest.mark.hidden
def test_inputs_that_are_not_contiguous(student, draw, expect):
    """How the tensors lie in memory makes no difference."""
    q, k, v = draw.strided(2, 4, 6), draw.strided(2, 5, 6), draw.strided(2, 5, 3)
    mask = draw.mask(5, 4).T
    mask[:, 0] = True
    output, _ = student.scaled_dot_product_attention(q, k, v, mask)
    expect.close(output, attend(q, k, v, mask)[0])


@pytest.mark.hidden
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_the_dtype_is_kept(student, draw, expect, dtype):
    """Output and weights have the dtype of the arguments."""
    q, k, v = (x.to(dtype) for x in drawn(draw, 2))
    mask = draw.mask(q.size(1), k.size(1))
    mask[0] = False
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    wanted_output, wanted_weights = attend(q.double(), k.double(), v.double(), mask)
    expect.close(weights, wanted_weights.to(dtype))
    expect.close(output, wanted_output.to(dtype), tolerance=0.05 if dtype == torch.bfloat16 else None)


@pytest.mark.hidden
def test_it_runs_on_the_meta_device(student, expect):
    """Tensors without values give results without values, of the right shapes."""
    q, k, v = (torch.empty(2, *shape, device="meta") for shape in ((3, 4), (5, 4), (5, 6)))
    mask = torch.empty(3, 5, dtype=torch.bool, device="meta")
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    expect.shape(output, (2, 3, 6))
    expect.shape(weights, (2, 3, 5))
