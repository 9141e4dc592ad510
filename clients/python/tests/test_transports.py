"""Unix-domain sockets, TLS and tokens, against a scripted teacher."""

import ssl
import subprocess

import numpy as np
import pytest
from docent_client import Client, DocentError
from scripted import ScriptedTeacher, reply


def answer(session):
    assert session.welcome().token == "secret"
    while (frame := session.read()) is not None:
        session.write(reply(frame))


def swallow(session):
    """The other end breaks off while it greets."""
    try:
        session.read()
    except OSError:
        pass


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Two PEM files each of `teacher`, valid for 127.0.0.1 alone, and `walker`, both self-signed."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, subject in (("teacher", "IP:127.0.0.1"), ("walker", "DNS:walker")):
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        command += ["-nodes", "-days", "2"]
        command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}"]
        command += ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
        subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def server_side(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "teacher.pem", certificates / "teacher.key")
    return context


def test_a_unix_socket(tmp_path):
    with ScriptedTeacher(answer, path=tmp_path / "teacher.sock") as teacher:
        assert teacher.address.startswith("unix:/")
        with Client(teacher.address, token="secret") as client:
            assert client.infer("m", [1.0]).outputs.tolist() == [1]
    with pytest.raises(DocentError, match="UNAVAILABLE: no teacher at unix:/"):
        Client(teacher.address)


def test_large_replies_by_tls(server_side, certificates):
    rows = np.random.default_rng(0).normal(size=(1024, 64)).astype(np.float32)
    with ScriptedTeacher(answer, tls=server_side) as teacher:
        with Client(teacher.address, token="secret", ca=certificates / "teacher.pem") as client:
            calls = [client.submit("m", rows[index:]) for index in range(16)]
            for index, call in enumerate(calls):
                np.testing.assert_array_equal(call.result().outputs, rows[index:])


def test_a_context_of_the_callers_own(server_side, certificates):
    context = ssl.create_default_context(cafile=certificates / "teacher.pem")
    with ScriptedTeacher(answer, tls=server_side) as teacher:
        with Client(teacher.address, token="secret", tls=context) as client:
            assert client.infer("m", [1.0]).outputs.tolist() == [1]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_of_the_client(server_side, certificates, version):
    server_side.verify_mode = ssl.CERT_REQUIRED
    server_side.load_verify_locations(certificates / "walker.pem")
    server_side.maximum_version = version
    ca = certificates / "teacher.pem"
    with ScriptedTeacher(answer, tls=server_side) as teacher:
        pair = (certificates / "walker.pem", certificates / "walker.key")
        with Client(teacher.address, token="secret", ca=ca, certificate=pair) as client:
            assert client.infer("m", [1.0]).outputs.tolist() == [1]
    teacher = ScriptedTeacher(swallow, tls=server_side)
    with pytest.raises(DocentError, match=r"UNAVAILABLE: .* client certificate: certificate=\(PEM file, key file\)"):
        Client(teacher.address, ca=ca)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(tls=True), "self-signed certificate; ca= takes the PEM file of who signed it"),
        (dict(ca="teacher.pem", server_name="walker"), "Hostname mismatch.*server_name= a name that is in it"),
    ],
)
def test_a_certificate_that_is_not_trusted_says_what_would_help(server_side, certificates, arguments, message):
    if "ca" in arguments:
        arguments = arguments | {"ca": certificates / arguments["ca"]}
    teacher = ScriptedTeacher(swallow, tls=server_side)
    with pytest.raises(DocentError, match=f"UNAVAILABLE: no TLS with 127.0.0.1:.*{message}"):
        Client(teacher.address, **arguments)


def test_a_server_without_tls_is_recognised():
    def script(session):
        assert session.socket.recv(1) == b"\x16"

    with ScriptedTeacher(script) as teacher:
        with pytest.raises(DocentError, match="UNAVAILABLE: no TLS with .* it may speak no TLS: leave out tls="):
            Client(teacher.address, tls=True)


def test_a_server_with_tls_is_recognised(server_side):
    teacher = ScriptedTeacher(swallow, tls=server_side)
    with pytest.raises(DocentError, match="wants tls=True"):
        Client(teacher.address)


def test_files_that_are_no_certificates_are_refused(tmp_path):
    for arguments in (dict(ca=tmp_path / "none.pem"), dict(certificate=(tmp_path / "a.pem", tmp_path / "a.key"))):
        with pytest.raises(DocentError, match="INVALID_ARGUMENT: ca=.*expected PEM files: one for ca="):
            Client("127.0.0.1:1", **arguments)
    with pytest.raises(DocentError, match="INVALID_ARGUMENT: an SSLContext together with ca="):
        Client("127.0.0.1:1", tls=ssl.create_default_context(), ca="ca.pem")
