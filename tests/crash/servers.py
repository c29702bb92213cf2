"""Database servers of our own, in a folder of their own: to be stopped, killed and starved."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
import sqlalchemy as sa

PATIENCE: Final = 60.0


class PrivateServer(ABC):
    """One server process and its data; it is this process's child, and nobody else's database."""

    kind: ClassVar[str]
    user: ClassVar[str]
    """Whom it runs as when the tests run as root, whom no database server obeys."""
    program: ClassVar[str]
    installer: ClassVar[str]
    driver: ClassVar[str]
    first: ClassVar[str]
    """A database that is always there."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self.port: Final = _free_port()
        self._programs: Final = {name: _program(self.kind, name) for name in (self.program, self.installer)}
        self._as: Final[dict[str, Any]] = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam(self.user if _has_account(self.user) else "nobody")
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._as.update({"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []})
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers: Final = itertools.count()
        self._log: Final = (folder / "log").open("wb")
        self._run(self._installation())

    @abstractmethod
    def url(self, database: str) -> str:
        """Of a database on it."""

    def fresh(self) -> str:
        """The URL of an empty database."""
        name = f"bellwire_{next(self._numbers)}"
        with self._engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return self.url(name)

    @abstractmethod
    def _installation(self) -> list[str]: ...

    @abstractmethod
    def _command(self) -> list[str]: ...

    def _run(self, command: list[str]) -> None:
        subprocess.run(
            [self._programs[command[0]], *command[1:]],
            check=True,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            cwd=self.folder,
            **self._as,
        )

    def start(self) -> None:
        """Returns when it takes connections; started again where what was killed before still holds something."""
        give_up = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < give_up, self.log
            if self._process is None or self._process.poll() is not None:
                command = self._command()
                self._process = subprocess.Popen(
                    [self._programs[command[0]], *command[1:]],
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                    **self._as,
                )
            if self.is_up():
                return
            time.sleep(0.05)

    def _engine(self) -> sa.Engine:
        url = sa.make_url(self.url(self.first))
        return sa.create_engine(url.set(drivername=f"{url.drivername}+{self.driver}"), poolclass=sa.NullPool)

    def is_up(self) -> bool:
        """Whether it takes connections."""
        try:
            self._engine().connect().close()
        except sa.exc.OperationalError:
            return False
        return True

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process is None or self._process.poll() is not None

    def stop(self, number: int) -> None:
        """Sends a signal, and waits until the process has ended."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        self._process.wait(PATIENCE)

    @property
    def log(self) -> str:
        """What it said last."""
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def close(self) -> None:
        """Ends it for good."""
        if not self.has_ended:
            self.stop(signal.SIGTERM if self.kind == "mysql" else signal.SIGINT)
        self._log.close()


class PostgreSQL(PrivateServer):
    """SIGINT is what ``pg_ctl`` calls fast, SIGQUIT immediate."""

    kind = "postgresql"
    user = "postgres"
    program = "postgres"
    installer = "initdb"
    driver = "psycopg"
    first = "postgres"

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def _installation(self) -> list[str]:
        options = ["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C"]
        return ["initdb", f"--pgdata={self.folder}/data", "--wal-segsize=1", *options]

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "shared_buffers": "8MB",
            "min_wal_size": "2MB",
            "max_wal_size": "4MB",
        }
        return ["postgres", "-D", f"{self.folder}/data", *(f"--{name}={value}" for name, value in settings.items())]


class MariaDB(PrivateServer):
    """SIGTERM is a clean shutdown."""

    kind = "mysql"
    user = "mysql"
    program = "mariadbd"
    installer = "mariadb-install-db"
    driver = "pymysql"
    first = "mysql"

    def url(self, database: str) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/{database}"

    def _installation(self) -> list[str]:
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        return ["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", *options]

    def _command(self) -> list[str]:
        options = {
            "datadir": f"{self.folder}/data",
            "port": self.port,
            "bind-address": "127.0.0.1",
            "socket": f"{self.folder}/socket",
            "pid-file": f"{self.folder}/pid",
            "innodb-buffer-pool-size": "16M",
            "innodb-log-file-size": "8M",
        }
        return [
            "mariadbd",
            "--no-defaults",
            "--skip-name-resolve",
            *(f"--{name}={value}" for name, value in options.items()),
        ]


def _program(kind: str, name: str) -> str:
    debians = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*debians, os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is not None:
        return found
    reason = f"no {name} to make a {kind} server of our own; on Debian: apt install postgresql mariadb-server"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _has_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
