"""A server that cannot be used is told at once: which, why, and the way out; never its password."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bellwire.core import Bus, Settings
from bellwire.core.errors import DatabaseError, DatabaseUnavailable, OutboxUnavailable
from bellwire.core.outbox import Database
from bellwire.hookspecs import Workflow

from .conftest import Server, text
from .proxy import Refusing, calls_itself, is_version, mysql_error, postgresql_error

if TYPE_CHECKING:
    from contextlib import ExitStack

WORKFLOW = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="finished")


def only(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("place", kinds, indirect=True)


def refusal(url: str | sa.URL, kind: type[DatabaseError] = DatabaseUnavailable) -> str:
    """What opening says."""
    database = Database(url if isinstance(url, str) else text(url))
    with pytest.raises(kind) as caught:
        database.open()
    database.close()
    assert type(caught.value) is kind
    assert database.shown in str(caught.value)
    return str(caught.value)


# -- gone -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "mariadb"])
@pytest.mark.parametrize("where", ["127.0.0.1:1", "nowhere.invalid"])
def test_a_server_that_is_gone_at_start_is_named_without_its_password(scheme: str, where: str) -> None:
    said = refusal(f"{scheme}://ops:s3cret@{where}/bells")
    assert said.startswith(f"{scheme}://ops:***@{where}/bells: the server cannot be reached; is it running")
    assert "s3cret" not in said
    assert "\n" not in said


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_host_that_starts_meanwhile_is_told_and_may_start_and_publish_later(scheme: str) -> None:
    bus = Bus(Settings(database=f"{scheme}://ops:s3cret@127.0.0.1:1/bells"))
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        bus.start()
    with pytest.raises(OutboxUnavailable, match="nothing was stored, publish it again.*cannot be reached") as caught:
        bus.notify_workflow("create", WORKFLOW)
    assert "s3cret" not in str(caught.value)
    bus.close()


@pytest.mark.parametrize("command", ["worker", "check", "migrate", "status"])
def test_a_command_ends_with_the_sentence_and_without_a_traceback(command: str, tmp_path: Path) -> None:
    config = tmp_path / "bellwire.toml"
    config.write_text('database = "postgresql://ops:s3cret@127.0.0.1:1/bells"\n', "utf-8")
    program = Path(sys.executable).with_name("bellwire")
    run = subprocess.run([program, command, "--config", config], capture_output=True, text=True, check=False)
    said = run.stdout + run.stderr
    assert run.returncode == 1, said
    assert "the server cannot be reached; is it running" in said
    assert "s3cret" not in said
    assert "Traceback" not in said


# -- it lets nobody in ------------------------------------------------------------------------------------------------

WORDS = {
    "password": (
        postgresql_error("28P01", 'password authentication failed for user "ops"'),
        mysql_error(1045, "Access denied for user 'ops'@'localhost' (using password: YES)"),
        "refuses the user or the password",
    ),
    "rules": (
        postgresql_error("28000", 'no pg_hba.conf entry for host "10.0.0.1", user "ops", database "bells"'),
        mysql_error(1044, "Access denied for user 'ops'@'%' to database 'bells'"),
        "refuses the user or the password",
    ),
    "database": (
        postgresql_error("3D000", 'database "bells" does not exist'),
        mysql_error(1049, "Unknown database 'bells'"),
        "there is no such database; create it",
    ),
    "limit": (
        postgresql_error("53300", "sorry, too many clients already"),
        mysql_error(1040, "Too many connections"),
        "takes no further connection; raise its limit, or run fewer",
    ),
    "reserve": (
        postgresql_error("53300", "remaining connection slots are reserved for roles with the SUPERUSER attribute"),
        mysql_error(1203, "User ops already has more than 'max_user_connections' active connections"),
        "takes no further connection; raise its limit, or run fewer",
    ),
    "starting": (
        postgresql_error("57P03", "the database system is starting up"),
        mysql_error(1053, "Server shutdown in progress"),
        "again in a moment|was it stopped",
    ),
}


@pytest.mark.parametrize("case", WORDS)
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_lets_nobody_in_is_understood(scheme: str, case: str, cleanup: ExitStack) -> None:
    in_postgresql, in_mysql, sentence = WORDS[case]
    words = in_postgresql if scheme == "postgresql" else in_mysql
    server = Refusing(words, waits=scheme == "postgresql")
    cleanup.callback(server.close)
    said = refusal(f"{scheme}://ops:s3cret@127.0.0.1:{server.port}/bells")
    assert re.search(sentence, said), said
    assert "s3cret" not in said


@only("postgresql", "mysql")
def test_a_database_that_is_not_there_is_told_by_a_real_server(server: Server) -> None:
    said = refusal(server.url.set(database="bells_of_nobody"))
    assert "there is no such database; create it" in said
    assert "bells_of_nobody" in said


@only("postgresql", "mysql")
def test_a_user_who_is_not_known_is_told_by_a_real_server(server: Server) -> None:
    assert "refuses the user or the password" in refusal(server.url.set(username="nobody", password="s3cret"))


@only("postgresql")
def test_a_role_that_may_create_nothing_is_told(server: Server) -> None:
    url = server.empty()
    role = f"bellwire_poor_{url.database}"
    server.run(f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role} LOGIN PASSWORD 's3cret'")
    server.cleanup.callback(server.run, f"DROP ROLE {role}")
    server.run("REVOKE ALL ON SCHEMA public FROM PUBLIC", url=url)
    assert "the user lacks a right; grant it" in refusal(url.set(username=role, password="s3cret"))


@only("postgresql")
def test_a_connection_limit_that_is_reached_is_told_by_a_real_server(server: Server) -> None:
    url = server.empty()
    role = f"bellwire_one_{url.database}"
    server.run(f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role} LOGIN PASSWORD 's3cret' CONNECTION LIMIT 0")
    server.cleanup.callback(server.run, f"DROP ROLE {role}")
    assert "takes no further connection" in refusal(url.set(username=role, password="s3cret"))


# -- it lets nobody write ---------------------------------------------------------------------------------------------


@only("postgresql")
def test_a_standby_is_named_as_one(server: Server) -> None:
    url = server.empty()
    server.run(f"ALTER DATABASE {url.database} SET default_transaction_read_only = on")
    assert "the server is read-only; is it a standby? Name the primary" in refusal(url)


@only("mysql")
def test_a_replica_is_named_as_one(server: Server) -> None:
    url = server.empty().update_query_dict({"init_command": "SET SESSION TRANSACTION READ ONLY"})
    assert "the server is read-only; is it a standby? Name the primary" in refusal(url)


@only("postgresql", "mysql")
def test_tables_that_somebody_removed_are_named_with_the_way_to_have_them_again(server: Server) -> None:
    url = server.empty()
    database = Database(text(url))
    server.cleanup.callback(database.close)
    database.open()
    server.run("DROP TABLE bellwire_attempts", url=url)
    with pytest.raises(DatabaseUnavailable, match="a table of Bellwire's is missing; run `bellwire migrate`"):
        database.write(lambda connection: connection.exec_driver_sql("SELECT 1 FROM bellwire_attempts"))


# -- it is too old ----------------------------------------------------------------------------------------------------

TOO_OLD = [
    pytest.param("mysql", is_version("5.5.5-10.5.28-MariaDB"), "MariaDB 10.5.28", "MariaDB 10.6", id="MariaDB"),
    pytest.param("postgresql", calls_itself("9.6"), "PostgreSQL 9.6", "PostgreSQL 12", id="PostgreSQL 9.6"),
    pytest.param("postgresql", calls_itself("11.9"), "PostgreSQL 11.9", "PostgreSQL 12", id="PostgreSQL 11"),
]


@pytest.mark.parametrize(("place", "change", "found", "needed"), TOO_OLD, indirect=["place"])
def test_an_older_server_is_refused_at_start_and_nothing_is_made_there(
    server: Server, change: Any, found: str, needed: str
) -> None:
    url = server.empty()
    old, _ = server.behind(url, change)
    said = refusal(old, DatabaseError)
    assert f"{found} is too old; Bellwire needs {needed} or later: upgrade the server, or name another" in said
    database = Database(text(old))
    with pytest.raises(DatabaseError, match="is too old"):
        database.migrate()
    schema = "public" if url.get_backend_name() == "postgresql" else url.database
    assert (
        server.run(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}'", url=url) == []
    )


@only("mysql")
def test_an_older_mysql_is_refused_too(server: Server) -> None:
    [(real,)] = server.run("SELECT VERSION()")
    # what the driver asks while it connects depends on the version, and a MariaDB must be able to answer it
    version = "5.7.19" if "MariaDB" in real else "8.0.16"
    old, _ = server.behind(server.url, is_version(f"{version}-log"))
    assert f"MySQL {version} is too old; Bellwire needs MySQL 8.0.17 or later" in refusal(old, DatabaseError)


@pytest.mark.parametrize("version", [(3, 32, 3), (3, 7, 17)])
def test_an_older_sqlite_library_is_refused_and_no_file_is_made(
    version: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sqlite3.dbapi2.sqlite_version_info", version)
    file = tmp_path / "bellwire.db"
    with pytest.raises(DatabaseError) as caught:
        Database(f"sqlite:///{file}").open()
    assert f"SQLite {'.'.join(map(str, version))} is too old; Bellwire needs 3.33.0 or later" in str(caught.value)
    assert not file.exists()


# -- it is none -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "module", "extra"),
    [("postgresql", "psycopg", "postgres"), ("mysql", "pymysql", "mysql"), ("mariadb", "pymysql", "mysql")],
)
def test_a_driver_that_is_not_installed_is_named_with_the_extra_that_brings_it(
    scheme: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    database = Database(f"{scheme}://ops:s3cret@127.0.0.1:1/bells")
    with pytest.raises(DatabaseError, match=rf"run `pip install 'bellwire\[{extra}\]'`") as caught:
        database.open()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_url_without_a_database_is_refused(scheme: str) -> None:
    said = refusal(f"{scheme}://ops:s3cret@127.0.0.1:1", DatabaseError)
    assert f"names no database; add it behind a slash: {scheme}://USER@HOST/NAME" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_an_option_that_the_driver_does_not_know_is_told(scheme: str) -> None:
    assert "does not know an option of the URL" in refusal(
        f"{scheme}://ops@127.0.0.1:1/bells?colour=red", DatabaseError
    )


@pytest.mark.parametrize("option", ["password", "passwd", "sslpassword"])
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_password_among_the_options_is_not_shown_either(scheme: str, option: str) -> None:
    shown = Database(f"{scheme}://ops@127.0.0.1:1/bells?{option}=s3cret&charset=utf8mb4").shown
    assert "s3cret" not in shown
    assert "charset=utf8mb4" in shown


@only("postgresql", "mysql")
def test_an_option_of_the_url_goes_before_ours(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Database(text(server.url.update_query_dict({"connect_timeout": "7"}))).backend.create_engine()
    driver: Any = engine.dialect.loaded_dbapi
    connect, given = driver.connect, []

    def spy(*arguments: Any, **options: Any) -> Any:
        given.append(int(options["connect_timeout"]))
        return connect(*arguments, **options)

    monkeypatch.setattr(driver, "connect", spy)
    with engine.connect():
        pass
    engine.dispose()
    assert given == [7]
