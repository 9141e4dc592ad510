"""A pipelined client of the teacher service."""

import os
import threading
import time
from dataclasses import dataclass

import numpy as np

from .connection import Connection, Exchange
from .errors import Code, DocentError
from .proto.docent.v1 import docent_pb2 as wire

_IDLE_SECONDS = 2.0


@dataclass(frozen=True)
class Reply:
    """What a model answered: one `version` computed every row.

    `outputs` is float32, rows x width: categorical logits; a Gaussian's means, then its log standard deviations; or Q
    values. `values` is float32, rows; None where the model has no value function. A single observation (one axis) gets
    `outputs` of one axis and one value.
    """

    outputs: np.ndarray
    values: np.ndarray | None
    version: int


class Call:
    """A query under way."""

    def __init__(self, client: "Client", request: "wire.InferRequest", rows: np.ndarray, deadline: float | None):
        self._client, self._request, self._observations, self._deadline = client, request, rows, deadline
        self._send()

    def _send(self) -> None:
        """One exchange for as many rows as the server takes in a call."""
        rows = np.atleast_2d(self._observations)
        most = max(1, self._client._connected().limits.rows_per_call_max)
        self._exchanges: list[Exchange] = []
        for start in range(0, max(1, len(rows)), most):
            part = rows[start : start + most]
            request = wire.InferRequest(rows=len(part), observations=part.tobytes())
            request.MergeFrom(self._request)
            if self._deadline is not None:
                request.deadline_us = max(1, int((self._deadline - time.monotonic()) * 1e6))
            self._exchanges.append(self._client._connected().submit(self._deadline, infer=request))

    def result(self) -> Reply:
        """Waits for the reply. Raises DocentError with the call's status when it failed."""
        replies = [exchange.wait().infer_reply for exchange in self._exchanges]
        newest = max(reply.version for reply in replies)
        if any(reply.version != newest for reply in replies):
            # The version changed between two exchanges: all rows are asked again, of one.
            self._request.alias, self._request.version = "", newest
            self._send()
            return self.result()
        outputs = np.frombuffer(b"".join(reply.outputs for reply in replies), "<f4")
        values = np.frombuffer(b"".join(reply.values for reply in replies), "<f4")
        values = values.reshape(self._observations.shape[:-1]) if len(values) else None
        return Reply(outputs.reshape(*self._observations.shape[:-1], -1), values, newest)


class Client:
    """Connects to a teacher service at once, and again at the first call after the connection was lost.

    Many calls may be under way, from several threads. Every failure is a DocentError. `timeout`, in seconds, is for the
    connection and the default of each call; None waits for ever.
    """

    def __init__(self, address: str, *, token: str = "", name: str = "", timeout: float | None = 30.0):
        self._arguments = (address, name or f"docent-python/{os.getpid()}", token, timeout)
        self._timeout, self._lock, self._closed = timeout, threading.Lock(), threading.Event()
        self._connection = Connection(*self._arguments)
        threading.Thread(target=self._answer_pings, name="docent-client", daemon=True).start()

    def submit(self, model: str, observations, version=None, alias=None, timeout=None) -> Call:
        """Asks a model about observations (rows x width, or one row). Returns at once: `Call.result()` has the reply.

        At most one of `version` and `alias`; with neither, the alias `stable` answers.
        """
        rows = np.array(observations, dtype="<f4", order="C", ndmin=1)
        if rows.ndim > 2:
            message = f"observations of shape {rows.shape}; expected (rows, width) or (width,)"
            raise DocentError(Code.INVALID_ARGUMENT, message)
        request = wire.InferRequest(model=model, **self._named(version, alias))
        return Call(self, request, rows, self._deadline(timeout))

    @staticmethod
    def _named(version: int | None, alias: str | None) -> dict:
        if version is not None and alias is not None:
            message = f"version {version} and alias {alias!r} together; expected at most one of them"
            raise DocentError(Code.INVALID_ARGUMENT, message)
        return {"version": version or 0, "alias": alias or ""}

    def infer(self, model: str, observations, version=None, alias=None, timeout=None) -> Reply:
        """`submit` and `result` in one."""
        return self.submit(model, observations, version, alias, timeout).result()

    def describe(self, model: str, version=None, alias=None) -> "wire.DescribeReply":
        """The model with its versions and aliases; and the version that these words mean now, with its policy's spaces
        and architecture."""
        request = wire.DescribeRequest(model=model, **self._named(version, alias))
        return self._call(describe=request).describe_reply

    def list_models(self) -> list["wire.Model"]:
        """Every model, with its versions and aliases."""
        return list(self._call(list_models=wire.ListModelsRequest()).list_models_reply.models)

    def health(self, model: str = "") -> str:
        """"SERVING" or "NOT_SERVING", of one model or of the whole service."""
        return wire.Serving.Name(self._call(health=wire.HealthRequest(model=model)).health_reply.serving)

    def alias(self, model: str, alias: str, version: int, reason="", request_id="") -> tuple[int, int]:
        """Moves an alias (version 0 removes it); answers the versions (from, to), where 0 means none."""
        request = wire.AliasRequest(model=model, alias=alias, version=version, reason=reason, request_id=request_id)
        reply = self._call(alias=request).alias_reply
        return getattr(reply, "from"), reply.to

    def close(self) -> None:
        self._closed.set()
        self._connection.close(DocentError(Code.CANCELLED, "the client was closed"))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _deadline(self, timeout: float | None = None) -> float | None:
        seconds = self._timeout if timeout is None else timeout
        return None if seconds is None else time.monotonic() + seconds

    def _call(self, **body) -> "wire.Frame":
        return self._connected().submit(self._deadline(), **body).wait()

    def _connected(self) -> Connection:
        with self._lock:
            if self._closed.is_set():
                raise DocentError(Code.CANCELLED, "the client was closed")
            if not self._connection.usable:
                self._connection = Connection(*self._arguments)
            return self._connection

    def _answer_pings(self) -> None:
        """Reads what comes while nobody waits for a reply: a server takes a silent peer for gone."""
        while not self._closed.wait(_IDLE_SECONDS):
            self._connection.read(None, 0)
