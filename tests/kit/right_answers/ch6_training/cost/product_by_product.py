"""The products one by one, each head on its own, and floats for the estimate."""

from ch5_models.gpt import GPT, GPTConfig  # noqa: F401  # the names that the stub brings along


def product(m, k, n):
    return 2 * m * k * n


def scores_and_mixing(config, seq):
    d_head = config.d_model // config.n_heads
    return sum(product(seq, d_head, seq) + product(seq, seq, d_head) for _ in range(config.n_heads))


def forward_flops(config, batch, seq):
    total = 0
    for _ in range(config.n_layers):
        total += 3 * product(seq, config.d_model, config.d_model)
        total += scores_and_mixing(config, seq)
        total += product(seq, config.d_model, config.d_model)
        total += product(seq, config.d_model, config.d_ff) + product(seq, config.d_ff, config.d_model)
    return batch * (total + product(seq, config.d_model, config.vocab_size))


def training_flops(config, batch, seq):
    forward = forward_flops(config, batch, seq)
    return forward + 2 * forward


def activation_bytes(config, batch, seq):
    s, b, h, a = seq, batch, config.d_model, config.n_heads
    return config.n_layers * s * b * h * (34 + 5 * a * s / h)


def optimizer_bytes(n_parameters, bytes_per_value=4):
    moments = ("m", "v")
    return len(moments) * bytes_per_value * n_parameters


def attention_share(config, seq):
    return config.n_layers * scores_and_mixing(config, seq) / forward_flops(config, 1, seq)
