"""The ring all-reduce, chunk by chunk, and what a rank does with its gradients and parameters.

The ring runs here, one rank after the other. A rank that waits for a chunk that its left neighbour has not
sent yet is stopped, and called again from its start once the chunk is there. So the chunks themselves pass
through this file, where they are counted.
"""

import pytest
import torch
from model_checks import nn_of, tied_layers

from grader.tester.failures import StudentRaised

WAITING = "nothing has come from the left yet"


class Rank:
    """One rank's call: what it was given from the left, what it has sent, and its result once it is done."""

    def __init__(self, number, tensor):
        self.number, self.tensor = number, tensor
        self.sent, self.events, self.result, self.done = [], [], None, False

    def attempt(self, student, world_size, arrived):
        """Call the learner's function with the chunks that have arrived. True when it got further than before."""
        before, sent, taken, events = len(self.sent), [], iter(arrived), []

        def send(chunk):
            if len(sent) > 4 * world_size:
                raise RuntimeError(f"rank {self.number} sends chunk {len(sent) + 1}; {2 * (world_size - 1)} are enough")
            sent.append(chunk.detach().clone())
            events.append("send")

        def receive():
            events.append("receive")
            chunk = next(taken, None)
            if chunk is None:
                raise RuntimeError(WAITING)
            return chunk.clone()

        try:
            self.result = student.ring_all_reduce(self.number, world_size, self.tensor, send, receive)
            self.done = True
        except StudentRaised as raised:
            if WAITING not in raised.text:
                raise
        self.sent, self.events = sent, events
        return self.done or len(sent) > before


def run_ring(student, expect, tensors):
    """All ranks, until all are done."""
    n = len(tensors)
    ranks = [Rank(number, tensor) for number, tensor in enumerate(tensors)]
    tried = [-1] * n
    while not all(rank.done for rank in ranks):
        further = False
        for rank in ranks:
            arrived = ranks[rank.number - 1].sent
            if rank.done or len(arrived) == tried[rank.number]:
                continue
            tried[rank.number] = len(arrived)
            further = rank.attempt(student, n, list(arrived)) or further
        if not further:
            waiting = ", ".join(str(rank.number) for rank in ranks if not rank.done)
            expect.fail(
                f"All stands still. Of {n} ranks these wait for a chunk that nobody has sent to them: {waiting}."
                " In each round a rank sends first and then receives."
            )
    return ranks


def check_no_padding(expect, ranks, size):
    """Each number is sent 2·(N−1) times by all ranks together: while it is added up, and while its sum goes around."""
    n, moved = len(ranks), sum(chunk.numel() for rank in ranks for chunk in rank.sent)
    wanted = 2 * (n - 1) * size
    message = f"{n} ranks together sent {moved} numbers; 2·(N−1) times the {size} of a tensor are {wanted}."
    expect.equal(moved, wanted, message)


def total(tensors):
    return torch.stack(list(tensors)).sum(0)


@pytest.mark.points(3)
def test_two_ranks_by_hand(student, expect):
    """[1, 2] and [10, 20] become [11, 22] on both ranks."""
    one, ten = torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0])
    for rank in run_ring(student, expect, [one, ten]):
        expect.close(rank.result, torch.tensor([11.0, 22.0]), f"The result of rank {rank.number} is not the sum.")


@pytest.mark.points(4)
def test_every_rank_gets_the_sum(student, draw, expect):
    """After the ring all ranks hold the sum of all."""
    n = 3
    for _ in range(2):  # a second ring, of other tensors, has a sum of its own
        tensors = [draw.normal(2 * n) for _ in range(n)]
        for rank in run_ring(student, expect, tensors):
            expect.close(rank.result, total(tensors), f"The result of rank {rank.number} of {n} is not the sum.")


