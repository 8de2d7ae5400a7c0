"""A process that has imported the command line once, and forks at each call.

Every call is a process of its own, that can be killed, without paying the imports again. Requests
come on standard input, one JSON object a line: ``args``, ``env``, ``out`` and ``err`` (paths).
Answers go to standard output: ``{"started": pid}``, later ``{"ended": pid, "code": n}``.
"""

import importlib
import json
import os
import pkgutil
import selectors
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from coverage import Coverage

import faisceau.analyses
import faisceau.evidence.readers
from faisceau.cli import run

for name in ("cli.commands", "cli.views", "cli.asking", "case.workspace", "case.proving"):
    importlib.import_module(f"faisceau.{name}")
for package in (faisceau.evidence.readers, faisceau.analyses):
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(info.name)


STEPS = {"os.rename", "os.remove", "os.truncate"}


def die_at(step: int) -> None:
    """End the process, as a kill would, just before its ``step``-th change of names or sync."""
    left = [step]

    def count() -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(sync: Callable[[int], None]) -> Callable[[int], None]:
        def syncing(handle: int) -> None:
            count()
            sync(handle)

        return syncing

    os.fsync = counted(os.fsync)  # type: ignore[assignment]
    os.fdatasync = counted(os.fdatasync)  # type: ignore[assignment]
    sys.addaudithook(lambda event, _: count() if event in STEPS else None)


def call(request: Mapping[str, Any]) -> NoReturn:
    """The command line in this process, its output to files; ends the process.

    Without the interpreter's own end: libraries would wait there for threads that a fork lacks.
    """
    os.environ.clear()
    os.environ.update(request["env"])
    sys.path[:0] = request["env"].get("PYTHONPATH", "").split(os.pathsep)  # plug-ins of a test
    for target, name in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        flags = os.O_RDONLY if target == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(name, flags), target)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    if (step := os.environ.get("DIES_AT")) is not None:
        die_at(int(step))
    try:
        code = run([os.fsdecode(bytes.fromhex(argument)) for argument in request["args"]])
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    if (measuring := Coverage.current()) is not None:
        measuring.stop()
        measuring.save()
    os._exit(code)


def serve() -> None:
    """Fork at each request, until standard input ends."""
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    watch = selectors.DefaultSelector()
    watch.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in watch.select():
            if key.fileobj is requests:
                line = requests.readline()
                if not line:
                    return
                pid = os.fork()
                if pid == 0:
                    call(json.loads(line))
                watch.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
                answers.write(json.dumps({"started": pid}).encode() + b"\n")
            else:
                watch.unregister(key.fileobj)
                os.close(key.fd)
                _, status = os.waitpid(key.data, 0)
                code = os.waitstatus_to_exitcode(status)
                answers.write(json.dumps({"ended": key.data, "code": code}).encode() + b"\n")


if __name__ == "__main__":
    print("{}", flush=True)  # everything is imported
    serve()
