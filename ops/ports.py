"""Loopback ports for what we start."""

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
FIRST_PORT = 10_000

_given_ports: set[int] = set()


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a loopback port that nothing listens on, never the same twice.

    It lies below those that the kernel gives to outgoing connections: a client that tries again and again to reach a server that is
    away could else be given that very port, and be connected to itself.
    """
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    last = first_outgoing if first_outgoing > FIRST_PORT + 1000 else 60_000
    while True:
        port = random.randrange(FIRST_PORT, last)
        if port not in _given_ports and is_free(port):
            _given_ports.add(port)
            return port
