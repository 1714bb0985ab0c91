"""One promise in a process of its own: led by coverage where atheris is installed, by chance where it is not."""

import json
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

try:
    import atheris
except ImportError:  # there are no wheels for every machine
    atheris = None

OURS: Final = ("app", "classifier", "routing", "models")
#: Bytes that hypothesis makes an input of, at most; seconds that one may hang; megabytes that the process may take.
_BYTES: Final = 8192
_HANGS: Final = 60
_MEGABYTES: Final = 3000
_REPORT_EVERY: Final = 2.0
_SEEDS: Final = 64


class Trial:
    """Gives inputs to a promise and writes down what came of it."""

    def __init__(self, name: str, seconds: float, result: Path) -> None:
        """`name` is `module:test`; the process ends after so many seconds."""
        module, _, test = name.partition(":")
        self.promise: Any = getattr(import_module(f"tests.fuzz.{module}"), test)
        self._result = result
        self._seconds = seconds
        self._began = self._written = time.monotonic()
        self._inputs = 0
        self._broken: dict[str, str] = {}

    def one(self, data: bytes) -> None:
        """Try one input; what breaks the promise is noted once for each place in the code."""
        try:
            if self.promise.hypothesis.fuzz_one_input(data) is not None:
                self._inputs += 1
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self._inputs += 1
            self._note(error)
        now = time.monotonic()
        if now - self._began > self._seconds:
            self.write()
            os._exit(0)  # libFuzzer would end the process as roughly, and count on until then
        if now - self._written > _REPORT_EVERY:
            self.write()

    def _note(self, error: Exception) -> None:
        ours = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(str(Path.cwd()))]
        where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(ours[-3:])) or "?"
        self._broken.setdefault(f"{type(error).__name__} {where}", str(error)[:300])

    def write(self) -> None:
        """Write down what came so far: the process may be ended from outside."""
        self._written = time.monotonic()
        said = {"inputs": self._inputs, "seconds": self._written - self._began, "broken": self._broken}
        self._result.write_text(json.dumps(said))


def _by_chance(one: Callable[[bytes], None]) -> None:
    while True:
        one(random.randbytes(random.randint(1, _BYTES)))


def _led(one: Callable[[bytes], None], kept: Path) -> None:
    inputs = kept / "inputs"
    if not inputs.is_dir():
        inputs.mkdir(parents=True)
        for number in range(_SEEDS):  # an empty corpus would begin with inputs too short for any example
            (inputs / f"seed-{number}").write_bytes(random.randbytes(128 << number % 6))
    options = {
        "max_len": _BYTES, "len_control": 0, "timeout": _HANGS, "rss_limit_mb": _MEGABYTES,
        "artifact_prefix": f"{kept}/",
    }  # fmt: skip
    atheris.Setup([sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(inputs)], one)
    atheris.Fuzz()


def main() -> None:
    """Arguments: promise, seconds, folder to keep inputs in, file to write what came of it to."""
    name, seconds, kept, result = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    if atheris is None:
        _by_chance(Trial(name, seconds, result).one)
    else:
        with atheris.instrument_imports(include=list(OURS)):
            trial = Trial(name, seconds, result)
        _led(trial.one, kept)


if __name__ == "__main__":
    main()
