"""Whom limits count as one: the network address that a request came from."""

from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request


def client_network(request: Request) -> str:
    """The client's IPv4 address, or the /64 of its IPv6 address, of which one household has all."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))
