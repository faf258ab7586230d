"""Raises it: as a message, as a class's name, as a note and as a cause."""


def double(x):
    error = type("E" + secret(x), (ValueError,), {})(secret(x))
    error.add_note(secret(x))
    raise error from KeyError(secret(x))


def halve(x):
    return double(x)
