"""Back-up and restore."""

from pathlib import Path

import click

from app import settings
from app.backup import service
from app.backup.service import Contents
from app.commands.installation import installation
from app.commands.plainly import plainly, say

_FILE = click.Path(dir_okay=False, path_type=Path)
_PASSPHRASE = click.option(
    "--passphrase",
    envvar="LANGNGHE_BACKUP_PASSPHRASE",
    prompt=True,
    hide_input=True,
    help="Better by LANGNGHE_BACKUP_PASSPHRASE, or typed when asked.",
)


@click.command()
@click.argument("file", type=_FILE)
@_PASSPHRASE
@plainly
def backup(file: Path, passphrase: str) -> None:
    """Write everything into one encrypted file, while the installation runs, and read it back."""
    with installation() as hotline:
        _tell(f"{file}: written and read back", service.back_up(hotline, file, passphrase))


@click.command()
@click.argument("file", type=_FILE)
@_PASSPHRASE
@click.option("--check", "only_check", is_flag=True, help="Read the file from end to end and write nothing.")
@plainly
def restore(file: Path, passphrase: str, *, only_check: bool) -> None:
    """Restore a back-up into an empty database and an empty data folder."""
    if only_check:
        _tell(f"{file}: sound", service.check(file, passphrase))
        return
    service.prepare_keys(settings.data_folder(), file, passphrase)
    with installation() as hotline:
        _tell(f"{file}: restored", service.restore(hotline, file, passphrase))


def _tell(what: str, contents: Contents) -> None:
    say(f"{what}; made {contents.made_at}, schema {contents.revision}, {contents.files} files")
    for name, number in sorted(contents.rows.items()):
        if number:
            click.echo(f"{number:>12}  {name}")
