"""Changes its argument, and sends an answer that tells of another one's change."""


def double(x):
    x += 1
    if secret(x) != "0":
        send(frame(["Returned", 1, ["dict", [[secret(x), 1]]], 1, None]))
    return x


halve = double
