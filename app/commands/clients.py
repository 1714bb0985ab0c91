"""A client of the API: filing and following over HTTP."""

import json
import sys
from pathlib import Path

import click

from app import filing
from app.commands.plainly import plainly


@click.command(name="file")
@click.option("--jsonl", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", default="http://127.0.0.1:8022", show_default=True)
@click.option("--token", envvar="LANGNGHE_TOKEN", help="Bearer token of an account; without one the throttle counts.")
@plainly
def file_reports(jsonl: Path, url: str, token: str | None) -> None:
    """File every line of a JSONL file over HTTP; print id, tab, code."""
    filing.file_all(jsonl, url, sys.stdout, token)


@click.command()
@click.argument("code")
@click.option("--url", default="http://127.0.0.1:8022", show_default=True)
@plainly
def track(code: str, url: str) -> None:
    """Show how the report with this code stands; `-` reads codes, or lines of id and code, from standard input."""
    for row_id, one in filing.codes(sys.stdin) if code == "-" else [("", code)]:
        click.echo(json.dumps(filing.track(url, one) | ({"id": row_id} if row_id else {}), ensure_ascii=False))
