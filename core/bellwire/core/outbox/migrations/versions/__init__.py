"""One module per revision; a released one never changes.

A revision may be run again on MySQL, which commits each statement by itself: it creates what is not there, and writes
the version in ``bellwire_meta`` last. One that raises ``min_compatible`` also makes the writes of older programs fail
(a new column without a default, another table's name): those that only publish do not look at the version while they
run. Before the first one after a release, ``tests/integration/outbox/databases/released/make.py`` keeps what the
release leaves behind, and ``tests/integration/outbox/databases/test_versions.py`` upgrades it.
"""
