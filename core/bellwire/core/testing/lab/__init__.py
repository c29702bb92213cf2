"""The failure lab: receivers on this machine's loopback that fail, each in its own way.

::

    from bellwire.core.testing.lab import Lab

    with Lab() as lab:
        config = PagerConfig(enable=True, endpoint=lab.url("429", retry_after=3))
        ...
        assert lab.requests[0].body == b"..."

Sockets, bytes and certificates are real; nothing is patched. :data:`FAULTS` has each fault by its name, with what it
does in its description. Those with certificates need ``trustme``, which Bellwire does not depend on.

``lab`` the lab itself · ``faults`` what can go wrong · ``listener`` a port · ``peer`` the receiver's end of one
connection · ``certificates`` for the faults of TLS. Nothing here needs pytest; ``bellwire.core.testing.fixtures`` has
the lab as a fixture.
"""

from __future__ import annotations

from .certificates import NeedsTrustme
from .faults import FAULTS, Fault
from .lab import Lab
from .peer import LabRequest

__all__ = ["FAULTS", "Fault", "Lab", "LabRequest", "NeedsTrustme"]
