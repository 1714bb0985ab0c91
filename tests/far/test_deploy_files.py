"""The files for deployment name commands, settings and dependencies that are there."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from app.cli import main
from app.settings import KEY_FILES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs/deploy"
SERVICES = sorted(DEPLOY.glob("*.service"))


@pytest.mark.parametrize("service", SERVICES, ids=lambda file: file.name)
def test_a_unit_starts_a_command_that_there_is_and_waits_long_enough_for_its_end(service: Path) -> None:
    unit = _read(service)["Service"]
    program, command = unit["ExecStart"].split()
    assert program == "/opt/langnghe/.venv/bin/langnghe"
    assert command in main.list_commands(click.Context(main))
    grace = {"serve": 10, "worker": 20, "relay": 0}[command]  # gunicorn's, a job's, none
    assert int(unit["TimeoutStopSec"]) > grace


def test_a_worker_that_is_stopped_ends_its_job_first() -> None:
    """By default systemd signals every process of a unit; a work-horse dies of that in the middle of its job."""
    assert _read(DEPLOY / "langnghe-worker@.service")["Service"].get("KillMode") == "mixed"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here to ask")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for file in (*SERVICES, *DEPLOY.glob("*.socket"), *DEPLOY.glob("*.target")):
        text = file.read_text("utf-8").replace("/opt/langnghe/.venv/bin/langnghe", "/bin/true")
        (tmp_path / file.name).write_text(text, "utf-8")
    files = [str(file) for file in tmp_path.iterdir()]
    done = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_image_is_built_without_secrets_data_and_what_is_built_anew() -> None:
    """`COPY . .` takes what is not named here; both podman and docker read this file."""
    left_out = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    assert {"var", ".git", ".venv", ".release", "**/node_modules", "app/static/vendor", "build"} <= set(left_out)
    assert not {"models", "app", "docs", "scripts"} & set(left_out)


def test_only_the_web_process_is_asked_for_its_health() -> None:
    examples = re.findall(r"^# +podman run .*", (DEPLOY / "Containerfile").read_text("utf-8"), re.MULTILINE)
    assert [(" serve" in line, "--no-healthcheck" in line) for line in examples] == [(True, False), (False, True)]


def test_the_example_of_an_environment_names_settings_that_there_are() -> None:
    names = re.findall(r"^([A-Z_]+)=", (DEPLOY / "environment.example").read_text("utf-8"), re.MULTILINE)
    documented = (ROOT / "docs/operations.md").read_text("utf-8")
    assert names
    assert not [name for name in names if f"`{name}`" not in documented]
    assert set(KEY_FILES.values()) <= set(names), "several hosts must be given each key"


def test_every_dependency_is_locked_within_its_bounds_with_hashes_and_no_address() -> None:
    lock = (DEPLOY / "requirements.lock").read_text("utf-8")
    locked = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock, re.MULTILINE))
    for wanted in map(Requirement, _wanted()):
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        assert name in locked, f"{name}: run scripts/release lock"
        assert wanted.specifier.contains(locked[name]), f"{name} {locked[name]}: run scripts/release lock"
    assert lock.count("--hash=sha256:") >= len(locked)
    assert "://" not in lock
    assert "/opt/" not in lock


def _read(file: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(file.read_text("utf-8"))
    return parser


def _wanted() -> list[str]:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read_string((ROOT / "setup.cfg").read_text("utf-8"))
    return setup["options"]["install_requires"].split("\n")[1:]
