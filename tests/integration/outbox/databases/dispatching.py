"""A process that dispatches, like a worker: ``URL RECEIVER``. It ends when its standard input does."""

from __future__ import annotations

import asyncio
import sys
import threading

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings


def main(url: str, receiver: str) -> None:
    hook = WebhookConfig(enable=True, url=receiver, concurrency=8)
    bus = Bus(Settings(database=url, dispatch="off", channels={"hook": hook}), channel_types={})
    bus.start()
    dispatcher = bus.make_dispatcher()

    def stop() -> None:
        sys.stdin.read()
        dispatcher.stop(5)

    threading.Thread(target=stop, daemon=True).start()
    print("ready", flush=True)
    asyncio.run(dispatcher.run())
    bus.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
