"""seccomp: the system calls that a worker may not make, as a filter that the kernel runs before each call.

Refused is what starts processes, reaches other processes, the network or the kernel's shared objects, and what
Landlock does not cover: modes, owners, extended attributes and time stamps of files; which pages of a file are in
memory, and numbers that pipes have in turn, by which a worker could tell another what it saw. Threads are left alone.
A call that is newer than this table does not exist for the worker (ENOSYS), so programs fall back.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from grader.worker.sandbox.system import MACHINE, PR_SET_SECCOMP, Unavailable, prctl

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
COLUMN = {"x86_64": 0, "aarch64": 1}
NEWEST_KNOWN = 462

# name, number on x86_64, number on aarch64
REFUSED = """
socket 41 198 | socketpair 53 199 | connect 42 203 | bind 49 200 | listen 50 201 | accept 43 202
accept4 288 242 | ptrace 101 117 | process_vm_readv 310 270 | process_vm_writev 311 271
process_madvise 440 440 | process_mrelease 448 448 | kcmp 312 272 | get_robust_list 274 100
migrate_pages 256 238 | move_pages 279 239 | tkill 200 130 | rt_sigqueueinfo 129 138
rt_tgsigqueueinfo 297 240 | pidfd_open 434 434 | pidfd_getfd 438 438 | pidfd_send_signal 424 424
fork 57 - | vfork 58 - | execve 59 221 | execveat 322 281 | setpriority 141 140
ioprio_set 251 30 | sched_setscheduler 144 119 | sched_setparam 142 118 | sched_setattr 314 274
sched_setaffinity 203 122 | chmod 90 - | fchmod 91 52 | fchmodat 268 53 | fchmodat2 452 452
chown 92 - | lchown 94 - | fchown 93 55 | fchownat 260 54 | setxattr 188 5 | lsetxattr 189 6
fsetxattr 190 7 | removexattr 197 14 | lremovexattr 198 15 | fremovexattr 199 16 | utime 132 -
utimes 235 - | futimesat 261 - | utimensat 280 88 | flock 73 32 | mknod 133 - | mknodat 259 33
mount 165 40 | umount2 166 39 | mount_setattr 442 442 | open_tree 428 428 | move_mount 429 429
fsopen 430 430 | fsconfig 431 431 | fsmount 432 432 | fspick 433 433 | statmount 457 457
listmount 458 458 | pivot_root 155 41 | chroot 161 51 | swapon 167 224 | swapoff 168 225
unshare 272 97 | setns 308 268 | keyctl 250 219 | add_key 248 217 | request_key 249 218
bpf 321 280 | perf_event_open 298 241 | userfaultfd 323 282 | io_uring_setup 425 425
io_setup 206 0 | io_uring_enter 426 426 | io_uring_register 427 427 | memfd_create 319 279 | memfd_secret 447 447
shmget 29 194 | shmat 30 196 | shmctl 31 195 | shmdt 67 197 | semget 64 190 | semop 65 193
semtimedop 220 192 | semctl 66 191 | msgget 68 186 | msgsnd 69 189 | msgrcv 70 188 | msgctl 71 187
mq_open 240 180 | mq_unlink 241 181 | mq_timedsend 242 182 | mq_timedreceive 243 183
mq_notify 244 184 | mq_getsetattr 245 185 | name_to_handle_at 303 264 | open_by_handle_at 304 265
fanotify_init 300 262 | fanotify_mark 301 263 | inotify_init 253 - | inotify_init1 294 26
inotify_add_watch 254 27 | inotify_rm_watch 255 28 | init_module 175 105 | finit_module 313 273
delete_module 176 106 | create_module 174 - | kexec_load 246 104 | kexec_file_load 320 294
reboot 169 142 | syslog 103 116 | acct 163 89 | quotactl 179 60 | quotactl_fd 443 443
settimeofday 164 170 | clock_settime 227 112 | clock_adjtime 305 266 | adjtimex 159 171
sethostname 170 161 | setdomainname 171 162 | setuid 105 146 | setgid 106 144 | setreuid 113 145
setregid 114 143 | setresuid 117 147 | setresgid 119 149 | setfsuid 122 151 | setfsgid 123 152
setgroups 116 159 | capset 126 91 | iopl 172 - | ioperm 173 - | modify_ldt 154 -
personality 135 92 | lookup_dcookie 212 18 | uselib 134 - | nfsservctl 180 42 | vhangup 153 58
sysfs 139 - | _sysctl 156 - | ustat 136 - | cachestat 451 451 | preadv2 327 286 | pwritev2 328 287
pipe 22 - | pipe2 293 59
fadvise64 221 223 | readahead 187 213 | mincore 27 232 | lsm_set_self_attr 460 460
seccomp 317 277 | truncate 76 45 | sendmsg 46 211 | sendmmsg 307 269
"""
# These are looked into; see `_inspected`.
NUMBERS = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "openat2": (437, 437),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "open": (2, None),
    "openat": (257, 56),
    "mmap": (9, 222),
    "madvise": (28, 233),
}

CLONE_THREAD = 0x10000
O_TRUNC, ACCESS_MODE = 0o1000, 0o3
MAP_SHARED, MAP_GROWSDOWN = 0x1, 0x100
# To whom a descriptor's signals go, leases, and locks that other submissions could see.
FCNTL_REFUSED = (6, 7, 8, 10, 15, 37, 38, 1024, 1026)
# Terminal or not, its size, bytes waiting, non-blocking, close-on-exec.
IOCTL_ALLOWED = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# To put pages of a file out of the cache, for whoever comes later to see.
MADVISE_REFUSED = (20, 21)
# The signal at the parent's death, adopting orphans, choosing a tracer.
PRCTL_REFUSED = (1, 36, 0x59616D61)

LOAD, AND, RETURN = 0x20, 0x54, 0x06
IF_EQUAL, IF_GREATER, IF_ANY_BIT = 0x15, 0x25, 0x45
ALLOW, KILL = 0x7FFF0000, 0x80000000
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def enter() -> None:
    """Put the filter on this process, for good. `no_new_privs` must be set before."""
    if MACHINE not in ARCHITECTURES or sys.byteorder != "little":
        raise Unavailable(0, f"there is no filter for {MACHINE}")
    instructions = build(MACHINE, os.getpid())
    packed = b"".join(struct.pack("=HBBI", *item) for item in instructions)
    program = _Program(len(instructions), packed)
    prctl(PR_SET_SECCOMP, 2, ctypes.byref(program))


def build(machine: str, pid: int) -> list[Instruction]:
    """The filter's instructions. `pid` is the only process that may be signalled."""
    program = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (IF_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_AT),
        (IF_GREATER, 0, 1, NEWEST_KNOWN),
        (RETURN, 0, 0, _error(errno.ENOSYS)),
    ]
    column = COLUMN[machine]
    for name, body in _inspected(pid).items():
        number = NUMBERS[name][column]
        if number is not None:
            program += [(IF_EQUAL, 0, len(body), number), *body]
    for number in refused_numbers(machine):
        program += [(IF_EQUAL, 0, 1, number), (RETURN, 0, 0, _error(errno.EPERM))]
    return [*program, (RETURN, 0, 0, ALLOW)]


