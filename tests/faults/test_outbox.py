"""Jobs are owed by the database: whatever dies, each report is understood exactly once."""

from redis import Redis

from tests.faults.conftest import LEASE, Town, eventually


def test_a_lost_queue_is_rebuilt(town: Town) -> None:
    """Check 5. Injected: FLUSHALL while jobs wait. Expected: all are triaged exactly once after the lease.

    Without the lease (`due_at` moved far away by a claim) the jobs are never seen again and this fails.
    """
    town.redis.start()
    town.serve()
    codes = town.file(30)
    relay = town.spawn("relay")
    client = Redis(unix_socket_path=str(town.redis.socket))
    eventually(lambda: client.llen("rq:queue:triage") > 0, 10)
    client.flushall()
    assert not town.triaged(codes)
    town.spawn("worker")
    eventually(lambda: town.triaged(codes), LEASE + 15)
    town.assert_consistent()
    assert relay.poll() is None
