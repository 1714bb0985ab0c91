"""The bench measures every part; what it measured is for whoever runs it on a quiet machine to judge."""

import re

from routing.bench import run


def test_the_bench_reports_every_part() -> None:
    said = run(count=50, rounds=1)
    for part in ("place + rules + deadlines", "place (at most 200 µs)", "rules", "deadlines", "baseline"):
        measured = re.search(rf"^{re.escape(part)}.*?([\d,.]+) µs", said, re.MULTILINE)
        assert measured is not None, part
        assert float(measured[1].replace(",", "")) > 0
