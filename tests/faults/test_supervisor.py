"""The process manager of `langnghe run`: what dies is started again, and one signal stops everything."""

import shlex
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil
import pytest
from supervisor.options import ServerOptions  # type: ignore[import-untyped]

from app import supervisor
from app.bench.world import World
from app.settings import from_env
from tests.faults.conftest import LIGHTS_OUT, LOADING, Town, eventually

#: What the command of each program says, and no other's: "serve" alone is in "redis-server" too.
PROGRAMS = ("redis-server", "app.cli serve", "app.cli relay", "app.cli worker")
START = "from app.settings import from_env; from app.supervisor import hold, start; s = from_env(); hold(s); start(s)"


@pytest.fixture
def managed(prepared_sqlite: Path, models_dir: Path, tmp_path: Path) -> Iterator[tuple[Town, psutil.Popen]]:
    """Return an installation under its process manager, as `langnghe run` leaves it, and the manager."""
    # Short, for a socket lies in it; read as a command's words, as a format or as an address it is another one.
    folder = tmp_path / "đ 1%20"
    folder.mkdir()
    shutil.copy(prepared_sqlite, folder / "langnghe.db")
    town = Town(folder, f"sqlite:///{quote(str(folder / 'langnghe.db'))}", models_dir)
    del town.environ["REDIS_URL"]
    with town.log.open("ab") as log:
        manager = psutil.Popen([sys.executable, "-c", START], env=town.environ, stdout=log, stderr=log)
    eventually(lambda: ready(town), LOADING)
    yield town, manager
    if manager.poll() is None:
        family = offspring(manager)
        manager.kill()  # first, or it starts anew what is killed
        manager.wait()
        for process in family:
            kill(process)
    town.close()


@pytest.mark.timeout(300)
def test_what_is_killed_is_started_again_and_one_signal_stops_all(managed: tuple[Town, psutil.Popen]) -> None:
    """Injected: kill -9 of Redis, web, relay and every worker; then SIGINT, as Ctrl-C sends it.

    Expected: within moments reports are filed and understood again; after the signal nothing is left. With a manager
    that ends when one of its processes ends, or lets it lie, this fails.
    """
    town, manager = managed
    eventually(lambda: all(running(manager, program) for program in PROGRAMS), LOADING)
    with pytest.raises(supervisor.Taken, match=r"LANGNGHE_DATA=.* PORT="):  # a second one on the same folder
        supervisor.hold(town.hotline.settings)
    killed = [process for program in PROGRAMS for process in running(manager, program)]
    # What a killed process leaves behind (the web's own workers) still answers for a moment before it goes too.
    orphans = [orphan for process in killed for orphan in offspring(process)]
    for process in killed:
        kill(process)
    _, lingering = psutil.wait_procs([*killed, *orphans], LOADING)
    assert not lingering
    eventually(lambda: all(running(manager, program) for program in PROGRAMS), LOADING)
    eventually(lambda: ready(town), LOADING)
    (code,) = town.file(1, LIGHTS_OUT)
    # Ready is what the beat of the relay before says for a while; the new one and the worker may be loading still.
    eventually(lambda: town.triaged([code]), 2 * LOADING)

    family = [manager, *offspring(manager)]
    manager.send_signal(signal.SIGINT)
    gone, alive = psutil.wait_procs(family, LOADING)
    assert not alive
    assert gone
    supervisor.hold(town.hotline.settings)


def test_supervisor_reads_every_path_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "đường dây 100%(here)s"
    folder.mkdir()
    python = str(folder / ".venv" / "bin" / "python")
    monkeypatch.setattr(sys, "executable", python)
    environ = {"LANGNGHE_DATA": str(folder), "LANGNGHE_SECRET_KEY": "x" * 32}
    read = ServerOptions()
    read.realize(["-c", str(supervisor.write_config(from_env(environ)))])
    assert read.pidfile == str(folder / "supervisord.pid")
    told = {group.name: shlex.split(group.process_configs[0].command) for group in read.process_group_configs}
    assert {name: told[name] for name in ("web", "relay", "worker")} == {
        name: [python, "-m", "app.cli", command]
        for name, command in (("web", "serve"), ("relay", "relay"), ("worker", "worker"))
    }
    redis = told["redis"]
    assert redis[redis.index("--unixsocket") + 1] == "redis.sock"
    assert redis[redis.index("--dir") + 1] == str(folder)
    assert redis[redis.index("--save") + 1] == ""


def test_an_address_of_either_kind_is_looked_at_before_anything_starts(tmp_path: Path) -> None:
    environ = {"LANGNGHE_DATA": str(tmp_path), "LANGNGHE_SECRET_KEY": "x" * 32, "HOST": "::1"}
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        environ["PORT"] = port = str(other.getsockname()[1])
        other.listen()
        assert from_env(environ).public_url == f"http://[::1]:{port}"
        with pytest.raises(supervisor.Taken, match=rf"\[::1\]:{port} is taken"):
            supervisor.check_port(from_env(environ))
    supervisor.check_port(from_env(environ))
    for host in ("192.0.2.1", "nowhere.invalid"):
        with pytest.raises(supervisor.Taken, match=f"HOST, PORT: nobody can listen on {host}:{port} here"):
            supervisor.check_port(from_env(environ | {"HOST": host}))


def running(manager: psutil.Process, program: str) -> list[psutil.Process]:
    """Return the manager's own children of this program."""
    return [child for child in manager.children() if program in _command(child)]


def offspring(process: psutil.Process) -> list[psutil.Process]:
    """Return all that a process has started, and what that has; nothing for one that has just died."""
    with suppress(psutil.NoSuchProcess):
        return list(process.children(recursive=True))
    return []


def kill(process: psutil.Process) -> None:
    """Kill a process, unless it has died by itself meanwhile."""
    with suppress(psutil.NoSuchProcess):
        process.kill()


def _command(process: psutil.Process) -> str:
    """Return how a process was started; nothing for one that has just died."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def ready(town: World) -> bool:
    """Tell whether the installation says that it takes reports and works on them."""
    try:
        return httpx.get(f"{town.url}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
