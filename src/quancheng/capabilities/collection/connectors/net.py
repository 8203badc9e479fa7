"""出网关口: only registered hosts are reached, and a private address only where its owner says it is one.

The name is resolved once and the connection goes to that address, so a name that changes between the
check and the connection (DNS rebinding) gains nothing. Link-local addresses (metadata services of clouds)
are never reached. Source: OWASP "Server-Side Request Forgery Prevention".
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from quancheng.core.text import Text
from quancheng.kernel.errors import Forbidden, PartnerFailed


@dataclass(frozen=True, slots=True)
class Permit:
    """A registered host; ``port`` 0 is any."""

    host: str
    port: int = 0
    private: bool = False


@dataclass(frozen=True, slots=True)
class Permits:
    """登记地址 in force."""

    rows: tuple[Permit, ...] = ()

    def address(self, host: str, port: int) -> str:
        """The network address to connect to. Raises Forbidden, PartnerFailed when the name has none."""
        permit = self._permit(host, port)
        if permit is None:
            raise Forbidden(
                Text(
                    f"主机 {host}:{port} 没有登记，不能访问。", f"The host {host}:{port} is not registered."
                ),
                todo=Text("请由市大数据局登记这个地址。", "Ask the data bureau to register the address."),
            )
        found = _resolve(host, port)
        for address in found:
            if not _may(address, private=permit.private):
                raise Forbidden(
                    Text(
                        f"{host} 指向内部网络地址，未登记为政务网或内网地址。",
                        f"{host} points into a private network and is not registered as private.",
                    )
                )
        return found[0]

    def _permit(self, host: str, port: int) -> Permit | None:
        name = host.lower().rstrip(".")
        for one in self.rows:
            if one.host.lower() == name and one.port in (0, port):
                return one
        return None


def _resolve(host: str, port: int) -> list[str]:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PartnerFailed(Text(f"无法解析主机 {host}。", f"The host {host} cannot be resolved.")) from error
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _may(address: str, *, private: bool) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or ip
    if inner.is_link_local or inner.is_multicast or inner.is_unspecified:
        return False
    if inner.is_global:
        return True
    return private
