"""Scaled dot-product attention: scores, masks, weights, mixed values and gradients."""

import math

import pytest
import torch

CLOSE = 1e-5  # a right answer may compute in float32
ROUGH = {torch.float32: 2e-4, torch.float16: 0.02, torch.bfloat16: 0.08}


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


def check(student, expect, q, k, v, mask=None):
    """Weights and output are those of the other road. The weights are returned."""
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    wanted_output, wanted_weights = attend(q, k, v, mask)
    expect.close(weights, wanted_weights, tolerance=CLOSE)
    expect.close(output, wanted_output, tolerance=CLOSE)
    return weights


def check_gradients(student, expect, draw, qkv, mask, of):
    """Queries, keys and values have the gradients of the output (of = 0) or of the weights (of = 1)."""
    mine, theirs = ([x.clone().requires_grad_() for x in qkv] for _ in range(2))
    wanted, came = attend(*mine, mask)[of], student.scaled_dot_product_attention(*theirs, mask)[of]
    cotangent = draw.normal(*wanted.shape)
    (wanted * cotangent).sum().backward()
    (came * cotangent).sum().backward()
    names = ("queries", "keys", "values")[: 3 - of]
    for name, their, my in zip(names, theirs, mine, strict=False):
        expect.true(their.grad is not None, f"The {name} got no gradient.")
        expect.close(their.grad, my.grad, f"The gradient of the {name} is wrong.", tolerance=CLOSE)


@pytest.mark.points(2)
def test_by_hand(student, expect):
    """One query and two keys: scores 0 and ln 3, weights 1/4 and 3/4, output 6."""
    q, k, v = ([[2.0]], [[0.0], [math.log(3) / 2]], [[0.0], [8.0]])
    double = {"dtype": torch.float64}
    output, weights = student.scaled_dot_product_attention(
        torch.tensor(q, **double), torch.tensor(k, **double), torch.tensor(v, **double)
    )
    expect.close(weights, torch.tensor([[0.25, 0.75]], **double), tolerance=CLOSE)
    expect.close(output, torch.tensor([[6.0]], **double), tolerance=CLOSE)


@pytest.mark.points(2)
def test_weights_are_a_softmax_of_scaled_scores(student, draw, expect):
    """Each query shares out its weight over the keys, by its dot products with them over √d_k."""
    q, k, v = drawn(draw, 2)
    _, weights = student.scaled_dot_product_attention(q, k, v)
    expect.close(weights, attend(q, k, v)[1], tolerance=CLOSE)


@pytest.mark.points(2)
def test_output_is_the_values_mixed_with_the_weights(student, draw, expect):
    """The output has one row for each query and the width of the values."""
    q, k, v = drawn(draw, 2)
    output, _ = student.scaled_dot_product_attention(q, k, v)
    expect.close(output, attend(q, k, v)[0], tolerance=CLOSE)


def test_each_call_is_its_own(student, draw, expect):
    """After a call with a mask, one without masks nothing, and another mask of the same shape hides its own keys."""
    q, k, v = drawn(draw, 2)
    mask = draw.mask(2, q.size(1), k.size(1))
    mask[0, 0, 0], mask[0, 0, 1] = False, True
    check(student, expect, q, k, v, mask)
    check(student, expect, q, draw.normal(*k.shape), draw.normal(*v.shape))
    check(student, expect, q, k, v, mask)
    mask[0, 0, 0], mask[0, 0, 1] = True, False
    check(student, expect, q, k, v, mask)


@pytest.mark.points(2)
def test_a_masked_key_gets_no_weight(student, draw, expect):
    """Where the mask is False the weight is zero, and the other weights of the row still sum to one."""
    q, k, v = drawn(draw, 2)
    mask = draw.mask(2, q.size(1), k.size(1))
    mask[0, 0, 0], mask[0, 0, 1] = False, True
    weights = check(student, expect, q, k, v, mask)
    expect.equal(
        weights[~mask],
        torch.zeros(int((~mask).sum()), dtype=torch.float64),
        "The weight of a masked key is not exactly zero.",
    )


