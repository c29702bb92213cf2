"""Configuration: the file and the environment over it, checked as a whole, and what is declared for forms and docs.

:func:`load_settings` reads; :class:`Settings` is what a bus is made from, also by hosts that configure it in code.
:func:`structure_channel` and :func:`json_schema` do for one config class what pages and APIs need.
"""

from __future__ import annotations

from .egress import egress_policy, egress_problems
from .environment import variable_name
from .load import load_settings
from .schema import json_schema
from .secrets import SecretReader, known_secrets
from .settings import BusSettings, ConfiguredChannel, Settings
from .structure import structure_channel
from .toml import FILE_NAME, FILE_VARIABLE

__all__ = [
    "FILE_NAME",
    "FILE_VARIABLE",
    "BusSettings",
    "ConfiguredChannel",
    "SecretReader",
    "Settings",
    "egress_policy",
    "egress_problems",
    "json_schema",
    "known_secrets",
    "load_settings",
    "structure_channel",
    "variable_name",
]
