"""The statuses of the wire protocol as a Python error."""

import enum

from .proto.docent.v1 import docent_pb2 as wire

Code = enum.IntEnum("Code", wire.Code.items())
Code.__doc__ = "gRPC's status codes."


class DocentError(Exception):
    """A call that failed: `code` with gRPC's meaning, and a message that says what was wrong and what was expected.

    `retry_after` is in seconds, and 0 where the server did not say. `unstarted` says that the server, which is leaving,
    never began the call.
    """

    def __init__(self, code: int, message: str, retry_after: float = 0.0, unstarted: bool = False):
        self.code = Code(code) if code in Code._value2member_map_ else Code.UNKNOWN
        self.message = message
        self.retry_after = retry_after
        self.unstarted = unstarted
        super().__init__(f"{self.code.name}: {message}")

    def __reduce__(self):
        # By its arguments, not by its text: workers hand their errors to another process.
        return type(self), (self.code, self.message, self.retry_after, self.unstarted)

    @classmethod
    def of(cls, status: "wire.Status", unstarted: bool = False) -> "DocentError":
        return cls(status.code, status.message, status.retry_after_us / 1e6, unstarted)
