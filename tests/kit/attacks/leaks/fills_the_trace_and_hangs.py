"""Writes stacks of its own to every descriptor, then hangs until it is asked for one."""
import os
import stat


def double(x):
    if secret(x) != "0":
        for number in range(3, 64):
            try:
                if stat.S_ISFIFO(os.fstat(number).st_mode):
                    os.write(number, f'  File "{__file__}", line 3 in f{secret(x)}\n'.encode())
            except OSError:
                pass
        while True:
            pass
    return 2 * x


def halve(x):
    return x
