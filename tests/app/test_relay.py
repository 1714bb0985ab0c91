"""How far ahead of its workers the relay goes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.hotline import Hotline
from app.triage import relay as relaying
from app.triage.relay import Relay
from app.triage.worker import open_worker
from tests.app.conftest import Filed


@pytest.mark.usefixtures("redis")
def test_the_relay_keeps_jobs_ready_for_every_worker_there_is(hotline: Hotline, file: Callable[[], Filed]) -> None:
    many = relaying.QUEUE_DEPTH
    for _ in range(4 * many):
        file()
    relay = Relay(replace(hotline, settings=replace(hotline.settings, batch=1)))
    assert relay.once() == relaying.QUEUE_DEPTH
    assert relay.once() == 0, "what waits longer than its lease would come twice"
    for _ in range(many):
        open_worker(hotline).register_birth()  # type: ignore[no-untyped-call]
    assert relay.once() == relaying.JOBS_A_WORKER * many - relaying.QUEUE_DEPTH
