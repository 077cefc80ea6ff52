"""Functions of the program that the engine calls: transforms and hooks.

The SDK serves them over gRPC from the program's event loop, which goes on until the run is over.
"""

import threading
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from .fibers import aside

_ENDED = "the program had ended before it answered"


class CallbackFailed(Exception):
    """A function of the program raised; the text says what and where."""


class Callbacks:
    """The servers that programs register functions of."""

    def __init__(self) -> None:
        self._channels: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._closed = False

    def call(self, callback: Any, request: Any) -> bytes:
        """Call a function with a message; return the message it answers, serialised.

        Raises:
            CallbackFailed: it raised, or the program has ended.
        """
        message = callback_pb2.CallbackInvokeRequest(
            token=callback.token, request=request.SerializeToString()
        )
        try:
            response = aside(lambda: self._stub(callback.target).Invoke(message))
        except grpc.RpcError as error:
            gone = error.code() is grpc.StatusCode.UNAVAILABLE  # the server is in this process
            if self._closed or gone:
                raise CallbackFailed(_ENDED) from None
            code = "".join(part.capitalize() for part in error.code().name.split("_"))
            raise CallbackFailed(f"rpc error: code = {code} desc = {error.details()}") from None
        return bytes(response.response)

    def _stub(self, target: str) -> Any:
        with self._lock:
            if self._closed:
                raise CallbackFailed(_ENDED)
            if target not in self._channels:
                self._channels[target] = grpc.insecure_channel(target)
            return callback_pb2_grpc.CallbacksStub(self._channels[target])

    def close(self) -> None:
        """Hear that the program does not answer any more: what is called fails."""
        with self._lock:
            self._closed = True
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()
