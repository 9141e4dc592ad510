"""A query: observations as arrays, split by the server's limits, and its reply as arrays."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .channel import Call, Channel, Rules
from .connection import Connection
from .errors import Code, DocentError
from .proto.docent.v1 import docent_pb2 as wire

_WANT = {"outputs": 1, "values": 2}
_ACTIONS, _FEATURES = 4, 8
_MODES = {"greedy": wire.GREEDY, "sampled": wire.SAMPLED}
_FRAME_OVERHEAD = 4096


@dataclass(frozen=True)
class Reply:
    """What a model answered: one `version` computed every row.

    `outputs` is float32, rows x width: categorical logits; a Gaussian's means, then its log standard deviations; or Q
    values. `values` is float32, rows; None where the model has no value function. `actions` is int32, rows, for
    categorical and Q heads; float32, rows x dimensions, for Gaussian ones. `features` is float32, rows x the layer's
    width. What was not asked for is None. A single observation (one axis) gets arrays without the axis of rows.
    `lease_moved` says that another version answers the episode than before.
    """

    outputs: np.ndarray | None
    values: np.ndarray | None
    version: int
    actions: np.ndarray | None = None
    features: np.ndarray | None = None
    lease_moved: bool = False


def array_of(observations) -> np.ndarray:
    """A copy; uint8 as it is, all else as float32; one or two axes."""
    given = np.asarray(observations)
    rows = np.array(given, dtype=np.uint8 if given.dtype == np.uint8 else "<f4", order="C", ndmin=1)
    if rows.ndim > 2:
        message = f"observations of shape {rows.shape}; expected (rows, width) or (width,)"
        raise DocentError(Code.INVALID_ARGUMENT, message)
    return rows


def wanted(want, actions: str | None, seed: int | None, features: str | None) -> dict:
    """The fields of an InferRequest that say what it asks for."""
    names = _WANT if want is None else [want] if isinstance(want, str) else list(want)
    if unknown := [name for name in names if name not in _WANT]:
        raise DocentError(Code.INVALID_ARGUMENT, f"want={unknown[0]!r}; expected 'outputs' or 'values', or both")
    if actions is not None and actions not in _MODES:
        raise DocentError(Code.INVALID_ARGUMENT, f"actions={actions!r}; expected 'greedy' or 'sampled'")
    if seed is not None and actions != "sampled":
        raise DocentError(Code.INVALID_ARGUMENT, f"seed={seed} and actions={actions!r}; expected actions='sampled'")
    bits = sum({_WANT[name] for name in names}) | (_ACTIONS if actions else 0) | (_FEATURES if features else 0)
    if bits == 0:
        message = "a query that wants nothing; expected outputs, values, actions or features"
        raise DocentError(Code.INVALID_ARGUMENT, message)
    fields = {"want": 0 if bits == 3 else bits, "features_layer": features or ""}
    if actions:
        fields["action_mode"] = _MODES[actions]
    if actions == "sampled":
        fields["action_seed"] = secrets.randbits(64) if seed is None else int(seed) % 2**64
    return fields


class Query(Call):
    def __init__(
        self,
        channel: Channel,
        rules: Rules,
        fields: dict,
        observations: np.ndarray,
        policy: Callable[[int, Rules], "wire.Policy"],
    ):
        self._fields, self._policy, self._shape = fields, policy, observations.shape[:-1]
        self._rows, self._lease_moved = observations if observations.ndim == 2 else observations[None], False
        super().__init__(channel, rules)

    def _split(self, connection: Connection) -> list[dict]:
        limits, rows = connection.limits, self._rows
        most = limits.rows_per_call_max
        if limits.frame_bytes_max and rows.shape[1]:
            most = min(most, (limits.frame_bytes_max - _FRAME_OVERHEAD) // (rows.shape[1] * rows.itemsize))
        most = max(1, most)
        element, bodies = wire.UINT8 if rows.dtype == np.uint8 else wire.FP32, []
        for start in range(0, max(1, len(rows)), most):
            part = rows[start : start + most]
            data = part.tobytes()
            request = wire.InferRequest(rows=len(part), observations=data, element_type=element, **self._fields)
            if start and request.action_mode == wire.SAMPLED:
                # Rows are numbered from 0 in each part, so that each needs a seed of its own.
                request.action_seed ^= start * 0x9E3779B97F4A7C15 % 2**64
            bodies.append({"infer": request})
        return bodies

    def _finish(self, frames: list) -> Reply | None:
        replies = [frame.infer_reply for frame in frames]
        newest = max(reply.version for reply in replies)
        self._lease_moved |= any(reply.lease_moved for reply in replies)
        if any(reply.version != newest for reply in replies):
            # The version changed between two parts: all rows are asked again, of one.
            self._fields |= {"alias": "", "version": newest, "lease_version": 0}
            self._exchanges = []
            return None
        asked = self._fields["want"] or 3
        values = b"".join([reply.values for reply in replies])
        return Reply(
            outputs=self._array(b"".join([reply.outputs for reply in replies]), -1) if asked & 1 else None,
            values=self._array(values) if values else None,
            version=newest,
            actions=self._actions(replies, newest) if asked & _ACTIONS else None,
            features=self._array(b"".join([reply.features for reply in replies]), -1) if asked & _FEATURES else None,
            lease_moved=self._lease_moved,
        )

    def _actions(self, replies: list, version: int) -> np.ndarray:
        data = b"".join(reply.actions for reply in replies)
        if self._policy(version, self._rules).head == wire.GAUSSIAN:
            return self._array(data, -1)
        return self._array(data, dtype="<i4")

    def _array(self, data: bytes, *width: int, dtype: str = "<f4") -> np.ndarray:
        try:
            return np.frombuffer(data, dtype).reshape((*self._shape, *width))
        except ValueError as error:
            message = f"a reply of {len(data)} bytes for observations of shape {self._rows.shape}; expected 4 a number"
            raise DocentError(Code.INTERNAL, message) from error
