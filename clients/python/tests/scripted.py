"""A teacher that does what a test tells it, frame by frame, for what the real service cannot be made to do."""

import socket
import struct
import threading

from docent_client.proto.docent.v1 import docent_pb2 as wire

HEADER = struct.Struct(">BI")


class ScriptedTeacher:
    """Accepts connections, one after the other, and runs `script(session)` on each in a thread of its own."""

    def __init__(self, *scripts):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self.failures = []
        self._thread = threading.Thread(target=self._serve, args=(scripts,), daemon=True)
        self._thread.start()

    def _serve(self, scripts):
        for script in scripts:
            connection, _ = self._listener.accept()
            with connection:
                try:
                    script(Session(connection))
                except BaseException as error:
                    self.failures.append(error)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self._thread.join(10)
            assert not self._thread.is_alive(), "the script has not ended"
            assert self.failures == []
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

    def welcome(self, protocol=1, rows=1024, calls=64):
        frame = self.read()
        assert frame.WhichOneof("body") == "hello" and frame.call == 0 and frame.hello.protocol == 1
        limits = wire.Welcome(
            protocol=protocol, server="scripted", frame_bytes_max=1 << 20, rows_per_call_max=rows, calls_in_flight_max=calls
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
