"""The two markers that tie hook specifications and implementations to Bellwire."""

from __future__ import annotations

from typing import Final

from pluggy import HookimplMarker, HookspecMarker

PROJECT_NAME: Final = "bellwire"
"""pluggy's project name: an implementation marked for another project is not seen by Bellwire."""

HOOK_PREFIX: Final = "notify_"
"""Every hook's name starts with this; an unknown name with this prefix is refused at registration."""

hookspec: Final = HookspecMarker(PROJECT_NAME)
"""Marks a hook specification. Only Bellwire and packages that define event kinds need it."""

hookimpl: Final = HookimplMarker(PROJECT_NAME)
"""Marks a hook implementation, on a channel or on a plugin::

    @hookimpl
    async def notify_workflow(self, event, delivery): ...
"""
