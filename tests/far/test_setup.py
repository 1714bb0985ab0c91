"""`scripts/setup.sh`: what was broken off or came from elsewhere is made anew, and what failed says so."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: A Python whose environments have a pip that writes down what it is asked, and fails on request.
PYTHON = """#!/bin/bash
case "$*" in
  --version) echo "Python ${FAKE_VERSION:-3.12.1}" ;;
  -c*) ;;
  "-m venv"*)
    [ "$3" != --clear ] || rm -rf .venv
    mkdir -p .venv/bin && echo made >>log
    sed "s/FAKE_VERSION:-3.12.1/FAKE_OWN:-${FAKE_VERSION:-3.12.1}/" "$0" >.venv/bin/python && chmod +x .venv/bin/python
    echo "command = python3 -m venv --clear $(pwd -P)/.venv" >.venv/pyvenv.cfg
    [ -z "${FAKE_BROKEN:-}" ] || exit 1
    touch .venv/pip ;;
  "-m pip --version") [ -e .venv/pip ] ;;
  "-m pip install"*) echo installed >>log ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with a space in its name that holds what the script needs of ours."""
    folder = tmp_path / "đường dây nóng"
    for name in ("scripts/setup.sh", "setup.cfg", "pyproject.toml", "app/assets/package.json",
                 "app/assets/package-lock.json", "app/assets/icons.txt"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    _program(folder / "python", PYTHON)
    return folder


def test_an_environment_is_made_once(clone: Path) -> None:
    assert [_set_up(clone), _set_up(clone)] == [0, 0]
    assert _log(clone) == ["made", "installed"]


def test_an_environment_that_was_broken_off_is_made_anew(clone: Path) -> None:
    assert _set_up(clone, FAKE_BROKEN="1") != 0
    assert _set_up(clone) == 0
    assert _log(clone) == ["made", "made", "installed"]


def test_an_environment_of_another_folder_or_another_python_is_made_anew(clone: Path) -> None:
    assert _set_up(clone) == 0
    moved = clone.rename(clone.with_name("dời đi"))
    assert _set_up(moved) == 0
    assert _set_up(moved, FAKE_VERSION="3.13.0") == 0
    assert _log(moved) == ["made", "installed"] * 3


@pytest.mark.parametrize("broken", ["npm", "pyftsubset"])
def test_assets_that_could_not_be_built_are_a_failure_and_are_built_the_next_time(clone: Path, broken: str) -> None:
    for name in ("npm", ".venv/bin/pyftsubset", ".venv/bin/python"):
        _program(clone / name, "#!/bin/bash\nexit 0\n")
    for name in ("lucide-static/icons/search.svg", "leaflet/dist/leaflet.js", "leaflet/dist/leaflet.css",
                 "axe-core/axe.min.js"):  # fmt: skip
        (clone / "app/assets/node_modules" / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / "app/assets/node_modules" / name).touch()
    (clone / "app/assets/icons.txt").write_text("search\n", "utf-8")
    script, path = "source scripts/setup.sh && set_up_assets", f"{clone}:{os.environ['PATH']}"
    program = clone / (broken if broken == "npm" else f".venv/bin/{broken}")
    _program(program, "#!/bin/bash\nexit 7\n")
    assert _bash(clone, script, PATH=path) != 0
    assert not (clone / "app/static/vendor/.built").exists()
    _program(program, "#!/bin/bash\nexit 0\n")
    assert _bash(clone, script, PATH=path) == 0
    assert (clone / "app/static/vendor/.built").exists()
    assert (clone / "app/static/vendor/leaflet/leaflet.js").exists()


def _set_up(folder: Path, **environ: str) -> int:
    """Run what `scripts/run` does before it serves, without the assets."""
    script = "set -euo pipefail; source scripts/setup.sh; set_up_assets() { :; }; set_up ''"
    return _bash(folder, script, PYTHON=str(folder / "python"), **environ)


def _bash(folder: Path, script: str, **environ: str) -> int:
    return subprocess.run(["bash", "-c", script], cwd=folder, env=os.environ | environ, check=False).returncode


def _log(folder: Path) -> list[str]:
    return (folder / "log").read_text("utf-8").split()


def _program(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    file.chmod(0o755)
