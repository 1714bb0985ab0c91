"""`langnghe`: every command parses its arguments, then makes one call. Its module is loaded when it is called."""

import os
from importlib import import_module
from typing import Final

import click

from app import logs

#: command → the module under `app.commands` that has it, and its name there.
COMMANDS: Final = {
    "account": ("account", "account"),
    "backup": ("backing", "backup"),
    "bench": ("benching", "bench"),
    "calendar": ("calendar", "calendar"),
    "check": ("installation", "check"),
    "classify": ("learning", "classify"),
    "corpus": ("learning", "corpus_group"),
    "doctor": ("installation", "examine"),
    "drift": ("learning", "drift"),
    "exchanges": ("exchanges", "exchanges"),
    "file": ("clients", "file_reports"),
    "hold": ("persons", "hold"),
    "keys": ("persons", "keys"),
    "migrate": ("installation", "migrate"),
    "model": ("learning", "model"),
    "person": ("persons", "person"),
    "place": ("places", "place"),
    "purge": ("persons", "purge"),
    "reconcile": ("installation", "reconcile"),
    "relay": ("relay", "relay"),
    "restore": ("backing", "restore"),
    "rules": ("places", "rules"),
    "run": ("installation", "run"),
    "seal": ("sealing", "seal"),
    "serve": ("web", "serve"),
    "soak": ("benching", "soak"),
    "track": ("clients", "track"),
    "train": ("learning", "train"),
    "units": ("units", "units"),
    "worker": ("worker", "worker"),
}


class Lazily(click.Group):
    """A group that imports a command when somebody asks for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return every command's name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, or None if there is no such."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command = getattr(import_module(f"app.commands.{module}"), name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=Lazily)
@click.version_option(package_name="langnghe")
def main() -> None:
    """Lắng Nghe: reports of citizens understood, routed, and tracked until solved."""
    logs.configure(as_json=os.environ.get("LANGNGHE_LOG") == "json")


if __name__ == "__main__":
    main()
