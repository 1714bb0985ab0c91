"""The worker, which carries the classifier."""

import click

from app.commands.plainly import plainly
from app.hotline import open_hotline
from app.settings import from_env
from app.triage.queue import QUEUES
from app.triage.worker import open_worker


@click.command()
@click.option("--burst", is_flag=True, help="End when the queue is empty.")
@click.option("--queue", "queues", type=click.Choice(QUEUES), multiple=True, help="Only this one; may be given again.")
@plainly
def worker(*, burst: bool, queues: tuple[str, ...]) -> None:
    """Work on triage jobs, and on learning when there are none; start as many as there are cores to spare."""
    open_worker(open_hotline(from_env(serving=True)), queues or QUEUES).work(burst=burst, logging_level="WARNING")
