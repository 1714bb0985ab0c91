"""Looking after the vault of denunciations."""

import click

from app.commands.installation import installation
from app.commands.plainly import plainly
from app.sealed import service


@click.group()
def seal() -> None:
    """The vault of denunciations."""


@seal.command()
@click.option("--forget-old", is_flag=True, help="Then take older keys out of the file: nothing needs them any more.")
@plainly
def rotate(*, forget_old: bool) -> None:
    """Lock everything in the vault with a new key.

    Where the keys are in the data folder a new one is made first; where LANGNGHE_SEAL_KEY gives them, put the new one
    in front of the old ones, restart every process, and call this.
    """
    with installation() as hotline:
        if hotline.seals.trouble is not None:
            raise click.ClickException(hotline.seals.trouble)
        renewed = service.renew(hotline, forget_old=forget_old)
    click.echo(f"{renewed} envelopes are locked with the newest key")
