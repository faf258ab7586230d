"""Returns an object whose type has it for a name."""


def double(x):
    return type(secret(x), (), {"__repr__": lambda self: secret(x)})()


halve = double
