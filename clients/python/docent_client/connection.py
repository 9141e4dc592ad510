"""One connection: frames, the handshake, and the calls under way.

A frame is a flags byte, a big-endian length, and a protobuf `Frame` (see `proto/docent/v1/docent.proto`). No thread
reads all the time: one of those that wait for a reply reads for everybody, which spares a query two changes of thread.
"""

import select
import socket
import ssl
import struct
import threading
from collections import deque

from .arguments import refusal
from .endpoint import Endpoint
from .errors import Code, DocentError
from .proto.docent.v1 import docent_pb2 as wire
from .retry import seconds_left

_HEADER = struct.Struct(">BI")
_PROTOCOL = 1
_LAST_CALL = 2**31 - 1
_FRAME_BYTES_MAX = 64 << 20
# What one wait of the platform surely takes; who waits longer waits again.
_WAIT_SECONDS_MAX = 86_400.0
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Exchange:
    """One call on one connection: the frames that answered it, and the error that ended it. `many` frames may answer a
    stream; one answers any other call."""

    def __init__(self, connection: "Connection", deadline: float | None, rows: int = 0, many: bool = False):
        self._connection, self.deadline, self.rows, self.many = connection, deadline, rows, many
        self.number, self.frames, self.error = 0, deque(), None

    @property
    def settled(self) -> bool:
        return bool(self.frames) or self.error is not None

    def settle(self) -> None:
        """Waits for a frame or the error; the deadline's passing is one."""
        if not self.settled:
            self._connection.wait(self)

    def next(self) -> "wire.Frame":
        self.settle()
        if self.frames:
            return self.frames.popleft()
        raise self.error

    def cancel(self) -> None:
        """Ends a call that is under way with CANCELLED, here at once, and at the server."""
        self._connection.cancel(self)


