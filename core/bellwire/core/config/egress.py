"""The egress policy as settings: what its lists may hold, and what it refuses of a channel's addresses.

:mod:`bellwire.core.http` brings httpx, and is asked only where there is something to judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bellwire.hookspecs import ChannelConfig, Problem, Secret, declared_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bellwire.core.http import EgressPolicy

    from .settings import BusSettings


def allow_problem(entries: Sequence[str]) -> str | None:
    """What is wrong with an ``egress_allow``, all of it; also entries that no list can allow.

    >>> allow_problem(["10.0.0.0/8", "*.corp.example"]), allow_problem(["169.254.169.254"])
    (None, "'169.254.169.254' is always refused, and cannot be allowed")
    """
    return _list_problem(entries, allowing=True)


def deny_problem(entries: Sequence[str]) -> str | None:
    """What is wrong with an ``egress_deny``, all of it."""
    return _list_problem(entries, allowing=False)


def _list_problem(entries: Sequence[str], *, allowing: bool) -> str | None:
    if not entries:
        return None
    from bellwire.core.http.destinations import read_entry
    from bellwire.core.http.special import METADATA_NAMES, is_never_allowed

    problems = []
    for entry in entries:
        try:
            named = read_entry(entry)
        except ValueError as error:
            problems.append(str(error))
            continue
        never = named in METADATA_NAMES if isinstance(named, str) else is_never_allowed(named)
        if allowing and never:
            problems.append(f"{entry!r} is always refused, and cannot be allowed")
    return "; ".join(problems) or None


def egress_policy(settings: BusSettings) -> EgressPolicy:
    """The policy that *settings* describe."""
    from bellwire.core.http import EgressPolicy

    return EgressPolicy(mode=settings.egress, allow=settings.egress_allow, deny=settings.egress_deny)


def egress_problems(config: ChannelConfig, policy: EgressPolicy) -> list[Problem]:
    """What *policy* refuses of the addresses in a channel's *config*, as far as can be told without a look-up.

    For whoever checks or saves a channel: each setting with the format ``http-url``. A name that leads where it may
    not shows that only when the channel is used or tested. The proxy itself is judged by
    :func:`bellwire.core.http.connecting_problems`; what is asked of it by other rules, since it resolves names.
    """
    proxy = config.proxy_options().proxy
    refusal = policy.refusal_of_proxying if proxy else policy.refusal_of_host
    return [
        Problem(path, reason)
        for declared in declared_settings(type(config))
        if declared.info.format == "http-url" and (not proxy or getattr(config, declared.name) != proxy)
        for path, host in _hosts(declared.name, getattr(config, declared.name))
        if (reason := refusal(host))
    ]


def _hosts(path: str, value: object) -> Iterator[tuple[str, str]]:
    """The hosts of the URLs in *value*, each with the path to it."""
    match value:
        case Secret():
            yield from _hosts(path, value.reveal())
        case str() if host := urlsplit(value).hostname:
            yield path, host
        case tuple():
            for number, item in enumerate(value):
                yield from _hosts(f"{path}[{number}]", item)
        case dict():
            for key, item in value.items():
                yield from _hosts(f"{path}.{key}", item)
