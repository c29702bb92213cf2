"""Celery on Redis, sending with requests: the worker imports it; ``fill`` and ``publish`` are its hosts."""

from __future__ import annotations

import sys
import threading

import requests
from celery import Celery
from tests.benchmarks.programs.workload import body, event_id, headers, job, publish_timed

app = Celery("bench", broker=job()["broker"])
app.conf.update(
    task_ignore_result=True,  # no result backend
    task_acks_late=True,  # as durable as it can be: a task that was begun is not lost with its worker
    task_serializer="json",
    worker_prefetch_multiplier=32,
    worker_disable_rate_limits=True,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)
_here = threading.local()


def session() -> requests.Session:
    """One per thread, so that connections are kept alive; requests' sessions are not made to be shared."""
    if not hasattr(_here, "session"):
        _here.session = requests.Session()
        _here.session.trust_env = False  # it would read the environment and .netrc for each request
    found: requests.Session = _here.session
    return found


@app.task(autoretry_for=(requests.RequestException,), max_retries=3, default_retry_delay=1)  # type: ignore[untyped-decorator]  # celery has no types
def send(document: str, identity: str) -> None:
    answer = session().post(job()["url"], data=document.encode(), headers=headers(identity), timeout=5)
    answer.raise_for_status()


def main(command: str) -> None:
    if command == "publish":
        publish_timed(lambda number: send.delay(body(number), event_id(number)))
        return
    with app.pool.acquire(block=True) as connection, app.amqp.Producer(connection) as producer:
        for number in range(job()["deliveries"]):
            send.apply_async((body(number), event_id(number)), producer=producer)


if __name__ == "__main__":
    # under the name that the worker imports it by: a task is called what its module is
    from tests.benchmarks.programs import celery_app

    celery_app.main(sys.argv[1])
