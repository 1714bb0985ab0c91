"""The bench measures every part; what it measured is for whoever runs it on a quiet machine to judge."""

import re

from routing.bench import run


def test_the_bench_reports_every_part() -> None:
    said = run(count=50, rounds=1)
    for part in ("place + rules + deadlines", "place (at most 200 µs)", "rules", "deadlines", "baseline"):
        measured = re.search(rf"^{re.escape(part)}.*?([\d,.]+) µs", said, re.MULTILINE)
        assert measured is not None, part
        assert float(measured[1].replace(",", "")) > 0


def test_routing_costs_no_more_than_its_share_of_a_core() -> None:
    """5,000 reports a second of a core, and a place in 0.2 ms; the limit here leaves room for a slower machine."""
    said = run(count=500, rounds=3)
    for part, most in (("place + rules + deadlines", 200), ("place (at most 200 µs)", 200)):
        measured = re.search(rf"^{re.escape(part)} +([\d,.]+) µs.* ([\d.]+) ×$", said, re.MULTILINE)
        assert measured is not None, said
        assert float(measured[1].replace(",", "")) < most, said
        assert float(measured[2]) > 1, said
