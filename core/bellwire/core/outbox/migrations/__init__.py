"""Alembic revisions of the outbox's schema, with a version table of their own: a host's alembic is left alone."""
