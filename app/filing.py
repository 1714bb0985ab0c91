"""`langnghe file`: reports from a JSONL file, filed over HTTP as any program would."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import httpx
from tqdm import tqdm

#: Fields of a line that are a report's; anything else in a line is ours to ignore.
FIELDS = (
    "text", "place_text", "latitude", "longitude", "contact_name", "contact_phone", "contact_email", "consent",
    "submission_type",
)  # fmt: skip
#: The same line filed twice, by whomever, is the same report for as long as keys live.
NAMESPACE = uuid.UUID("6d0a2a52-5f0e-4f63-9b34-0a1c2f3d4e5f")


class LineRefused(Exception):
    """Raised when a line cannot be filed; says which and why."""


def lines(source: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSONL file; raise `LineRefused` naming the line that is none.

    Half of a character (a lone surrogate, which JSON can spell) in an id becomes a question mark.
    """
    with source.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (ValueError, RecursionError) as error:
                raise LineRefused(f"{source}:{number}: {error}") from None
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise LineRefused(f"{source}:{number}: an object with a text is needed")
            yield row | {"id": str(row.get("id", number)).encode("utf-8", "replace").decode("utf-8")}


def file_all(source: Path, url: str, out: TextIO, token: str | None = None) -> int:
    """File every line; write `id<TAB>code` a report as it is filed. Returns how many; progress goes to stderr."""
    rows = list(lines(source))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=url, timeout=30, headers=headers) as client:
        for row in tqdm(rows, unit="report", desc="filing"):
            out.write(f"{row['id']}\t{_file(client, row)}\n")
            out.flush()
    return len(rows)


def _file(client: httpx.Client, row: dict[str, Any]) -> str:
    report = {name: row[name] for name in FIELDS if name in row}
    key = uuid.uuid5(NAMESPACE, json.dumps([row["id"], report], sort_keys=True))
    answer = client.post("/api/v1/reports", json=report, headers={"Idempotency-Key": str(key)})
    while answer.status_code in {429, 503}:  # asked to come back later, with the same key
        time.sleep(_pause(answer.headers.get("Retry-After", "")))
        answer = client.post("/api/v1/reports", json=report, headers={"Idempotency-Key": str(key)})
    if answer.status_code != 201:
        raise LineRefused(f"{row['id']}: {answer.status_code} {answer.text[:500]}")
    return str(answer.json()["code"])


def _pause(asked: str) -> int:
    """Return the seconds to wait, a minute at most; 5 where none are asked for, or a date, as a proxy may write it."""
    return min(60, int(asked)) if asked.isascii() and asked.isdigit() else 5


def codes(source: TextIO) -> Iterator[tuple[str, str]]:
    """Yield (id, code) of lines that hold a code, or an id, a tab and a code, as `file_all` writes them."""
    for line in source:
        if line.strip():
            row_id, _, code = line.rstrip("\n").rpartition("\t")
            yield row_id, code.strip()


def track(url: str, code: str) -> dict[str, Any]:
    """Return how a report stands; raise `LineRefused` with the server's words for a code it does not know."""
    answer = httpx.post(f"{url}/api/v1/track", json={"code": code}, timeout=30)
    if answer.status_code != 200:
        raise LineRefused(f"{answer.status_code} {answer.text[:500]}")
    found: dict[str, Any] = answer.json()
    return found
