"""What a later version may do to the tables while this one goes on working with them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "9999"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    op.add_column("bellwire_deliveries", sa.Column("colour", sa.String(20), nullable=True))
    op.create_index("bellwire_deliveries_by_colour", "bellwire_deliveries", ["colour"])
    op.execute("UPDATE bellwire_meta SET value = '9999' WHERE name = 'schema'")
