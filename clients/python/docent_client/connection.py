"""One connection: frames, the handshake, and the calls under way.

A frame is a flags byte, a big-endian length, and a protobuf `Frame` (see `proto/docent/v1/docent.proto`). No thread
reads all the time: whoever waits for a reply reads for everybody, which spares a query two changes of thread.
"""

import select
import socket
import struct
import threading
import time

from .errors import Code, DocentError
from .proto.docent.v1 import docent_pb2 as wire

_HEADER = struct.Struct(">BI")
_PROTOCOL = 1
_LAST_CALL = 2**31 - 1
_FRAME_BYTES_MAX = 64 << 20


class Exchange:
    """One call, and the frame or the error that ended it."""

    def __init__(self, connection: "Connection", deadline: float | None):
        self._connection, self._deadline, self.answer = connection, deadline, None

    def wait(self) -> "wire.Frame":
        self.settle()
        if isinstance(self.answer, DocentError):
            raise self.answer
        return self.answer

    def settle(self) -> None:
        while self.answer is None:
            left = None if self._deadline is None else self._deadline - time.monotonic()
            if left is not None and left <= 0:
                raise DocentError(Code.DEADLINE_EXCEEDED, f"{self._connection.address} did not answer in time")
            self._connection.read(self, left)


class Connection:
    """Connects and shakes hands at once. Never reused after it was lost; see `usable`."""

    def __init__(self, address: str, name: str, token: str, timeout: float | None):
        self.address = address
        # Taken in this order, where both are.
        self._writing, self._reading = threading.RLock(), threading.Lock()
        self._buffer, self._open, self._next, self._pongs = bytearray(), {}, 1, []
        self._failure: DocentError | None = None
        self._leaving: DocentError | None = None
        self._socket = self._connect(timeout)
        handshake = self._open[0] = Exchange(self, None if timeout is None else time.monotonic() + timeout)
        try:
            self._write(wire.Frame(hello=wire.Hello(protocol=_PROTOCOL, client=name, token=token)))
            self.limits = handshake.wait().welcome
            if self.limits.protocol != _PROTOCOL:
                spoken = self.limits.protocol
                message = f"{address} speaks protocol {spoken}; this client speaks {_PROTOCOL}"
                raise DocentError(Code.FAILED_PRECONDITION, message)
        except DocentError as error:
            self.close(error)
            raise

    @property
    def usable(self) -> bool:
        """Whether it takes new calls."""
        return self._failure is None and self._leaving is None and self._next <= _LAST_CALL

    def submit(self, deadline: float | None, **body) -> Exchange:
        """Writes a call's request. A connection that is lost meanwhile fails the exchange, not this."""
        with self._writing:
            while len(self._open) >= max(1, self.limits.calls_in_flight_max):
                for oldest in list(self._open.values())[:1]:
                    oldest.settle()
            exchange = Exchange(self, deadline)
            number, self._next = self._next, self._next + 1
            self._open[number] = exchange
            if self._leaving is None:
                self._write(wire.Frame(call=number, **body))
            if error := self._failure or self._leaving:
                exchange.answer = exchange.answer or error
                self._open.pop(number, None)
            return exchange

    def read(self, waiting: Exchange | None, seconds: float | None) -> None:
        """Handles what the socket has, waiting for it at most so long, unless the answer is there by then."""
        if self._reading.acquire(timeout=-1 if seconds is None else seconds):
            try:
                if waiting is None or waiting.answer is None:
                    self._receive(seconds)
            finally:
                self._reading.release()
        while self._pongs:
            self._write(wire.Frame(pong=wire.Pong(payload=self._pongs.pop())))

    def close(self, error: DocentError) -> None:
        """Every call under way fails with this error."""
        if self._failure is not None:
            return
        self._failure = error
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
        for exchange in list(self._open.values()):
            exchange.answer = error
        self._open.clear()

    def _connect(self, timeout: float | None) -> socket.socket:
        host, _, port = self.address.rpartition(":")
        if not host or not port.isdecimal():
            raise DocentError(Code.INVALID_ARGUMENT, f"address {self.address!r}; expected HOST:PORT")
        try:
            connection = socket.create_connection((host.strip("[]"), int(port)), timeout)
        except (OSError, OverflowError) as error:
            start = f"docent-teacher serve --registry teacher.sqlite --listen {self.address}"
            message = f"no teacher at {self.address} ({error}); start one with: {start}"
            raise DocentError(Code.UNAVAILABLE, message) from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(None)
        return connection

    def _write(self, frame: "wire.Frame") -> None:
        payload = frame.SerializeToString()
        with self._writing:
            rest = memoryview(_HEADER.pack(0, len(payload)) + payload)
            while rest and self._failure is None:
                try:
                    rest = rest[self._socket.send(rest, socket.MSG_DONTWAIT) :]
                except BlockingIOError:
                    # The server reads no more until its replies are read.
                    self._poll(select.POLLIN | select.POLLOUT, None)
                    if self._reading.acquire(blocking=False):
                        try:
                            self._receive(0)
                        finally:
                            self._reading.release()
                except (OSError, ValueError) as error:
                    self._lose(error)

    def _poll(self, events: int, seconds: float | None) -> bool:
        poll = select.poll()
        poll.register(self._socket, events)
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    def _receive(self, seconds: float | None) -> None:
        if self._failure is not None:
            return
        try:
            if seconds is not None and not self._poll(select.POLLIN, seconds):
                return
            data = self._socket.recv(1 << 18)
        except (OSError, ValueError) as error:
            return self._lose(error)
        if not data:
            return self._lose("it was closed at the other end")
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= _HEADER.size:
            flags, length = _HEADER.unpack_from(self._buffer, start)
            if flags != 0 or length > _FRAME_BYTES_MAX:
                return self._break()
            end = start + _HEADER.size + length
            if len(self._buffer) < end:
                break
            try:
                frame = wire.Frame.FromString(bytes(self._buffer[start + _HEADER.size : end]))
            except Exception:  # The runtimes differ in what they raise for bytes that cannot be parsed.
                return self._break()
            start = end
            self._handle(frame)
        del self._buffer[:start]

    def _handle(self, frame: "wire.Frame") -> None:
        body = frame.WhichOneof("body")
        if body == "ping":
            self._pongs.append(frame.ping.payload)
        elif body == "go_away":
            # The calls up to the last one named still finish.
            self._leaving = DocentError.of(frame.go_away.status)
            for number in [n for n in self._open if n == 0 or n > frame.go_away.last_call]:
                self._open.pop(number).answer = self._leaving
        elif (exchange := self._open.pop(frame.call, None)) is not None:
            exchange.answer = DocentError.of(frame.status) if body == "status" else frame
        if self._leaving is not None and not self._open:
            self.close(self._leaving)

    def _lose(self, why: object) -> None:
        self.close(DocentError(Code.UNAVAILABLE, f"the connection to {self.address} was lost: {why}"))

    def _break(self) -> None:
        message = f"{self.address} does not speak Docent's protocol: another service, or one that wants TLS?"
        self.close(DocentError(Code.INTERNAL, message))
