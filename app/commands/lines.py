"""What the commands that read texts are given: one as an argument, or a JSONL file of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from app import filing


def rows(text: str | None, jsonl: Path | None) -> Iterator[dict[str, Any]]:
    """Yield objects with `id` and `text`; raise `UsageError` unless exactly one source was given."""
    if (text is None) == (jsonl is None):
        raise click.UsageError("give a text, or --jsonl FILE")
    if jsonl is not None:
        yield from filing.lines(jsonl)
    else:
        yield {"id": "1", "text": text}
