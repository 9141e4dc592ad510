"""A teacher that does what a test tells it, frame by frame, for what the real service cannot be made to do."""

import socket
import struct
import threading

from docent_client.proto.docent.v1 import docent_pb2 as wire

HEADER = struct.Struct(">BI")


class ScriptedTeacher:
    """Accepts a connection for each script, in their order, and runs `script(session)` in a thread of its own. Later
    connections are refused.

    `path` is that of a Unix-domain socket, in place of a TCP port; `tls` is an SSLContext.
    """

    def __init__(self, *scripts, port=0, path=None, tls=None):
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", port))
            self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen()
            self.address = f"unix:{path}"
        self._tls, self.failures, self._threads = tls, [], []
        self._spawn(self._serve, scripts)

    def join(self):
        """Returns when every script has ended."""
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "a script has not ended"
        assert self.failures == []

    def _spawn(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, scripts):
        for number, script in enumerate(scripts, 1):
            connection, _ = self._listener.accept()
            if number == len(scripts):
                self._listener.close()
            self._spawn(self._run, script, connection)

    def _run(self, script, connection):
        with connection:
            try:
                if self._tls is None:
                    script(Session(connection))
                else:
                    with self._tls.wrap_socket(connection, server_side=True) as secure:
                        script(Session(secure))
            except BaseException as error:
                self.failures.append(error)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.join()
        finally:
            self._listener.close()


class Session:
    def __init__(self, connection):
        self.socket = connection

    def read(self):
        """The next frame; None at the end."""
        if (header := self._exactly(HEADER.size)) is None:
            return None
        flags, length = HEADER.unpack(header)
        assert flags == 0
        return wire.Frame.FromString(self._exactly(length))

    def write(self, *frames):
        data = b""
        for frame in frames:
            payload = frame.SerializeToString()
            data += HEADER.pack(0, len(payload)) + payload
        self.socket.sendall(data)

    def welcome(self, protocol=1, rows=1024, calls=64, rows_in_flight=0, frame_bytes=1 << 20):
        frame = self.read()
        assert frame.WhichOneof("body") == "hello" and frame.call == 0 and frame.hello.protocol == 1
        limits = wire.Welcome(
            protocol=protocol,
            server="scripted",
            frame_bytes_max=frame_bytes,
            rows_per_call_max=rows,
            calls_in_flight_max=calls,
            rows_in_flight_max=rows_in_flight,
        )
        self.write(wire.Frame(welcome=limits))
        return frame.hello

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            if not (part := self.socket.recv(count - len(data))):
                return None
            data += part
        return data


def reply(frame, version=1):
    """The reply to an Infer frame whose outputs are its observations and whose values count up from its call number."""
    values = struct.pack(f"<{frame.infer.rows}f", *(frame.call + row for row in range(frame.infer.rows)))
    infer = wire.InferReply(version=version, rows=frame.infer.rows, outputs=frame.infer.observations, values=values)
    return wire.Frame(call=frame.call, infer_reply=infer)


def status(call, code, message="no", retry_after_us=0):
    return wire.Frame(call=call, status=wire.Status(code=code, message=message, retry_after_us=retry_after_us))


def go_away(last_call, code=wire.UNAVAILABLE, message="draining"):
    return wire.Frame(go_away=wire.GoAway(last_call=last_call, status=wire.Status(code=code, message=message)))
