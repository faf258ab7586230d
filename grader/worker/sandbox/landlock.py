"""Landlock: which files may be opened, held by the kernel for this process and for all that it starts.

Each version of the kernel's interface adds rights to take away; on an older kernel those stay out, and the
seccomp filter closes what it can of them. Paths that no rule names can still be asked for their metadata.
"""

from __future__ import annotations

import ctypes
import os
import stat
from contextlib import suppress

from grader.worker.sandbox.policy import WRITABLE_DEVICES, Policy
from grader.worker.sandbox.system import Unavailable, syscall

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1

WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_DIR, MAKE_REG = 1 << 7, 1 << 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

FIRST_RIGHTS = (1 << 13) - 1  # what version 1 knows: among them execute, and making links, sockets and devices
READ = READ_FILE | READ_DIR
SCRATCH = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
ON_A_FILE = READ_FILE | WRITE_FILE | TRUNCATE
TCP_BIND_AND_CONNECT = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """The kernel's Landlock version; 0 where it has none or it is switched off."""
    try:
        return syscall(CREATE_RULESET, ctypes.c_void_p(None), 0, CREATE_RULESET_VERSION)
    except OSError:
        return 0


def handled_files(abi: int) -> int:
    """The rights on files that a ruleset of this version takes away."""
    newer = ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV))
    return FIRST_RIGHTS | sum(right for since, right in newer if abi >= since)


def enter(policy: Policy) -> None:
    """Hold this process to the policy, for good. `no_new_privs` must be set before."""
    abi = version()
    if abi < 1:
        raise Unavailable(0, "this kernel has no Landlock")
    attributes = _RulesetAttributes(
        handled_files(abi),
        TCP_BIND_AND_CONNECT if abi >= 4 else 0,
        ABSTRACT_SOCKETS_AND_SIGNALS if abi >= 6 else 0,
    )
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8  # an older kernel refuses fields that it does not know
    ruleset = syscall(CREATE_RULESET, ctypes.byref(attributes), size, 0)
    try:
        for path in policy.all_readable():
            with suppress(FileNotFoundError):
                _allow(ruleset, path, READ, abi)
        for path in WRITABLE_DEVICES:
            _allow(ruleset, path, READ | WRITE_FILE | TRUNCATE, abi)
        _allow(ruleset, policy.scratch, SCRATCH, abi)
        syscall(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int, abi: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights &= handled_files(abi)
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= ON_A_FILE
        rule = _PathBeneath(rights, descriptor)
        syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)
