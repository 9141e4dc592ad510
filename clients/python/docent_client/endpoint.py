"""Where a teacher listens, and how to reach it: by TCP or a Unix-domain socket, with TLS or without."""

import socket
import ssl

from .arguments import refusal, shown
from .errors import Code, DocentError


class Endpoint:
    """An address, `HOST:PORT` or `unix:/PATH`, with what TLS needs: `None` as context means no TLS."""

    def __init__(self, address: str, tls, ca: str | None, certificate: tuple[str, str] | None, server_name: str | None):
        self.address = address
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        is_port = port.isdecimal() and len(port) <= 5 and int(port) < 1 << 16
        self._path = port if host == "unix" and not port.isdecimal() else None
        if not (self._path or host and is_port):
            raise refusal(f"address {shown(address)}", "HOST:PORT, with a port to 65535, or unix:/PATH")
        self._target = (host.strip("[]"), 0 if self._path else int(port))
        self._name = server_name or ("localhost" if self._path else self._target[0])
        self._context = tls if isinstance(tls, ssl.SSLContext) else None
        if self._context is not None and (ca or certificate):
            raise refusal("an SSLContext together with ca= or certificate=", "the context to have loaded them")
        if self._context is None and (tls or ca or certificate):
            self._context = _context(ca, certificate)
        if server_name is not None and self._context is None:
            raise refusal(f"server_name={shown(server_name)} without TLS", "tls=True, ca= or certificate= with it")

    def connect(self, seconds: float | None) -> socket.socket:
        """A connected socket, its TLS handshake done."""
        seconds = None if seconds is None else max(seconds, 1e-3)
        try:
            if self._path:
                plain = socket.socket(socket.AF_UNIX)
                try:
                    plain.settimeout(seconds)
                    plain.connect(self._path)
                except BaseException:
                    plain.close()
                    raise
            else:
                plain = socket.create_connection(self._target, seconds)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except ValueError as error:  # A name that cannot be encoded, or a path with a NUL.
            raise refusal(f"address {shown(self.address)} ({error})", "HOST:PORT or unix:/PATH") from error
        except OSError as error:
            start = f"docent-teacher serve --registry teacher.sqlite --listen {self.address}"
            message = f"no teacher at {self.address} ({error}); start one with: {start}"
            raise DocentError(Code.UNAVAILABLE, message) from error
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=self._name)
        except (OSError, ValueError) as error:
            plain.close()
            raise DocentError(Code.UNAVAILABLE, f"no TLS with {self.address}: {self.explain(error)}") from error

    def explain(self, error: object) -> str:
        """What went wrong with a socket, and which argument would help."""
        words = str(error)
        if self._context is None:
            return words
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"{error.verify_message}; ca= takes the PEM file of who signed it, server_name= a name that is in it"
        if any(alert in words for alert in ("CERTIFICATE", "HANDSHAKE_FAILURE", "UNKNOWN_CA")):
            return f"{words}; it may want another client certificate: certificate=(PEM file, key file)"
        if isinstance(error, (ssl.SSLError, ConnectionError)):
            return f"{words}; it may speak no TLS: leave out tls=, ca= and certificate= then"
        return words


def _context(ca: str | None, certificate: tuple[str, str] | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            context.load_cert_chain(*certificate)
        return context
    except (OSError, TypeError, ValueError) as error:
        given = f"ca={shown(ca)} and certificate={shown(certificate)} ({error})"
        raise refusal(given, "PEM files: one for ca=, and a pair of the certificate's and its key's") from error
