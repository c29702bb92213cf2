"""``bellwire listen``: a receiver for developers, which prints and checks what arrives.

``checks`` what is right and wrong about a request · ``signature`` the same of its signature · ``server`` HTTP ·
``receiver`` takes down what arrived · ``show`` it as text or JSON · ``cli`` the command line.
"""

from __future__ import annotations

from .cli import command
from .receiver import Noise, Received, Receiver
from .signature import SignatureCheck

__all__ = ["Noise", "Received", "Receiver", "SignatureCheck", "command"]
