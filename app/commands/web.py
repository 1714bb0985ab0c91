"""The web process, which carries the classifier for those who still write."""

import click

from app.accounts.provider import provider_of
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
    provider_of(hotline)  # and so are its groups of another
    serve_web(hotline)
