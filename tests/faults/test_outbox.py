"""Jobs are owed by the database, not by the queue."""

from redis import Redis

from tests.faults.conftest import LEASE, LOADING, Town, eventually


def test_a_lost_queue_is_rebuilt(running: Town) -> None:
    """Check 5. Injected: FLUSHALL while jobs wait behind one that is stuck. Expected: all 100 reports are triaged
    exactly once after the lease.

    Without the lease (`due_at` moved far away by a claim) the jobs are never seen again and this fails.
    """
    running.order("job.after_load", "block")
    codes = running.file(100)
    client = Redis(unix_socket_path=str(running.redis.socket))
    eventually(lambda: client.llen("rq:queue:triage") > 0 and running.reached("job.after_load"), LOADING)
    client.flushall()
    client.close()
    assert not any(running.triaged([code]) for code in codes)
    running.lift()
    # what is owed a second time goes alone: a hundred work-horses, one after the other
    eventually(lambda: running.recovered(codes), LEASE + 2 * LOADING)
    running.assert_triaged_once(codes)
