"""The webhook channel: one POST per event, exactly as the specification of the wire has it.

``config`` what may be set · ``headers`` those of the administrator's own, and who vouches for the sender · ``template``
a payload of their own · ``request`` an event to an HTTP request · ``answer`` the response to an outcome · ``meaning``
what to do about it · ``wording`` the reference's words for failures · ``robots`` chat robots that answer 200 and mean
no · ``scrub`` the
channel's secrets out of what a receiver sends back · ``signatures`` over what is sent · ``verify`` the same from the
receiver's side, a file to be copied · ``payload_schema`` the JSON Schema of what is sent · ``channel`` the effects
around them · ``listen`` the command ``bellwire listen``.

Importing this package brings in neither httpx nor click: a process that only publishes needs no more than the config.
"""

from __future__ import annotations

from .config import WebhookConfig

__all__ = ["WebhookConfig"]
