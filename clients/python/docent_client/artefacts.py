"""A version's artefact, in chunks, on a connection of its own."""

import hashlib

from .connection import Connection
from .errors import Code, DocentError
from .proto.docent.v1 import docent_pb2 as wire

_CHUNK_BYTES = 64 << 10


def fetch(connection: Connection, deadline: float | None, request: "wire.FetchRequest") -> tuple:
    exchange = connection.submit(deadline, many=True, fetch=request)
    header, data = exchange.next().fetch_header, bytearray()
    while len(data) < header.artefact_bytes:
        frame = exchange.next()
        if not frame.chunk.data or frame.chunk.offset != len(data):
            what = f"a chunk of {len(frame.chunk.data)} bytes at {frame.chunk.offset}"
            raise DocentError(Code.DATA_LOSS, f"{what}; expected one or more at {len(data)}")
        data += frame.chunk.data
    if len(data) != header.artefact_bytes:
        raise DocentError(Code.DATA_LOSS, f"an artefact of {len(data)} bytes; expected {header.artefact_bytes}")
    if (digest := hashlib.sha256(data).digest()) != header.sha256:
        message = f"an artefact whose SHA-256 is {digest.hex()}; expected {header.sha256.hex()}"
        raise DocentError(Code.DATA_LOSS, message)
    return header, bytes(data)


def publish(connection: Connection, deadline: float | None, header: "wire.PublishHeader", artefact: bytes) -> int:
    exchange = connection.submit(deadline, publish=header)
    for offset in range(0, len(artefact), _CHUNK_BYTES):
        if exchange.settled:
            break
        connection.go_on(exchange, chunk=wire.Chunk(offset=offset, data=artefact[offset : offset + _CHUNK_BYTES]))
    return exchange.next().publish_reply.version
