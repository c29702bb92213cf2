"""Identifiers of events and deliveries."""

from __future__ import annotations

import os
import time
import uuid


def new_id() -> str:
    """A new UUIDv7 (RFC 9562, section 5.7) in its canonical text form of 36 characters.

    It sorts roughly by creation time, which keeps database indexes compact. It is never used as an order: two
    machines' clocks differ, so the publish order is the outbox's own sequence.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76  # version 7
    value = value & ~(0x3 << 62) | 0x2 << 62  # the variant of RFC 9562
    return str(uuid.UUID(int=value))
