"""Dramatiq on Redis, sending with requests: the workers import it; ``fill`` and ``publish`` are its hosts."""

from __future__ import annotations

import sys
import threading

import dramatiq
import requests
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Retries
from tests.benchmarks.programs.workload import body, event_id, headers, job, publish_timed

# Of its middleware only what a webhook needs; each further one costs time for every message.
broker = RedisBroker(url=job()["broker"], middleware=[Retries(max_retries=3)])
dramatiq.set_broker(broker)
_here = threading.local()


def session() -> requests.Session:
    """One per thread, so that connections are kept alive; requests' sessions are not made to be shared."""
    if not hasattr(_here, "session"):
        _here.session = requests.Session()
        _here.session.trust_env = False  # it would read the environment and .netrc for each request
    found: requests.Session = _here.session
    return found


@dramatiq.actor  # type: ignore[untyped-decorator]  # not in this environment
def send(document: str, identity: str) -> None:
    answer = session().post(job()["url"], data=document.encode(), headers=headers(identity), timeout=5)
    answer.raise_for_status()


def main(command: str) -> None:
    if command == "publish":
        publish_timed(lambda number: send.send(body(number), event_id(number)))
        return
    for number in range(job()["deliveries"]):
        send.send(body(number), event_id(number))


if __name__ == "__main__":
    main(sys.argv[1])
