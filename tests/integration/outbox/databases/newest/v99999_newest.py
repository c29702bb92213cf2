"""What a later version may do that this one must not work with: it would write half a row."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "99999"
down_revision: Final = "9999"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    op.add_column("bellwire_events", sa.Column("tenant", sa.String(20), nullable=False, server_default="none"))
    op.execute("UPDATE bellwire_meta SET value = '99999' WHERE name IN ('schema', 'min_compatible')")
