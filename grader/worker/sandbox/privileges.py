"""Giving up, for good, what the process could do beyond an ordinary user's process."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

from grader.worker.sandbox.system import (
    MACHINE,
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_SET_NO_NEW_PRIVS,
    prctl,
    syscall,
)

CAPSET = {"x86_64": 126, "aarch64": 91}
VERSION_3 = 0x20080522
DAC_READ_SEARCH = 1 << 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def no_new_privileges() -> None:
    """No program that is started gains anything; the kernel wants this before a filter is set."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up all capabilities. Root keeps one: to read files of others, as far as Landlock lets it."""
    if MACHINE not in CAPSET:
        return
    with suppress(OSError):
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    kept = DAC_READ_SEARCH if os.geteuid() == 0 else 0
    data = (_Data * 2)(_Data(kept, kept, 0), _Data(0, 0, 0))
    header = _Header(VERSION_3, 0)
    try:
        syscall(CAPSET[MACHINE], ctypes.byref(header), ctypes.byref(data))
    except PermissionError:  # not even that one to keep
        data = (_Data * 2)()
        syscall(CAPSET[MACHINE], ctypes.byref(header), ctypes.byref(data))
