"""A whole installation in a temporary folder: settings, schema, city, and the processes of `langnghe`."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import psutil

from app import loading, migration
from app.bench.scratch import RedisServer
from app.hotline import Hotline, open_hotline
from app.settings import from_env

PATIENCE: Final = 30.0
#: Nobody waits, and nobody is logged out because a clock was moved by weeks.
NO_HURRY: Final = {
    "LANGNGHE_INTAKE_PER_MINUTE": "1000000",
    "LANGNGHE_LOGIN_PER_QUARTER_HOUR": "1000000",
    "LANGNGHE_SESSION_IDLE": "9000000",
    "LANGNGHE_SESSION_LIFE": "9000000",
}


class DidNotStart(Exception):
    """Raised when a process ends or stays silent instead of serving; holds what it printed last."""


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class World:
    """One installation that can be killed. `environ` is what its processes are started with."""

    def __init__(self, folder: Path, database_url: str, extra: Mapping[str, str] | None = None) -> None:
        """Describe the installation; `prepare` makes it."""
        self.folder = folder
        self.port = free_port()
        self.redis = RedisServer(folder)
        self.environ = {
            name: value for name, value in os.environ.items() if not name.startswith("LANGNGHE_") and name != "PORT"
        } | {
            "LANGNGHE_DATA": str(folder),
            "LANGNGHE_SECRET_KEY": "scratch-" + "x" * 40,
            "LANGNGHE_SEAL_KEY": "scratch-seal-" + "y" * 40,
            "LANGNGHE_CONTACT_KEY": "scratch-contact-" + "z" * 40,
            "LANGNGHE_DATABASE_ROLE": "langnghe_staff",
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis.url,
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            **NO_HURRY,
            **(extra or {}),
        }
        self.hotline: Hotline = open_hotline(from_env(self.environ))
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """Where the web process answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What every process of this world prints."""
        return self.folder / "processes.log"

    def prepare(self, model: Path | None = None) -> None:
        """Bring the database to this release, load the city, and put a trained model (a models folder) in place."""
        migration.upgrade(self.hotline.database)
        loading.load(self.hotline)
        if model is not None:
            shutil.copytree(model, self.hotline.settings.models)

    def spawn(self, *arguments: str, module: str = "app.cli", **extra: str) -> "subprocess.Popen[bytes]":
        """Start a process of this installation, in a session of its own."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-m", module, *arguments],
                env=self.environ | extra,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def serve(self, module: str = "app.cli", **extra: str) -> "subprocess.Popen[bytes]":
        """Start the web process and wait until it answers."""
        process = self.spawn(*(("serve",) if module == "app.cli" else ()), module=module, **extra)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(f"{self.url}/healthz", timeout=2)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return process
        raise DidNotStart(self.log.read_text(errors="replace")[-2000:])

    def end(self, process: "subprocess.Popen[bytes]", number: int = signal.SIGTERM) -> int:
        """Signal a process and return its exit code."""
        process.send_signal(number)
        return process.wait(PATIENCE)

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill a process and all that it started, at once."""
        process.kill()
        process.wait(PATIENCE)
        for child in self.children(process):
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def children(self, process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
        """Return what a process of this installation has started, even if it has died itself.

        RQ puts each work-horse into a process group of its own, but it stays in the session that `spawn` began.
        """
        return [
            other for other in psutil.process_iter() if other.pid != process.pid and self._belongs(other, process.pid)
        ]

    def _belongs(self, other: psutil.Process, session: int) -> bool:
        # By the time we ask, a stranger may have been given a number that was ours: the environment tells.
        with suppress(psutil.Error, ProcessLookupError):
            return os.getsid(other.pid) == session and other.environ().get("LANGNGHE_DATA") == str(self.folder)
        return False

    def close(self) -> None:
        """Kill what still runs."""
        for process in self.processes:
            self.kill(process)
        self.redis.stop()
        self.hotline.database.close()


@contextmanager
def world(database_url: str | None = None, **extra: str) -> Iterator[World]:
    """Yield a world that is not prepared yet; on a SQLite file of its own unless told otherwise."""
    folder = Path(tempfile.mkdtemp(prefix="ln-"))
    made = World(folder, database_url or f"sqlite:///{folder / 'langnghe.db'}", extra)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)