def test_what_is_passed_on_has_its_own_part_in_it(student, draw, expect):
    """In the second round, each of three ranks passes on more than what came in the first: its own part is added."""
    ranks = run_ring(student, expect, [draw.normal(12) for _ in range(3)])
    for rank in ranks:
        count = len(rank.sent)
        expect.true(count > 1, f"Rank {rank.number} of 3 sent {count} chunks in all; more than one is wanted.")
    for rank in ranks:
        came = ranks[rank.number - 1].sent[0]
        expect.true(
            not torch.equal(rank.sent[1], came),
            f"The second chunk that rank {rank.number} of 3 sent is just the first that came from the left;"
            " its own part is to be added before.",
        )


@pytest.mark.parametrize("n", [2, 4])
def test_little_is_moved(student, draw, expect, n):
    """Each rank sends 2·(N−1)/N of the tensor, in 2·(N−1) chunks."""
    size = 3 * n
    tensors = [draw.normal(size) for _ in range(n)]
    for rank in run_ring(student, expect, tensors):
        expect.close(rank.result, total(tensors), f"The result of rank {rank.number} of {n} is not the sum.")
        moved = sum(chunk.numel() for chunk in rank.sent)
        wanted = 2 * (n - 1) * size // n
        expect.true(
            moved == wanted,
            f"Rank {rank.number} of {n} sent {moved} numbers of a tensor of {size}; 2·(N−1)/N of it are {wanted}.",
        )
        message = f"Rank {rank.number} of {n} did not send {2 * (n - 1)} chunks of 3 numbers each."
        expect.equal([chunk.numel() for chunk in rank.sent], [3] * (2 * (n - 1)), message)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("n", [2, 3, 5, pytest.param(6, marks=pytest.mark.hidden)])
def test_sizes_that_do_not_divide(student, draw, expect, n):
    """A size that N does not divide gives the sum as well, and moves no more than rounded-up chunks."""
    size = 2 * n + 1 if n < 5 else 3 * n - 1
    tensors = [draw.normal(size) for _ in range(n)]
    ranks = run_ring(student, expect, tensors)
    for rank in ranks:
        expect.close(rank.result, total(tensors), f"The result of rank {rank.number} of {n} is not the sum.")
        moved, most = sum(chunk.numel() for chunk in rank.sent), 2 * (n - 1) * -(-size // n)
        expect.true(moved <= most, f"Rank {rank.number} of {n} sent {moved} numbers of {size}; {most} are enough.")
        sizes = [chunk.numel() for chunk in rank.sent]
        expect.true(
            set(sizes) <= {size // n, -(-size // n)},
            f"Rank {rank.number} of {n} sent chunks of {sizes} numbers, not of {size // n} or {-(-size // n)} each.",
        )
    check_no_padding(expect, ranks, size)


@pytest.mark.points(0.25)
@pytest.mark.parametrize("size", [1, pytest.param(2, marks=pytest.mark.hidden)])
def test_tensors_smaller_than_the_world(student, draw, expect, size):
    """With fewer numbers than ranks some chunks are empty; they are sent like all others, and the sum is right."""
    tensors = [draw.normal(size) for _ in range(3)]
    ranks = run_ring(student, expect, tensors)
    for rank in ranks:
        expect.close(rank.result, total(tensors))
        message = f"Rank {rank.number} of 3 did not send and receive in turns, four times each."
        expect.equal(rank.events, ["send", "receive"] * 4, message)
    check_no_padding(expect, ranks, size)


@pytest.mark.points(0.5)
def test_what_was_sent_stays_as_it_was(student, draw, expect):
    """A neighbour that reads the chunks only after the ring finds them as they were sent."""
    n = 3
    ranks = run_ring(student, expect, [draw.normal(2 * n) for _ in range(n)])
    queue, attribute = student.imported("collections").deque, student.imported("operator").attrgetter
    for rank in ranks:
        sent, arrived = queue(), queue(ranks[rank.number - 1].sent)
        send, receive = attribute("append")(sent), attribute("popleft")(arrived)
        student.ring_all_reduce(rank.number, n, rank.tensor, send, receive)
        for number, chunk in enumerate(rank.sent):
            message = f"Chunk {number} of rank {rank.number} of {n}, read after the ring, is not what it was when sent."
            expect.close(sent[number], chunk, message)


@pytest.mark.points(0.25)
@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 7), ()], ids=str)
def test_the_shape_comes_back(student, draw, expect, shape):
    """Tensors of any shape keep it, and so do those that are not contiguous."""
    tensors = [draw.normal(1, *shape)[0] for _ in range(2)]
    if len(shape) == 2:
        tensors = [tensor.T for tensor in tensors]
    for rank in run_ring(student, expect, tensors):
        expect.close(rank.result, total(tensors))


