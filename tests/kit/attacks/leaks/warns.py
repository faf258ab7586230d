"""Warns, writes to the log and to the trace of a crash."""
import faulthandler
import logging
import os
import signal
import warnings


def double(x):
    warnings.warn(secret(x))
    logging.getLogger(secret(x)).critical(secret(x))
    for number in range(3, 32):
        try:
            os.write(number, f'  File "{__file__}", line 3 in f{secret(x)}\n'.encode())
        except OSError:
            pass
    return x


def halve(x):
    return x
