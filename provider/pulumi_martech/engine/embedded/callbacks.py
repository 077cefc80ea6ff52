"""Functions of the program that the engine calls: transforms and hooks.

The SDK serves them over gRPC from the program's event loop, which goes on until the run is over.
"""

import threading
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from .fibers import aside


class CallbackFailed(Exception):
    """A function of the program raised; the text says what and where."""


class Callbacks:
    """The servers that programs register functions of."""

    def __init__(self) -> None:
        self._channels: dict[str, Any] = {}
        self._lock = threading.Lock()

    def call(self, callback: Any, request: Any) -> bytes:
        """Call a function with a message; return the message it answers, serialised.

        Raises:
            CallbackFailed: it raised.
        """
        message = callback_pb2.CallbackInvokeRequest(
            token=callback.token, request=request.SerializeToString()
        )
        try:
            response = aside(lambda: self._stub(callback.target).Invoke(message))
        except grpc.RpcError as error:
            code = "".join(part.capitalize() for part in error.code().name.split("_"))
            raise CallbackFailed(f"rpc error: code = {code} desc = {error.details()}") from None
        return bytes(response.response)

    def _stub(self, target: str) -> Any:
        with self._lock:
            if target not in self._channels:
                self._channels[target] = grpc.insecure_channel(target)
            return callback_pb2_grpc.CallbacksStub(self._channels[target])

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()
