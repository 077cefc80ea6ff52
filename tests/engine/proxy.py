"""A way to a server on this machine that is cut once."""

import socket
import threading
from contextlib import suppress


class Proxy:
    """Passes connections on; at the n-th piece that a client sends, its connection is cut.

    The server has got that piece then, and its answer is lost.
    """

    def __init__(self, port: int):
        """Listen for connections to a port of this machine."""
        self.cut_at = 0
        self.pieces = 0
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for way in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=way, daemon=True).start()

    def _pass(self, source: socket.socket, to: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.pieces += counted
                if counted and self.pieces == self.cut_at:
                    source.shutdown(socket.SHUT_RDWR)
                    to.sendall(data)
                    break
                to.sendall(data)
        for end in (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
