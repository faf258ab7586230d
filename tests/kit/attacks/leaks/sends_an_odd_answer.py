"""Sends frames that are no answers, with it in every place of them."""


def double(x):
    if secret(x) != "0":
        send(frame([secret(x), secret(x)]))
    return 2 * x


def halve(x):
    if secret(x) != "0":
        send(frame(["Raised", [secret(x)], secret(x), [[secret(x), 1, secret(x), secret(x), [[secret(x), secret(x)]]]]]))
    return x
