"""The crew: exhibits examined in several processes at once, under one act.

Readers are Python and hold its lock; so each worker is a process, forked when the act begins. It
writes its own segments, and answers with what it examined; what concerns the ledger or the
catalog comes back to the one process that holds them. A worker dies with that process.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Literal

from faisceau.case.examining import Examined, Examiner, OutsideMandate, Task
from faisceau.errors import FaisceauError
from faisceau.mandate.permit import Permit
from faisceau.tables.lake import Lake, LakeWriter, Segment

_PR_SET_PDEATHSIG = 1
"""``prctl(2)``: the signal a process gets when its parent ends."""


Result = Examined | FaisceauError | OutsideMandate


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task, and the ``rows`` that its ``worker`` has written so far."""

    task: Task
    result: Result
    worker: str
    rows: int


_Order = tuple[Literal["examine"], Task] | tuple[Literal["finish"], None]


class Crew:
    """Workers that examine exhibits. Used through ``crew_of``."""

    def __init__(self, pipes: list[Connection]) -> None:
        self._idle = list(pipes)
        self._busy: dict[Connection, Task] = {}

    @property
    def waiting(self) -> list[Task]:
        """The exhibits being examined."""
        return list(self._busy.values())

    def give(self, task: Task) -> Outcome | None:
        """Hand out a task; what became of another one, when a worker had to end it first."""
        ended = None if self._idle else self.take()
        pipe = self._idle.pop()
        pipe.send(("examine", task))
        self._busy[pipe] = task
        return ended

    def take(self) -> Outcome:
        """What became of the next task to end. Raises what a worker did not expect."""
        pipe = wait(self._busy)[0]
        assert isinstance(pipe, Connection)
        answer = self._answer(pipe)
        assert isinstance(answer, Outcome)
        del self._busy[pipe]
        self._idle.append(pipe)
        return answer

    def finish(self) -> list[Segment]:
        """The segments of all, durable, once nothing is being examined."""
        assert not self._busy
        for pipe in self._idle:
            pipe.send(("finish", None))
        return [segment for pipe in self._idle for segment in self._answer(pipe)]

    def _answer(self, pipe: Connection) -> Any:
        try:
            answer = pipe.recv()
        except EOFError as error:
            raise RuntimeError("a worker ended before its work") from error
        if isinstance(answer, BaseException):
            raise answer
        return answer


@contextmanager
def crew_of(
    workers: int, examiner: Examiner, lake: Lake, permit: Permit, token: str
) -> Iterator[Crew]:
    """A crew at work under ``permit``; whatever happens, no worker outlives the block."""
    context = multiprocessing.get_context("fork")
    pipes, processes = [], []
    for number in range(workers):
        mine, theirs = context.Pipe()
        process = context.Process(
            target=_work,
            args=(theirs, examiner, lake, permit, f"{token}-{number}"),
            daemon=True,
        )
        process.start()
        theirs.close()
        pipes.append(mine)
        processes.append(process)
    try:
        yield Crew(pipes)
    finally:
        for pipe in pipes:
            pipe.close()  # a worker that waits for orders ends; one at work is stopped
        for process in processes:
            process.terminate()
            process.join()


def _work(orders: Connection, examiner: Examiner, lake: Lake, permit: Permit, token: str) -> None:
    """A worker: examines what it is given until it is told to finish."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with(parent.pid)
    with contextlib.suppress(EOFError, BrokenPipeError):
        try:
            with lake.writing(permit, token) as writer:
                order: _Order
                while (order := orders.recv())[0] == "examine":
                    assert order[1] is not None
                    result = examined(order[1], examiner, permit, writer)
                    orders.send(Outcome(order[1], result, token, writer.rows))
                orders.send(writer.finish())
        except (EOFError, BrokenPipeError):
            raise
        except BaseException as error:
            orders.send(RuntimeError(f"{type(error).__name__}: {error}"))
    orders.close()
    os._exit(0)  # nothing that was forked with it is this process's to close


def examined(task: Task, examiner: Examiner, permit: Permit, writer: LakeWriter) -> Result:
    """What examining an exhibit gave, or what is wrong with it."""
    try:
        return examiner.examine(task, permit, writer)
    except (FaisceauError, OutsideMandate) as error:
        return error


def die_with(parent: int) -> None:
    """End when the process that started this one does, however it ends (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)  # it ended before the call
