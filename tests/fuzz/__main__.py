"""`scripts/fuzz`: try each promise for its share of the time, one process at a time, and say what broke it."""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

_HERE: Final = Path(__file__).parent
#: Seconds beyond its share that a process may take to come up and to end.
_GRACE: Final = 120
#: How libFuzzer tells of edges.
_REACHED: Final = re.compile(rb"cov: (\d+)")


@dataclass
class Tally:
    """What came of one promise. `reached` counts the edges of our code that inputs reached, where that is measured."""

    inputs: int = 0
    seconds: float = 0.0
    reached: int | None = None
    broken: dict[str, str] = field(default_factory=dict)
    ended: str = ""


def promises(only: str = "") -> list[str]:
    """Return the names of all promises, or of those in whose name a word stands, as `module:test`."""
    found = []
    for path in sorted(_HERE.glob("test_*.py")):
        module = import_module(f"tests.fuzz.{path.stem}")
        tests = [
            name for name, value in vars(module).items() if hasattr(getattr(value, "hypothesis", None), "inner_test")
        ]
        found += [f"{path.stem}:{name}" for name in tests if only in f"{path.stem}:{name}"]
    return found


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0.01), default=10.0, show_default=True, help="For all together.")
@click.option("--only", default="", metavar="NAME", help="Only promises in whose name this stands.")
@click.option(
    "--kept",
    type=click.Path(path_type=Path),
    default=Path("var/fuzz"),
    show_default=True,
    help="Where inputs that reached something new are kept, to begin with the next time.",
)
def main(minutes: float, only: str, kept: Path) -> None:
    """Try the promises of everything that reads what others wrote. Ends with 1 if any was broken.

    What broke one is shrunk and shown by the ordinary tests of `tests/fuzz` when they run the next time.
    """
    names = promises(only)
    if not names:
        raise click.UsageError(f"no promise is called {only!r}")
    share = minutes * 60 / len(names)
    broken, inputs = 0, 0
    for name in names:
        tally = _try(name, share, kept / name.replace(":", "/"))
        inputs += tally.inputs
        broken += bool(tally.broken or tally.ended)
        reached = f", {tally.reached} edges" if tally.reached else ""
        click.echo(f"{name}: {tally.inputs} inputs in {tally.seconds:.0f} s{reached} {tally.ended}")
        for where, what in tally.broken.items():
            click.echo(f"  BROKEN at {where}: {what}")
    click.echo(f"{len(names)} promises, {inputs} inputs, {broken} broken")
    sys.exit(1 if broken else 0)


def _try(name: str, seconds: float, kept: Path) -> Tally:
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ln-fuzz-") as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", "tests.fuzz.one", name, str(seconds), str(kept), str(result)]
        try:
            with (kept / "log").open("wb") as log:
                done = subprocess.run(command, timeout=seconds + _GRACE, stdout=log, stderr=log, check=False)
                ended = f"ENDED with {done.returncode}" if done.returncode else ""
        except subprocess.TimeoutExpired:
            ended = "DID NOT END"
        said: dict[str, Any] = json.loads(result.read_text()) if result.exists() else {}
    reached = _REACHED.findall((kept / "log").read_bytes())
    said["reached"] = int(reached[-1]) if reached else None
    return Tally(ended=f"{ended}, see {kept / 'log'}" if ended else "", **said)


if __name__ == "__main__":
    main()