@pytest.mark.points(0.25)
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64], ids=["float32", "int64"])
def test_the_dtype_comes_back(student, draw, expect, dtype):
    """The sum has the dtype of the tensor, and so has what is sent."""
    tensors = [draw.normal(7, scale=30.0).to(dtype) for _ in range(2)]
    for rank in run_ring(student, expect, tensors):
        expect.close(rank.result, total(tensors))
        for chunk in rank.sent:
            expect.dtype(chunk, dtype)


@pytest.mark.points(0.5)
def test_alone_in_the_world(student, draw, expect):
    """With one rank nothing is sent, and the result is a new tensor with the same values."""
    tensor = draw.normal(5)
    (rank,) = run_ring(student, expect, [tensor])
    expect.close(rank.result, tensor)
    expect.equal(rank.events, [], "With one rank, `send` or `receive` was called.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.hidden)])
def test_the_sum_is_a_new_tensor(student, draw, expect, n):
    """When the tensor is changed afterwards, the sum stays as it is, with one rank too."""
    ranks = run_ring(student, expect, [draw.normal(5) for _ in range(n)])
    table = nn_of(student).ParameterList([ranks[0].tensor]).requires_grad_(False)
    queue, builtins = student.imported("collections").deque, student.imported("builtins")
    receive = student.imported("operator").attrgetter("popleft")(queue(ranks[-1].sent))
    reduce = student.imported("functools").partial(student.ring_all_reduce, 0, n)
    kept = queue(builtins.map(reduce, table.parameters(), [lambda chunk: None], [receive]))
    table.load_state_dict({"0": draw.normal(5)})
    message = "After the given tensor was overwritten, the result of rank 0 is not what it was; a new tensor is wanted."
    expect.close(kept[0], ranks[0].result, message)


@pytest.mark.points(0.25)
@pytest.mark.parametrize("rank", [-1, 3, pytest.param(-2, marks=pytest.mark.hidden)])
def test_a_rank_that_is_not_there_is_refused(student, draw, expect, rank):
    """A rank below 0 or not below the size of the world raises a ValueError that gives it."""
    nothing = draw.normal(1)
    expect.raises(
        ValueError, student.ring_all_reduce, rank, 3, draw.normal(6), lambda chunk: None, lambda: nothing, mentions=rank
    )


# -- gradients --------------------------------------------------------------------------------------------


class Others:
    """Stands for all other ranks: an all-reduce that adds their tensors to what comes, and remembers both."""

    def __init__(self, draw):
        self.draw, self.came, self.added = draw, [], []

    def __call__(self, tensor):
        mine = tensor.detach().clone()
        self.came.append(mine)
        self.added.append(self.draw.normal(*mine.shape, dtype=mine.dtype))
        return mine + self.added[-1]

    def flat(self, which):
        return torch.cat([tensor.reshape(-1) for tensor in which]) if which else torch.zeros(0)


def two_layers(student, draw):
    """A Linear(3, 4) and a Linear(4, 2) in float64, with gradients; also the gradients by name."""
    model = nn_of(student).Sequential(nn_of(student).Linear(3, 4), nn_of(student).Linear(4, 2)).double()
    (model(draw.normal(5, 3)) * draw.normal(5, 2)).sum().backward()
    return model, model.gradients()


def check_gradients(expect, model, others, share):
    """The other ranks got `share` of each gradient, and the model holds the sums now. In the model's order."""
    now = list(model.gradients().values())
    wanted = torch.cat([g.reshape(-1) for g in share])
    count = sum(tensor.numel() for tensor in others.came)
    size = wanted.numel()
    expect.equal(count, size, f"{count} values went through `all_reduce`; the parameters have {size}.")
    message = "What this rank gave to `all_reduce` is not its share of the gradients, in the model's order."
    expect.close(others.flat(others.came), wanted, message)
    for gradient in now:
        expect.true(gradient is not None, "A parameter was left without a gradient after the all-reduce.")
    came = torch.cat([gradient.reshape(-1) for gradient in now])
    expect.close(came, wanted + others.flat(others.added), "The gradients are not what `all_reduce` returned.")


@pytest.mark.points(3)
def test_gradients_become_the_sum_over_ranks(student, draw, expect):
    """With equal shares each rank gives its part of the mean, and takes the sum."""
    model, before = two_layers(student, draw)
    others = Others(draw)
    student.all_reduce_gradients(model, others, 4, 12)
    check_gradients(expect, model, others, [g / 3 for g in before.values()])


@pytest.mark.points(2)
def test_shares_count_by_their_size(student, draw, expect):
    """A rank with 5 of 16 examples gives 5/16 of its mean gradient."""
    model, before = two_layers(student, draw)
    others = Others(draw)
    student.all_reduce_gradients(model, others, 5, 16)
    check_gradients(expect, model, others, [g * 5 / 16 for g in before.values()])


@pytest.mark.points(2)
def test_two_ranks_make_the_gradient_of_the_whole_batch(student, draw, expect):
    """3 and 5 examples on two ranks give the gradient of the mean loss over all 8."""
    state = {"weight": draw.normal(2, 3), "bias": draw.normal(2)}
    x, y = draw.normal(8, 3), draw.normal(8, 2)
    sent = []
    for rows in (slice(0, 3), slice(3, 8)):
        model = nn_of(student).Linear(3, 2).double()
        model.load_state_dict(state)
        (model(x[rows]) - y[rows]).square().sum(-1).mean().backward()
        sent.append([])

        def collect(tensor, kept=sent[-1]):
            kept.append(tensor.detach().clone())
            return tensor.detach().clone()

        student.all_reduce_gradients(model, collect, rows.stop - rows.start, 8)
    weight, bias = (state[name].clone().requires_grad_() for name in ("weight", "bias"))
    (x @ weight.T + bias - y).square().sum(-1).mean().backward()
    came = torch.cat([(a + b).reshape(-1) for a, b in zip(*sent, strict=True)])
    wanted = torch.cat([weight.grad.reshape(-1), bias.grad])
    expect.close(came, wanted, "The sum over both ranks is not the gradient of the whole batch's mean loss.")


def test_a_missing_gradient_takes_part_as_zero(student, draw, expect):
    """A parameter without a gradient here may have one on another rank, so it takes part with zeros."""
    model = nn_of(student).ModuleList([nn_of(student).Linear(3, 4), nn_of(student).Linear(4, 2)]).double()
    (model[0](draw.normal(5, 3)) * draw.normal(5, 4)).sum().backward()
    before = model.gradients()
    others = Others(draw)
    student.all_reduce_gradients(model, others, 1, 2)
    zeros = [torch.zeros(2, 4, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)]
    check_gradients(expect, model, others, [before["0.weight"] / 2, before["0.bias"] / 2, *zeros])


@pytest.mark.points(0.5)
def test_every_rank_calls_all_reduce_equally_often(student, draw, expect):
    """Every parameter goes through `all_reduce`, also those that have no gradient here: the other ranks wait for it."""
    model = nn_of(student).ModuleList([nn_of(student).Linear(3, 4), nn_of(student).Linear(4, 2)]).double()
    (model[0](draw.normal(5, 3)) * draw.normal(5, 4)).sum().backward()
    others = Others(draw)
    student.all_reduce_gradients(model, others, 1, 2)
    count, size = sum(tensor.numel() for tensor in others.came), 3 * 4 + 4 + 4 * 2 + 2
    expect.equal(count, size, f"{count} values went through `all_reduce`; the parameters have {size}.")


@pytest.mark.points(0.5)
def test_a_shared_parameter_is_reduced_once(student, draw, expect):
    """A parameter under two names takes part once, of one module that comes twice or of two that are tied."""
    shared, nn = nn_of(student).Linear(3, 3), nn_of(student)
    for model in (nn.Sequential(shared, nn.Tanh(), shared).double(), tied_layers(student)):
        (model(draw.normal(5, 3)) * draw.normal(5, 3)).sum().backward()
        before = model.gradients()
        others = Others(draw)
        student.all_reduce_gradients(model, others, 2, 6)
        check_gradients(expect, model, others, [g / 3 for g in before.values()])


@pytest.mark.points(0.25)
@pytest.mark.parametrize("had_learned", [False, True], ids=["frozen before", "frozen after a backward pass"])
def test_frozen_parameters_take_no_part(student, draw, expect, had_learned):
    """A parameter that requires no gradient is not reduced; it gets none and keeps the one that it may have."""
    model = nn_of(student).Linear(3, 4).double()
    model.parameters()[1].requires_grad_(had_learned)
    (model(draw.normal(5, 3)) * draw.normal(5, 4)).sum().backward()
    model.parameters()[1].requires_grad_(False)
    before = model.gradients()
    others = Others(draw)
    student.all_reduce_gradients(model, others, 1, 2)
    count = sum(tensor.numel() for tensor in others.came)
    expect.equal(count, 12, f"{count} values went through `all_reduce`; the weight has 12, and the bias is frozen.")
    expect.close(others.flat(others.came), before["weight"].reshape(-1) / 2)
    expect.equal(model.gradients()["bias"], before["bias"], "The gradient of a frozen parameter was changed.")


@pytest.mark.points(0.5)
def test_an_empty_share_adds_nothing(student, draw, expect):
    """A rank without examples has the mean of nothing, NaN: it takes part with zeros."""
    model = nn_of(student).Linear(3, 2).double()
    (model(draw.normal(4, 3)) * float("nan")).sum().backward()
    others = Others(draw)
    student.all_reduce_gradients(model, others, 0, 4)
    check_gradients(expect, model, others, [torch.zeros(8, dtype=torch.float64)])


# -- parameters -------------------------------------------------------------------------------------------


class Rank0:
    """A broadcast that returns rank 0's tensors: new values of the same shape, which it remembers."""

    def __init__(self, draw):
        self.draw, self.came, self.sent = draw, [], []

    def __call__(self, tensor):
        self.came.append(tensor.detach().clone())
        self.sent.append(self.draw.normal(*tensor.shape, dtype=tensor.dtype))
        return self.sent[-1].clone()

    def flat(self, which):
        return torch.cat([tensor.reshape(-1) for tensor in which]) if which else torch.zeros(0)


@pytest.mark.points(3)
def test_every_parameter_becomes_rank_0s(student, draw, expect):
    """After the broadcast the parameters have the values that rank 0 sent."""
    model, rank0 = (
        nn_of(student).Sequential(nn_of(student).Linear(3, 4), nn_of(student).Linear(4, 2)).double(),
        Rank0(draw),
    )
    before = torch.cat([p.reshape(-1) for p in model.named_parameters().values()])
    student.broadcast_parameters(model, rank0)
    expect.close(rank0.flat(rank0.came), before, "What went to `broadcast` is not this rank's parameters in order.")
    now = torch.cat([p.reshape(-1) for p in model.named_parameters().values()])
    expect.close(now, rank0.flat(rank0.sent), "The parameters are not what `broadcast` returned.")


@pytest.mark.points(0.5)
def test_the_parameters_stay_the_same_objects(student, draw, expect):
    """The values are written into the parameters that are there, which an optimizer holds on to."""
    model, rank0 = nn_of(student).Linear(3, 2).double(), Rank0(draw)
    weight, bias = model.parameters()
    student.broadcast_parameters(model, rank0)
    held = torch.cat([weight.detach().clone().reshape(-1), bias.detach().clone().reshape(-1)])
    expect.close(held, rank0.flat(rank0.sent), "The parameters that were there before have not got the new values.")
    message = "After the broadcast `weight` or `bias` requires no gradient any more."
    expect.equal([weight.requires_grad, bias.requires_grad], [True, True], message)


@pytest.mark.points(0.5)
def test_rank_0_keeps_its_own_memory(student, draw, expect):
    """Where `broadcast` returns rank 0's own tensors, as between threads, the values are copied."""
    model, rank0 = nn_of(student).Linear(3, 2).double(), nn_of(student).Linear(3, 2).double()
    values = {"weight": draw.normal(2, 3), "bias": draw.normal(2)}
    rank0.load_state_dict(values)
    builtins = student.imported("builtins")
    broadcast = student.imported("functools").partial(builtins.next, builtins.iter(rank0.parameters()))
    student.broadcast_parameters(model, broadcast)
    rank0.load_state_dict({"weight": draw.normal(2, 3), "bias": draw.normal(2)})
    for name, value in model.state_dict().items():
        message = f"After rank 0's own parameters were overwritten, `{name}` is not what rank 0 had sent before."
        expect.close(value, values[name], message)


@pytest.mark.points(0.5)
def test_a_shared_parameter_is_sent_once_and_stays_shared(student, draw, expect):
    """A parameter under two names is broadcast once, and is one parameter afterwards, of tied modules as well."""
    shared, nn = nn_of(student).Linear(3, 3), nn_of(student)
    for model, size in ((nn.Sequential(shared, nn.Tanh(), shared).double(), 12), (tied_layers(student), 15)):
        rank0 = Rank0(draw)
        student.broadcast_parameters(model, rank0)
        came = sum(tensor.numel() for tensor in rank0.came)
        expect.equal(came, size, f"{came} values went through `broadcast`; the parameters have {size}.")
        state = model.state_dict()
        expect.close(state["2.weight"], state["0.weight"], "`0.weight` and `2.weight`, once shared, now differ.")


@pytest.mark.points(0.5)
def test_buffers_are_sent_too(student, draw, expect):
    """What is no parameter but part of the state, such as running means, becomes rank 0's as well."""
    model = nn_of(student).BatchNorm1d(3, track_running_stats=True).double()
    sent = []

    def broadcast(tensor):
        sent.append((tensor.detach() * 0 + len(sent) + 2).clone())
        return sent[-1].clone()

    student.broadcast_parameters(model, broadcast)
    message = f"`broadcast` was called {len(sent)} times; there are two parameters and three buffers."
    expect.equal(len(sent), 5, message)
    expect.close(sorted(float(t.double().mean()) for t in model.state_dict().values()), [2.0, 3.0, 4.0, 5.0, 6.0])


@pytest.mark.points(0.5)
def test_buffers_that_are_not_saved_are_sent_too(student, draw, expect):
    """A buffer with `persistent=False`, which no state dict has, becomes rank 0's like the others."""
    model, rank0 = nn_of(student).Linear(3, 2, bias=False).double(), Rank0(draw)
    model.register_buffer("table", draw.normal(5), persistent=False)
    student.broadcast_parameters(model, rank0)
    count = sum(tensor.numel() for tensor in rank0.came)
    expect.equal(count, 11, f"{count} values went through `broadcast`; the weight has 6 and the buffer 5.")
    sent = next(tensor for tensor in rank0.sent if tensor.numel() == 5)
    expect.close(model.table, sent.reshape(5), "The buffer that is not saved has not got the values that rank 0 sent.")


@pytest.mark.points(0.5)
def test_gradients_stay_as_they_are(student, draw, expect):
    """The broadcast leaves all gradients as they are, and sends frozen parameters too."""
    model, before = two_layers(student, draw)
    model.parameters()[0].requires_grad_(False)
    rank0 = Rank0(draw)
    student.broadcast_parameters(model, rank0)
    for name, gradient in model.gradients().items():
        expect.close(gradient, before[name], f"After the broadcast the gradient of `{name}` is not what it was.")
    count = sum(tensor.numel() for tensor in rank0.came)
    expect.equal(count, 26, f"{count} values went through `broadcast`; the parameters, frozen or not, have 26.")