def refused_numbers(machine: str) -> list[int]:
    """The calls that are refused whatever their arguments."""
    rows = [item.split() for item in REFUSED.replace("\n", " | ").split("|") if item.strip()]
    return [int(row[1 + COLUMN[machine]]) for row in rows if row[1 + COLUMN[machine]] != "-"]


def _inspected(pid: int) -> dict[str, list[Instruction]]:
    refuse = (RETURN, 0, 0, _error(errno.EPERM))
    allow = (RETURN, 0, 0, ALLOW)
    absent = (RETURN, 0, 0, _error(errno.ENOSYS))
    # To open for reading with O_TRUNC empties a file; Landlock knows that only from version 3 on.
    empties = [(AND, 0, 0, O_TRUNC | ACCESS_MODE), (IF_EQUAL, 0, 1, O_TRUNC), refuse, allow]
    return {
        "clone": [_argument(0), (IF_ANY_BIT, 0, 1, CLONE_THREAD), allow, refuse],
        "clone3": [absent],  # its flags are behind a pointer; the C library then uses clone
        "openat2": [absent],  # likewise
        "kill": [_argument(0), *_if_equal((pid,), allow), refuse],
        "tgkill": [_argument(0), *_if_equal((pid,), allow), refuse],
        "prctl": [_argument(0), *_if_equal(PRCTL_REFUSED, refuse), allow],
        "prlimit64": [_argument(0), *_if_equal((0, pid), allow), refuse],
        "fcntl": [_argument(1), *_if_equal(FCNTL_REFUSED, refuse), allow],
        "ioctl": [_argument(1), *_if_equal(IOCTL_ALLOWED, allow), refuse],
        "open": [_argument(1), *empties],
        "openat": [_argument(2), *empties],
        "madvise": [_argument(2), *_if_equal(MADVISE_REFUSED, refuse), allow],
        # Memory that is shared, or that grows by itself, does not count as a process's own (RLIMIT_DATA), and a shared
        # file that is mapped to be read can be made to be written.
        "mmap": [
            _argument(3),
            (IF_ANY_BIT, 0, 1, MAP_SHARED | MAP_GROWSDOWN),
            refuse,
            allow,
        ],
    }


def _argument(index: int) -> Instruction:
    """Load the lower half of an argument: all of these are 32 bits wide to the kernel."""
    return (LOAD, 0, 0, ARGUMENTS_AT + 8 * index)


def _if_equal(values: tuple[int, ...], then: Instruction) -> list[Instruction]:
    return [part for value in values for part in ((IF_EQUAL, 0, 1, value), then)]


def _error(code: int) -> int:
    return 0x00050000 | code
