"""A new release takes the place of the old one while people file: nobody meets a shut door."""

import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing
from functools import partial

import httpx

from tests.faults.conftest import LIGHTS_OUT, LOADING, Town, eventually

PEOPLE = 4
LISTENING = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-m", "app.cli", "serve"])
"""


def test_a_new_release_takes_over_under_load(town: Town) -> None:
    """Injected: while people file without pause, a second web process is started on the socket that the service
    manager holds, both serve side by side, and the first is told to end. Expected: no request fails, and each report
    that was taken is a ticket.

    With each process opening the port itself the second cannot start, and ending the first one first refuses whoever
    comes in between.
    """
    town.prepare()
    filed: list[int] = []
    calm = threading.Event()
    with closing(socket.create_server(("127.0.0.1", town.port), backlog=128)) as held:
        old = _serve(town, held)
        people = [threading.Thread(target=_keep_filing, args=(town.url, filed, calm)) for _ in range(PEOPLE)]
        for person in people:
            person.start()
        new = _serve(town, held)
        eventually(partial(_children, town, new), LOADING)
        eventually(partial(_more_than, filed, len(filed) + 20), LOADING)
        old.terminate()
        assert old.wait(LOADING) == 0
        eventually(partial(_more_than, filed, len(filed) + 20), LOADING)
        calm.set()
        for person in people:
            person.join()
    assert set(filed) == {201}
    assert town.count() == len(filed)
    town.assert_consistent()


def _serve(town: Town, held: socket.socket) -> "subprocess.Popen[bytes]":
    """Start a web process as systemd does for a unit that has a socket: it is file 3, and two variables say so."""
    with town.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", LISTENING, str(held.fileno())],
            env=town.environ | {"LISTEN_FDS": "1"},
            stdout=log,
            stderr=log,
            pass_fds=[held.fileno()],
            start_new_session=True,
        )
    town.processes.append(process)
    return process


def _children(town: Town, process: "subprocess.Popen[bytes]") -> bool:
    return bool(town.children(process))


def _more_than(filed: list[int], count: int) -> bool:
    return len(filed) > count


def _keep_filing(url: str, filed: list[int], calm: threading.Event) -> None:
    while not calm.is_set():
        with httpx.Client(timeout=LOADING) as client:
            answer = client.post(
                f"{url}/api/v1/reports",
                json={"text": f"{LIGHTS_OUT} {uuid.uuid4()}"},
                headers={"Idempotency-Key": uuid.uuid4().hex, "Connection": "close"},
            )
        filed.append(answer.status_code)
        time.sleep(0.01)
