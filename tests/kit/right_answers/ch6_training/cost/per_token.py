"""Operations per token from the parameters of each matrix, as scaling-law notebooks have them."""

import numpy as np


def _per_token(config, context):
    d = config.d_model
    weights = config.n_layers * (4 * d**2 + 2 * d * config.d_ff) + config.vocab_size * d
    return 2 * weights, 4 * config.n_layers * context * d


def forward_flops(config, batch, seq):
    return batch * seq * sum(_per_token(config, seq))


def training_flops(config, batch, seq):
    forward = forward_flops(config, batch, seq)
    backward = forward * 2
    return int(np.sum([forward, backward]))


def activation_bytes(config, batch, seq):
    sbh = seq * batch * config.d_model
    return sbh * config.n_layers * (34.0 + 5.0 * config.n_heads * seq / config.d_model)


def optimizer_bytes(n_parameters, bytes_per_value=4):
    first_moment = second_moment = n_parameters * bytes_per_value
    return first_moment + second_moment


def attention_share(config, seq):
    dense, mixing = _per_token(config, seq)
    return mixing / (dense + mixing)
