"""Clients that post as fast as they are answered."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median, quantiles

Request = Callable[[], tuple[bytes, dict[str, str]]]


@dataclass
class Load:
    """What a number of clients saw: seconds an answered request, and how many were not answered with 201."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def rate(self) -> float:
        """Answered requests a second."""
        return len(self.latencies) / self.seconds

    @property
    def p50(self) -> float:
        """Median latency in seconds."""
        return median(self.latencies)

    @property
    def p95(self) -> float:
        """95th percentile of latency in seconds."""
        return quantiles(self.latencies, n=20)[-1]


def post(port: int, path: str, request: Request, *, clients: int, seconds: float) -> Load:
    """Let so many clients post for so long, each time on a connection of its own, and return what they saw.

    So citizens come. Connections that are kept would all lie with one worker process or not, as chance has it.
    """
    load = Load(seconds)
    lock = threading.Lock()
    stop = time.perf_counter() + seconds

    def client() -> None:
        while time.perf_counter() < stop:
            body, headers = request()
            began = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", path, body, headers | {"Connection": "close"})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            took = time.perf_counter() - began
            with lock:
                if answer.status == 201:
                    load.latencies.append(took)
                else:
                    load.failed += 1

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load