def test_a_mask_row_belongs_to_a_query(student, draw, expect):
    """In a square mask, rows are queries and columns are keys."""
    q, k, v = draw.normal(5, 3), draw.normal(5, 3), draw.normal(5, 2)
    check(student, expect, q, k, v, torch.tensor([[i >= j for j in range(5)] for i in range(5)]))


@pytest.mark.parametrize("batch", [(), (3,), (2, 3), (2, 1, 3)], ids=str)
def test_any_number_of_leading_axes(student, draw, expect, batch):
    """The last two axes are attention; those before them are independent of each other."""
    check(student, expect, *drawn(draw, *batch))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("kind", ["same for all", "same for all queries", "one per sequence", "one per head"])
def test_the_mask_broadcasts(student, draw, expect, kind):
    """The mask may have fewer axes than the scores, and axes of length 1."""
    q, k, v = drawn(draw, 3, 2)
    q_len, k_len = q.size(-2), k.size(-2)
    shapes = {
        "same for all": (q_len, k_len),
        "same for all queries": (3, 1, 1, k_len),
        "one per sequence": (3, 1, q_len, k_len),
        "one per head": (2, q_len, k_len),
    }
    check(student, expect, q, k, v, draw.mask(*shapes[kind], probability=0.4))


@pytest.mark.points(0.25)
def test_a_mask_of_two_axes_has_a_row_for_each_query(student, draw, expect):
    """A mask (q_len, k_len) belongs to the queries, also where another axis is as long as they are many."""
    for batch in ((4,), (4, 2), (2, 4)):
        q, k, v = draw.normal(*batch, 4, 3), draw.normal(*batch, 6, 3), draw.normal(*batch, 6, 5)
        check(student, expect, q, k, v, torch.arange(6) <= torch.arange(4)[:, None])


@pytest.mark.points(2)
@pytest.mark.parametrize("masked", [True, pytest.param(False, marks=pytest.mark.hidden)])
def test_the_gradients(student, draw, expect, masked):
    """Queries, keys and values get the gradient of the output."""
    q, k, v = drawn(draw, 2)
    mask = draw.mask(q.size(1), k.size(1)) if masked else None
    check_gradients(student, expect, draw, (q, k, v), mask, of=0)


@pytest.mark.parametrize("masked", [False, pytest.param(True, marks=pytest.mark.hidden)])
def test_the_weights_have_a_gradient_too(student, draw, expect, masked):
    """The weights that are returned can be differentiated, not only looked at."""
    q, k, v = drawn(draw, 2)
    mask = draw.mask(q.size(1), k.size(1)) if masked else None
    check_gradients(student, expect, draw, (q, k, v), mask, of=1)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("scale", [100.0, 2.0**60], ids=["ten thousands", "1e36"])
def test_large_scores(student, draw, expect, scale):
    """Weights and output are right for very large scores, also below those of masked keys and far below zero."""
    q_len, k_len = draw.sizes(2, 3, 7)
    q = (1 + draw.ids(3, 2, q_len, 4)).double() * scale
    size = torch.tensor([draw.shuffled(range(1, k_len + 1)) for _ in range(2)]).double() * scale
    v, k = draw.normal(2, k_len, 3), size[:, :, None].repeat(1, 1, 4)  # no two scores of a query are near each other
    k[0] = -k[0]
    mask = draw.mask(2, q_len, k_len, probability=0.4)
    mask[:, 0, 0], mask[:, 0, 1] = False, True
    scores = (torch.einsum("bid,bjd->bij", q, k) / 2.0).masked_fill(~mask, -math.inf)
    wanted = torch.softmax(scores, -1)
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    expect.close(weights, wanted, tolerance=0.02)
    expect.close(output, torch.einsum("bij,bjd->bid", wanted, v), tolerance=0.05)


