"""The connection of a client, made again after it was lost; and the calls that are sent again."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from . import retry
from .connection import Connection, Exchange
from .endpoint import Endpoint
from .errors import Code, DocentError
from .proto.docent.v1 import docent_pb2 as wire
from .retry import seconds_left

_CONNECT_SECONDS = 20.0


class Rules(NamedTuple):
    """What a call goes by. The deadline spans its attempts."""

    deadline: float | None
    wait_for_ready: bool
    retries: int


def _never() -> bool:
    return False


class Channel:
    """Hands out the one connection for queries, connecting at once where there is none, then with backoff."""

    def __init__(self, endpoint: Endpoint, hello: "wire.Hello"):
        self._endpoint, self._hello, self._address = endpoint, hello, endpoint.address
        self._state, self._connecting, self.closed = threading.Condition(), False, False
        self._current: Connection | None = None
        # Others are for bulk streams, or are left by their server and finish the calls that they have.
        self._connections: list[Connection] = []
        self._error, self._failures, self._again = None, 0, 0.0

    def connection(
        self, deadline: float | None, wait_for_ready: bool, is_cancelled: Callable[[], bool] = _never
    ) -> Connection:
        """Fails with UNAVAILABLE where the last attempt to connect failed and the next is not due, unless it is to wait
        for that."""
        with self._state:
            while True:
                if self.closed or is_cancelled():
                    raise self._gone()
                if self._current is not None and self._current.usable:
                    return self._current
                left, due = seconds_left(deadline), seconds_left(self._again)
                if left == 0:
                    why = f": {self._error.message}" if self._error else ""
                    raise DocentError(Code.DEADLINE_EXCEEDED, f"no connection to {self._address} in time{why}")
                if self._connecting:
                    self._state.wait(left)
                elif due == 0:
                    self._connect(deadline)
                elif not wait_for_ready or self._error.code != Code.UNAVAILABLE:
                    raise self._error.with_traceback(None)
                else:
                    self._state.wait(due if left is None else min(due, left))

    def apart(self, deadline: float | None) -> Connection:
        """A new connection, for a bulk stream. The caller closes it."""
        most = time.monotonic() + _CONNECT_SECONDS
        try:
            by = most if deadline is None else min(deadline, most)
            connection = Connection(self._endpoint, self._hello, by)
        except DocentError as error:
            if error.code != Code.DEADLINE_EXCEEDED:
                raise
            raise DocentError(Code.UNAVAILABLE, f"{self._address} did not greet in time") from error
        with self._state:
            self._connections.append(connection)
            if self.closed:
                connection.close(self._gone())
        return connection

    def pause(self, seconds: float, is_cancelled: Callable[[], bool]) -> None:
        with self._state:
            self._state.wait_for(lambda: self.closed or is_cancelled(), seconds)
            if self.closed or is_cancelled():
                raise self._gone()

    def wake(self) -> None:
        """Whoever waits here asks again whether it is cancelled."""
        with self._state:
            self._state.notify_all()

    def tend(self) -> None:
        with self._state:
            self._connections = [connection for connection in self._connections if not connection.lost]
            connections = list(self._connections)
        for connection in connections:
            connection.tend()

    def close(self) -> None:
        with self._state:
            self.closed = True
            self._state.notify_all()
            for connection in self._connections:
                connection.close(self._gone())

    def _gone(self) -> DocentError:
        return DocentError(Code.CANCELLED, "the client was closed" if self.closed else "the caller gave it up")

    def _connect(self, deadline: float | None) -> None:
        self._connecting = True
        self._state.release()
        error = None
        try:
            self._current = self.apart(deadline)
        except DocentError as caught:
            error = caught
        finally:
            self._state.acquire()
            self._connecting = False
            self._state.notify_all()
        self._error, self._failures = error, self._failures + 1 if error else 0
        if error is not None and seconds_left(deadline) != 0:
            pause = retry.backoff(retry.RECONNECT_SECONDS, self._failures, retry.RECONNECT_SECONDS_MAX)
            self._again = time.monotonic() + pause

class Attempts:
    """What a call has tried. One that its server never started is sent again at once, and that does not count."""

    def __init__(self, channel: Channel, rules: Rules, is_cancelled: Callable[[], bool] = _never):
        self._channel, self._rules, self._is_cancelled = channel, rules, is_cancelled
        self._failed, self._moved = 0, 0

    def recover(self, error: DocentError) -> None:
        """Returns when the call may be sent again; raises the error where it may not."""
        if error.unstarted and self._moved < min(self._rules.retries, retry.ATTEMPTS_MAX):
            self._moved += 1
            return
        if error.code in retry.CODES and seconds_left(self._rules.deadline) == 0:
            raise DocentError(Code.DEADLINE_EXCEEDED, f"no answer in time: {error.message}") from error
        self._failed += 1
        seconds = retry.pause(error, self._failed, self._rules.retries, seconds_left(self._rules.deadline))
        if seconds is None:
            raise error
        self._channel.pause(seconds, self._is_cancelled)

    def succeeded(self) -> None:
        """For a stream: what fails from now on counts anew."""
        self._failed, self._moved = 0, 0


class Call:
    """A call under way. It was sent when it was made, and is sent again while somebody waits for its result."""

    def __init__(self, channel: Channel, rules: Rules, **body):
        self._channel, self._rules = channel, rules
        self._attempts, self._cancelled, self._waiting = None, False, threading.Lock()
        self._outcome, self._error = None, None
        self._bodies, self._exchanges = [body], []
        try:
            self._send(wait_for_ready=False)
        except DocentError as error:
            # Waiting until a server is ready is left to `result`.
            self._error = None if rules.wait_for_ready and error.code == Code.UNAVAILABLE else error

    def result(self):
        """Waits for the reply. Raises DocentError with the call's status when it failed."""
        with self._waiting:
            while self._outcome is None:
                try:
                    replies = self._collect()
                except DocentError as error:
                    self._outcome = error
                else:
                    self._outcome = self._finish(replies)
            if isinstance(self._outcome, DocentError):
                raise self._outcome
            return self._outcome

    def cancel(self) -> None:
        """Gives the call up, unless it was answered: `result` raises CANCELLED, at once where it is waiting."""
        self._cancelled = True
        for exchange in list(self._exchanges):
            exchange.cancel()
        self._channel.wake()

    def _split(self, connection: Connection) -> list[dict]:
        """The requests of the call; several where the server takes no more at once."""
        return self._bodies

    def _finish(self, replies: list):
        """What the caller gets of the frames; None where the call was sent anew, and is to be collected again."""
        return replies[0]

    def _is_cancelled(self) -> bool:
        return self._cancelled

    def _send(self, wait_for_ready: bool) -> None:
        """Sends what has failed or was never sent."""
        deadline = self._rules.deadline
        connection = self._channel.connection(deadline, wait_for_ready, self._is_cancelled)
        if not self._exchanges:
            self._bodies = self._split(connection)
        for index, body in enumerate(self._bodies):
            if index == len(self._exchanges) or self._exchanges[index].error is not None:
                rows = body["infer"].rows if "infer" in body else 0
                self._exchanges[index : index + 1] = [connection.submit(deadline, rows, **body)]
        if self._cancelled:
            self.cancel()

    def _collect(self) -> list:
        """The frame that answers each part. Sends again what failed, as long as the rules allow."""
        while True:
            try:
                if self._error is not None:
                    raise self._error
                if not self._exchanges:
                    self._send(self._rules.wait_for_ready)
                for exchange in self._exchanges:
                    exchange.settle()
                errors = [exchange.error for exchange in self._exchanges if exchange.error is not None]
                if not errors:
                    return [exchange.frames[0] for exchange in self._exchanges]
                raise max(errors, key=_weight)
            except DocentError as error:
                self._recover(error)
            try:
                self._error = None
                self._send(self._rules.wait_for_ready)
            except DocentError as error:
                self._error = error

    def _recover(self, error: DocentError) -> None:
        if self._attempts is None:
            self._attempts = Attempts(self._channel, self._rules, self._is_cancelled)
        try:
            self._attempts.recover(error)
        except DocentError:
            for exchange in self._exchanges:
                exchange.cancel()
            raise


def _weight(error: DocentError) -> tuple:
    """Of several errors the heaviest counts: one that ends the call, else the one to wait longest for."""
    return error.code not in retry.CODES and not error.unstarted, not error.unstarted, error.retry_after
