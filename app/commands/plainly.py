"""What a user can mend is told in a sentence; what is our fault shows its trace."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click
import httpx

from app.backup.container import BadBackup, NotEmpty
from app.filing import LineRefused
from app.problems import NotAvailable, Refused
from app.settings import SettingsError
from app.supervisor import Taken
from classifier.artifact import ArtifactRefused
from classifier.corpus import BadCorpus
from classifier.judge import TooFew
from routing.city import CityDataError
from routing.measure import ExamplesRefused

P = ParamSpec("P")

_EXPECTED = (
    SettingsError,
    ArtifactRefused,
    BadBackup,
    NotEmpty,
    BadCorpus,
    CityDataError,
    ExamplesRefused,
    LineRefused,
    NotAvailable,
    Taken,
    TooFew,
    httpx.HTTPError,
    FileNotFoundError,
)


def plainly(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what a user can mend into one sentence and exit code 2."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Refused as refused:
            for problem in refused.problems:
                click.echo(f"langnghe: {problem.en}", err=True)
            sys.exit(2)
        except _EXPECTED as error:
            click.echo(f"langnghe: {error}", err=True)
            sys.exit(2)

    return guarded


def say(line: str) -> None:
    """Tell the person at the terminal, apart from what a command prints as its result."""
    click.echo(line, err=True)
