"""Which connector is which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from quancheng.capabilities.collection.connectors.base import Cursor, Delivered, SourceKind
from quancheng.capabilities.collection.connectors.databases import Mysql, Postgres
from quancheng.capabilities.collection.connectors.filedrops import S3, Folder, Sftp
from quancheng.capabilities.collection.connectors.http import Http
from quancheng.capabilities.collection.connectors.own import Own
from quancheng.capabilities.collection.connectors.robot import Robot
from quancheng.capabilities.collection.values import Connector
from quancheng.core.text import Text


class Upload:
    """Files that people or programs bring; there is nothing to fetch."""

    secrets: tuple[str, ...] = ()

    def faults(self, settings: Mapping[str, Any]) -> dict[str, Text]:
        """As :class:`SourceKind`."""
        return {}

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Any
    ) -> Iterator[Delivered | None]:
        """Nothing new by itself."""
        yield None


KINDS: dict[Connector, SourceKind] = cast(
    "dict[Connector, SourceKind]",
    {
        Connector.UPLOAD: Upload(),
        Connector.FOLDER: Folder(),
        Connector.HTTP: Http(),
        Connector.POSTGRES: Postgres(),
        Connector.MYSQL: Mysql(),
        Connector.SFTP: Sftp(),
        Connector.S3: S3(),
        Connector.OWN: Own(),
        Connector.ROBOT: Robot(),
    },
)


def kind_of(name: str) -> SourceKind:
    """The connector of a feed."""
    return KINDS[Connector(name)]
