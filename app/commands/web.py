"""The web process, which carries no classifier."""

import click

from app.commands.plainly import plainly
from app.hotline import open_hotline
from app.serve import serve as serve_web
from app.settings import from_env


@click.command()
@plainly
def serve() -> None:
    """Serve the web pages and the API."""
    hotline = open_hotline(from_env(serving=True))
    _ = hotline.files  # one that cannot be used is refused before anybody is served
    serve_web(hotline)