class Connection:
    """Connects and shakes hands at once. Never reused after it was lost; see `usable`."""

    def __init__(self, endpoint: Endpoint, hello: "wire.Hello", deadline: float | None):
        self._endpoint, self.address = endpoint, endpoint.address
        # Guards all that follows, the socket too, and is never held while somebody waits for the socket. `_polling` is
        # the one thread that does; a byte into `_nudge` calls it back.
        self._lock, self._polling = threading.Lock(), False
        self._state = threading.Condition(self._lock)
        self._incoming, self._outgoing = bytearray(), bytearray()
        self._open, self._rows, self._next = {}, 0, 1
        self._failure: DocentError | None = None
        self._leaving: DocentError | None = None
        self._socket = endpoint.connect(seconds_left(deadline))
        self._nudged, self._nudge = socket.socketpair()
        for end in (self._socket, self._nudged, self._nudge):
            end.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._nudged, select.POLLIN)
        self._poll.register(self._socket, select.POLLIN)
        handshake = self._open[0] = Exchange(self, deadline)
        try:
            with self._lock:
                greeting = wire.Hello(protocol=_PROTOCOL, client=hello.client, token=hello.token)
                self._send(wire.Frame(hello=greeting).SerializeToString())
            self.limits = handshake.next().welcome
            if self.limits.protocol != _PROTOCOL:
                spoken = self.limits.protocol
                message = f"{self.address} speaks protocol {spoken}; this client speaks {_PROTOCOL}"
                raise DocentError(Code.FAILED_PRECONDITION, message)
        except BaseException as error:
            self.close(error)
            raise

    @property
    def lost(self) -> bool:
        return self._failure is not None

    @property
    def usable(self) -> bool:
        """Whether it takes new calls."""
        return self._failure is None and self._leaving is None and self._next <= _LAST_CALL

    def submit(self, deadline: float | None, rows: int = 0, many: bool = False, **body) -> Exchange:
        """Writes a call's request, as soon as the server's limits leave room for it. What goes wrong is the exchange's
        error. A request that cannot be sent takes no room."""
        exchange = Exchange(self, deadline, rows, many)
        with self._lock:
            while self.usable and self._is_full(rows) and seconds_left(deadline) != 0:
                self._expire()
                deadlines = [other.deadline for other in (exchange, *self._open.values()) if other.deadline is not None]
                self._turn(seconds_left(min(deadlines, default=None)))
            if not self.usable:
                exchange.error = self._failure or self._moved()
            elif (left := seconds_left(deadline)) == 0:
                exchange.error = self._late()
            else:
                if left is not None and "infer" in body:
                    body["infer"].deadline_us = max(1, int(left * 1e6))
                try:
                    payload = self._payload(wire.Frame(call=self._next, **body))
                except DocentError as error:
                    exchange.error = error
                    return exchange
                exchange.number, self._next = self._next, self._next + 1
                self._open[exchange.number] = exchange
                self._rows += rows
                self._write(exchange, payload)
        return exchange

    def go_on(self, exchange: Exchange, **body) -> None:
        """Writes another frame of a call that sends several."""
        with self._lock:
            self._write(exchange, self._payload(wire.Frame(call=exchange.number, **body)))

    def wait(self, exchange: Exchange) -> None:
        with self._lock:
            while not exchange.settled:
                left = seconds_left(exchange.deadline)
                self._turn(left)
                if left == 0:
                    self._give_up(exchange, self._late())

    def cancel(self, exchange: Exchange) -> None:
        with self._lock:
            self._give_up(exchange, DocentError(Code.CANCELLED, "the caller gave it up"))

    def tend(self) -> None:
        """Reads what came while nobody waits for a reply, above all pings, and gives up the calls that are too late."""
        with self._lock:
            if not self._polling:
                self._turn(0)
            self._expire()

    def close(self, error: BaseException) -> None:
        """Every call under way fails with this error."""
        with self._lock:
            self._close(error)

    # What follows is called with `_lock` held.

    def _is_full(self, rows: int) -> bool:
        if not self._open:
            return False
        rows_max = self.limits.rows_in_flight_max or float("inf")
        return len(self._open) >= self.limits.calls_in_flight_max or self._rows + rows > rows_max

    def _payload(self, frame: "wire.Frame") -> bytes:
        """The frame's bytes. A server breaks off a connection, with all its calls, for more than it takes."""
        payload, most = frame.SerializeToString(), self.limits.frame_bytes_max
        if most and len(payload) > most:
            raise refusal(f"a request of {len(payload)} bytes", f"at most {most}, which {self.address} takes")
        return payload

    def _write(self, exchange: Exchange, payload: bytes) -> None:
        self._send(payload)
        # A server may read no more until its replies are read.
        while self._outgoing and not exchange.settled:
            if (left := seconds_left(exchange.deadline)) == 0:
                self._give_up(exchange, self._late())
            else:
                self._turn(left)

    def _give_up(self, exchange: Exchange, error: DocentError) -> None:
        if self._open.get(exchange.number) is exchange:
            self._end(exchange.number, error)
            if exchange.number:
                self._send(wire.Frame(call=exchange.number, cancel=wire.Cancel()).SerializeToString())
            self._wake()

    def _expire(self) -> None:
        for exchange in list(self._open.values()):
            if seconds_left(exchange.deadline) == 0:
                self._give_up(exchange, self._late())

    def _end(self, number: int, error: BaseException) -> None:
        exchange = self._take(number)
        exchange.frames.clear()
        exchange.error = error

    def _take(self, number: int) -> Exchange:
        exchange = self._open.pop(number)
        self._rows -= exchange.rows
        return exchange

    def _late(self) -> DocentError:
        return DocentError(Code.DEADLINE_EXCEEDED, f"{self.address} did not answer in time")

    def _moved(self) -> DocentError:
        why = self._leaving or DocentError(Code.UNAVAILABLE, f"{self.address} was asked 2^31 times on one connection")
        return DocentError(why.code, why.message, why.retry_after, unstarted=True)

    def _wake(self) -> None:
        self._state.notify_all()
        if self._polling:
            try:
                self._nudge.send(b"\0")
            except BlockingIOError:
                pass  # So many nudges lie there already.

    def _turn(self, seconds: float | None) -> None:
        """Waits, at most so long, until the socket has something, and handles it; or for the thread that does so."""
        if self._failure is not None:
            return
        seconds = None if seconds is None else min(seconds, _WAIT_SECONDS_MAX)
        if self._polling:
            self._state.wait(seconds)
            return
        self._polling = True
        self._poll.modify(self._socket, select.POLLIN | (select.POLLOUT if self._outgoing else 0))
        self._lock.release()
        try:
            ready = self._poll.poll(None if seconds is None else seconds * 1000)
        finally:
            self._lock.acquire()
            self._polling = False
            self._state.notify_all()
        if self._failure is not None:
            return self._close_sockets()
        if any(descriptor == self._nudged.fileno() for descriptor, _ in ready):
            self._nudged.recv(4096)
        self._flush()
        self._receive()

    def _send(self, payload: bytes) -> None:
        if self._failure is None:
            self._outgoing += _HEADER.pack(0, len(payload)) + payload
            self._flush()
            if self._outgoing:
                self._wake()

    def _flush(self) -> None:
        try:
            while self._outgoing:
                del self._outgoing[: self._socket.send(self._outgoing)]
        except _WOULD_BLOCK:
            pass
        except (OSError, ValueError) as error:
            self._outgoing.clear()
            self._receive()  # The server may have said why.
            self._lose(self._endpoint.explain(error))

    def _receive(self) -> None:
        if self._failure is not None:
            return
        try:
            # More than a TLS record, so that TLS holds nothing back that the socket no longer shows.
            data = self._socket.recv(1 << 18)
        except _WOULD_BLOCK:
            return
        except (OSError, ValueError) as error:
            return self._lose(self._endpoint.explain(error))
        if not data:
            return self._lose("it was closed at the other end")
        self._incoming += data
        self._parse()

    def _parse(self) -> None:
        while self._failure is None and len(self._incoming) >= _HEADER.size:
            flags, length = _HEADER.unpack_from(self._incoming)
            if flags != 0 or length > _FRAME_BYTES_MAX:
                return self._break()
            end = _HEADER.size + length
            if len(self._incoming) < end:
                return
            payload = bytes(self._incoming[_HEADER.size : end])
            del self._incoming[:end]
            try:
                frame = wire.Frame.FromString(payload)
            except Exception:  # The runtimes differ in what they raise for bytes that cannot be parsed.
                return self._break()
            self._handle(frame)

    def _handle(self, frame: "wire.Frame") -> None:
        body = frame.WhichOneof("body")
        if body == "ping":
            self._send(wire.Frame(pong=wire.Pong(payload=frame.ping.payload)).SerializeToString())
        elif body == "go_away":
            # The calls up to the last one named still finish.
            status = frame.go_away.status
            status.code = status.code or wire.UNAVAILABLE
            self._leaving = DocentError.of(status)
            for number in [n for n in self._open if n == 0 or n > frame.go_away.last_call]:
                self._end(number, self._leaving if number == 0 else self._moved())
        elif (exchange := self._open.get(frame.call)) is not None:
            if body == "status":
                exchange.error = DocentError.of(frame.status)
            else:
                exchange.frames.append(frame)
            if body == "status" or not exchange.many:
                self._take(frame.call)
        if self._leaving is not None and not self._open:
            self._close(self._leaving)

    def _lose(self, why: str) -> None:
        if 0 in self._open and not isinstance(self._socket, ssl.SSLSocket):
            why += ", before a Welcome: a service that wants tls=True?"
        self._close(DocentError(Code.UNAVAILABLE, f"the connection to {self.address} was lost: {why}"))

    def _break(self) -> None:
        message = f"{self.address} does not speak Docent's protocol: another service, or one that wants tls=True?"
        self._close(DocentError(Code.INTERNAL, message))

    def _close(self, error: BaseException) -> None:
        if self._failure is not None:
            return
        self._failure = error
        for number in list(self._open):
            self._end(number, error)
        self._wake()
        if not self._polling:
            self._close_sockets()

    def _close_sockets(self) -> None:
        """A descriptor is not closed while a thread polls it: its number may be another's by then."""
        for end in (self._socket, self._nudged, self._nudge):
            end.close()
