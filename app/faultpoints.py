"""Named points at which a fault test may stop a process. Off unless `LANGNGHE_FAULT_DIR` is set; `doctor` warns of it.

A file `<point>` in the folder says what happens there: `block` waits while the file exists, `raise` fails, `hang`
sleeps for an hour. A second word narrows it to one ticket id.
"""

import time
from pathlib import Path


class FaultInjected(Exception):
    """Raised where a fault test asked for it."""


def reached(folder: Path | None, point: str, ticket_id: object = None) -> None:
    """Do what a fault test has ordered for this point; nothing in ordinary life."""
    if folder is None:
        return
    order = _order(folder / point)
    if not order or (len(order) > 1 and order[1] != str(ticket_id)):
        return
    (folder / f"{point}.reached").touch()
    if order[0] == "raise":
        raise FaultInjected(point)
    if order[0] == "hang":
        time.sleep(3600)
    while order[0] == "block" and (folder / point).exists():
        time.sleep(0.02)


def _order(file: Path) -> list[str]:
    try:
        return file.read_text("ascii").split()
    except FileNotFoundError:
        return []