@pytest.mark.parametrize("batch", [(1,), (1, 1), pytest.param((), marks=pytest.mark.hidden)], ids=str)
def test_one_query_or_one_key(student, draw, expect, batch):
    """With a single key every weight is one and the output is its value; axes of length 1 stay."""
    for q_len, k_len, d_k, d_v in ((1, 1, 4, 3), (5, 1, 4, 3), (1, 5, 4, 3), (3, 2, 1, 1)):
        check(
            student,
            expect,
            draw.normal(*batch, q_len, d_k),
            draw.normal(*batch, k_len, d_k),
            draw.normal(*batch, k_len, d_v),
        )


@pytest.mark.points(0.5)
def test_inputs_that_are_not_contiguous(student, draw, expect):
    """How the tensors lie in memory makes no difference."""
    q, k, v = draw.strided(2, 4, 6), draw.strided(2, 5, 6), draw.strided(2, 5, 3)
    mask = draw.mask(5, 4).T
    mask[:, 0] = True
    check(student, expect, q, k, v, mask)


@pytest.mark.points(0.5)
def test_the_arguments_stay_as_they_were(student, draw, expect):
    """Queries, keys, values and mask hold the same after the call as before it."""
    arguments = [*drawn(draw, 2), None]
    arguments[3] = draw.mask(arguments[0].size(1), arguments[1].size(1))
    before = [x.clone() for x in arguments]
    student.scaled_dot_product_attention(*arguments)
    for name, now, then in zip(("q", "k", "v", "mask"), arguments, before, strict=True):
        expect.equal(now, then, f"`{name}` was changed.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    "whose", ["each its own mask", "one mask for all", pytest.param("all or nothing", marks=pytest.mark.hidden)]
)
def test_a_query_that_sees_nothing_gets_zeros(student, draw, expect, whose):
    """A query whose whole row of the mask is False, or its one entry, has weights and output of zero, not NaN."""
    q, k, v = drawn(draw, 2)
    batch, columns = (2,) * (whose != "one mask for all"), 1 if whose == "all or nothing" else k.size(1)
    mask = draw.mask(*batch, q.size(1), columns)
    mask[..., 2, :], mask[..., 1, :] = False, True
    check(student, expect, q, k, v, mask)


@pytest.mark.parametrize("whose", ["a query", pytest.param("a sequence", marks=pytest.mark.hidden)])
def test_the_gradients_stay_finite_where_a_query_sees_nothing(student, draw, expect, whose):
    """A row of False in the mask leaves every gradient finite, and that query's own at zero."""
    q, k, v = drawn(draw, 2)
    mask = draw.mask(2, q.size(1), k.size(1))
    mask[0, slice(1, 2) if whose == "a query" else slice(None)] = False
    check_gradients(student, expect, draw, (q, k, v), mask, of=0)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("dtype", ROUGH, ids=str)
def test_the_dtype_is_kept(student, draw, expect, dtype):
    """Output and weights have the dtype of the arguments, in half precision too."""
    q, k, v = (x.to(dtype) for x in drawn(draw, 2))
    mask = draw.mask(q.size(1), k.size(1))
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    wanted_output, wanted_weights = attend(q.double(), k.double(), v.double(), mask)
    expect.close(weights, wanted_weights.to(dtype), tolerance=ROUGH[dtype])
    expect.close(output, wanted_output.to(dtype), tolerance=ROUGH[dtype])


@pytest.mark.points(0.5)
def test_it_runs_on_the_meta_device(student, expect):
    """Tensors without values give results without values, of the right shapes."""
    q, k, v = (torch.empty(2, *shape, device="meta") for shape in ((3, 4), (5, 4), (5, 6)))
    mask = torch.empty(3, 5, dtype=torch.bool, device="meta")
    output, weights = student.scaled_dot_product_attention(q, k, v, mask)
    expect.shape(output, (2, 3, 6))
    expect.shape(weights, (2, 3, 5))
