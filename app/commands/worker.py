"""The worker, which carries the classifier."""

import click

from app.commands.plainly import plainly
from app.hotline import open_hotline
from app.settings import from_env
from app.triage.worker import open_worker


@click.command()
@click.option("--burst", is_flag=True, help="End when the queue is empty.")
@plainly
def worker(*, burst: bool) -> None:
    """Work on triage jobs; start as many as there are cores to spare."""
    open_worker(open_hotline(from_env(serving=True))).work(burst=burst, logging_level="WARNING")
