"""Returns it as a value of another kind."""


def double(x):
    return {secret(x): [secret(x)]}


def halve(x):
    return secret(x)
