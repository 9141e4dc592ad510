"""A query: observations as arrays, split by the server's limits, and its reply as arrays."""

import operator
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from .arguments import refusal, shown
from .channel import Call, Channel, Rules
from .connection import Connection
from .errors import Code, DocentError
from .proto.docent.v1 import docent_pb2 as wire

_WANT = {"outputs": 1, "values": 2}
_ACTIONS, _FEATURES = 4, 8
_MODES = {"greedy": wire.GREEDY, "sampled": wire.SAMPLED}
# What a query's frame has beside its observations and its other fields: tags, lengths and numbers.
_FRAME_OVERHEAD = 64
# The arguments that are not named as the schema's fields are.
ARGUMENTS = {"lease_version": "lease", "features_layer": "features"}


@dataclass(frozen=True, eq=False)
class Reply:
    """What a model answered: one `version` computed every row.

    `outputs` is float32, rows x width: categorical logits; a Gaussian's means, then its log standard deviations; or Q
    values. `values` is float32, rows; None where the model has no value function. `actions` is int32, rows, for
    categorical and Q heads; float32, rows x dimensions, for Gaussian ones. `features` is float32, rows x the layer's
    width. What was not asked for is None. A single observation (one axis) gets arrays without the axis of rows. The
    arrays are the caller's own, to be written to.
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
    try:
        given = np.asarray(observations)
    except Exception as error:  # What an object's own conversion raises is anything.
        raise refusal(f"observations={shown(observations)} ({error})", "rows of one width") from error
    if given.dtype.kind not in "biuf":
        raise refusal(f"observations of type {given.dtype}", "numbers that float32 has, or uint8")
    if given.ndim > 2:
        raise refusal(f"observations of shape {given.shape}", "(rows, width) or (width,)")
    try:
        with np.errstate(over="raise"):
            return np.array(given, dtype=np.uint8 if given.dtype == np.uint8 else "<f4", order="C", ndmin=1)
    except FloatingPointError as error:
        largest = np.abs(given[np.isfinite(given)]).max()
        raise refusal(f"observations to {largest:g}", "numbers that float32 has, to 3.4e38") from error


def wanted(want, actions: str | None, features: str | None) -> dict:
    """The fields of an InferRequest that say what it asks for."""
    names = list(_WANT) if want is None else list(want) if isinstance(want, (list, tuple, set, frozenset)) else [want]
    if unknown := [name for name in names if not (isinstance(name, str) and name in _WANT)]:
        raise refusal(f"want={shown(unknown[0])}", "'outputs' or 'values', or a list of them")
    if actions is not None and not (isinstance(actions, str) and actions in _MODES):
        raise refusal(f"actions={shown(actions)}", "'greedy' or 'sampled'")
    bits = sum({_WANT[name] for name in names}) | (_ACTIONS if actions else 0) | (_FEATURES if features else 0)
    if bits == 0:
        raise refusal("a query that wants nothing", "outputs, values, actions or features")
    fields = {"want": 0 if bits == 3 else bits, "features_layer": features or ""}
    if actions:
        fields["action_mode"] = _MODES[actions]
    return fields


def seed_of(seed: int | None, actions: str | None) -> int | None:
    """As the schema has it: unsigned."""
    if seed is None:
        return None
    if actions != "sampled":
        raise refusal(f"seed={shown(seed)} and actions={shown(actions)}", "actions='sampled'")
    try:
        number = operator.index(seed)
    except TypeError:
        number = None
    if number is None or not -(2**63) <= number < 2**64:
        raise refusal(f"seed={shown(seed)}", "an integer of 64 bits")
    return number % 2**64


class Query(Call):
    def __init__(
        self,
        channel: Channel,
        rules: Rules,
        request: "wire.InferRequest",
        seed: int | None,
        observations: np.ndarray,
        policy: Callable[[int, Rules], "wire.Policy"],
    ):
        self._request, self._seed, self._policy, self._shape = request, seed, policy, observations.shape[:-1]
        self._rows, self._lease_moved = observations if observations.ndim == 2 else observations[None], False
        super().__init__(channel, rules)

    def _split(self, connection: Connection) -> list[dict]:
        limits, rows = connection.limits, self._rows
        most = limits.rows_per_call_max
        if limits.frame_bytes_max and rows.shape[1]:
            room = limits.frame_bytes_max - _FRAME_OVERHEAD - self._request.ByteSize()
            most = min(most, room // (rows.shape[1] * rows.itemsize))
        most = max(1, most)
        if self._seed is not None and len(rows) > most:
            # Row r of a call draws from (seed, r), and the schema has no word for a part's first row.
            given = f"seed={self._seed} and {len(rows)} rows, of which {connection.address} takes {most} at once"
            raise refusal(given, f"no seed, or queries of at most {most} rows with a seed each")
        element, bodies = wire.UINT8 if rows.dtype == np.uint8 else wire.FP32, []
        for start in range(0, max(1, len(rows)), most):
            part = rows[start : start + most]
            data = part.tobytes()
            request = wire.InferRequest(rows=len(part), observations=data, element_type=element)
            request.MergeFrom(self._request)
            if request.action_mode == wire.SAMPLED:
                request.action_seed = secrets.randbits(64) if self._seed is None else self._seed
            bodies.append({"infer": request})
        return bodies

    def _finish(self, frames: list) -> Reply | None:
        replies = [frame.infer_reply for frame in frames]
        for reply, body in zip(replies, self._bodies):
            if reply.rows != body["infer"].rows:
                raise DocentError(Code.INTERNAL, f"a reply of {reply.rows} rows; expected {body['infer'].rows}")
        newest = max(reply.version for reply in replies)
        self._lease_moved |= any(reply.lease_moved for reply in replies)
        if any(reply.version != newest for reply in replies):
            # The version changed between two parts: all rows are asked again, of one.
            self._request.alias, self._request.version, self._request.lease_version = "", newest, 0
            self._exchanges = []
            return None
        asked = self._request.want or 3
        values = _joined(reply.values for reply in replies)
        return Reply(
            outputs=self._array(_joined(reply.outputs for reply in replies), -1) if asked & 1 else None,
            values=self._array(values) if values else None,
            version=newest,
            actions=self._actions(replies, newest) if asked & _ACTIONS else None,
            features=self._array(_joined(reply.features for reply in replies), -1) if asked & _FEATURES else None,
            lease_moved=self._lease_moved,
        )

    def _actions(self, replies: list, version: int) -> np.ndarray:
        data = _joined(reply.actions for reply in replies)
        if self._policy(version, self._rules).head == wire.GAUSSIAN:
            return self._array(data, -1)
        return self._array(data, dtype="<i4")

    def _array(self, data: bytearray, *width: int, dtype: str = "<f4") -> np.ndarray:
        try:
            return np.frombuffer(data, dtype).reshape((*self._shape, *width))
        except ValueError as error:
            message = f"a reply of {len(data)} bytes for observations of shape {self._rows.shape}; expected 4 a number"
            raise DocentError(Code.INTERNAL, message) from error


def _joined(parts: Iterable[bytes]) -> bytearray:
    """Not bytes: an array over those could not be written to."""
    return bytearray().join(parts)
