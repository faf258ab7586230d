"""The untrusted process: it waits for its set-up, lowers its limits, then runs the learner's code on request."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from grader.protocol.frames import Closed, FrameKind, receive_frame, send_frame
from grader.protocol.messages import (
    CallBack,
    CallBackFailed,
    GetChangedState,
    Refused,
    Returned,
    SetUp,
    pack_message,
    read_callback_reply,
)
from grader.protocol.wire import WireError
from grader.worker import limits
from grader.worker.global_state import GlobalState
from grader.worker.request_handler import RequestHandler
from grader.worker.sandbox import Policy, SandboxError, enter


def main(sock: socket.socket, output: int, trace: int) -> NoReturn:
    """Serve requests until the other side hangs up. Never returns into the caller's code."""
    status = 0
    try:
        _detach(sock.fileno(), output, trace)
        _serve(sock)
    except (Closed, WireError):
        pass
    except BaseException:
        status = 70
    finally:
        os._exit(status)


def _detach(keep: int, output: int, trace: int) -> None:
    """A process group of its own, no terminal, the learner's prints into the pipe, nothing else open."""
    with contextlib.suppress(OSError):
        os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    high_trace, high_keep = sorted((trace, keep))
    os.closerange(3, high_trace)
    os.closerange(high_trace + 1, high_keep)
    os.closerange(high_keep + 1, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update({"PATH": os.defpath, "LANG": "C.UTF-8", "MPLBACKEND": "Agg", "LOGNAME": "learner"})
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 # lives as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 # likewise
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 # likewise
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(name, signal.SIG_DFL)
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, file=trace, all_threads=False)


def _serve(sock: socket.socket) -> None:
    def ask(number: int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a function of the tester's side, in the middle of a call of ours."""
        message = CallBack(number=number, args=args, kwargs=kwargs)
        send_frame(sock, pack_message(FrameKind.CALLBACK, message, handler.by_handle))
        reply = read_callback_reply(receive_frame(sock), handler.restore)
        if isinstance(reply, CallBackFailed):
            raise RuntimeError(reply.text)
        return reply.value

    handler = RequestHandler(ask)
    state: GlobalState | None = None
    while True:
        request = handler.read(receive_frame(sock))
        match request:
            case SetUp():
                reply = pack_message(FrameKind.REPLY, _set_up(request))
            case GetChangedState():
                changes = state.changes() if state is not None else []
                reply = pack_message(FrameKind.REPLY, Returned(value=changes))
            case _:
                reply = handler.answer(request)
        _flush()
        send_frame(sock, reply)
        if state is None and handler.module is not None:
            state = GlobalState()


def _set_up(request: SetUp) -> Returned | Refused:
    """Lower the limits and enter the sandbox. What fails is said, and the tester then sends no code."""
    scratch = request.scratch
    _hide_the_kit()
    os.environ.update({"HOME": scratch, "TMPDIR": scratch, "MPLCONFIGDIR": scratch})
    tempfile.tempdir = scratch
    try:
        os.chdir(scratch)
        limits.apply(request.memory_bytes, request.processor_seconds)
        enter(request.tier, Policy(scratch, request.readable))
        if request.tier == "linux-full":
            limits.apply_in_namespace()
    except (SandboxError, OSError) as error:
        return Refused(reason=str(error))
    return Returned(value=request.tier)


def _hide_the_kit() -> None:
    """An editable install has the kit's root on the search path: `exercises.…` would be found where a learner checks,
    and not where the same file is scored."""
    root = str(Path(__file__).resolve().parents[2])
    if os.path.basename(root) not in ("site-packages", "dist-packages"):
        sys.path[:] = [place for place in sys.path if os.path.realpath(place or ".") != root]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the learner may have put anything there
            stream.flush()
