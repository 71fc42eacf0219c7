"""Certificates: replaced while the daemon runs, picked by name, asked of clients, and about to end."""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

import harness
from harness import HOOK, callback, sign

SOON = 10  # seconds within which a new file is in use; it takes two to four


def der(file):
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(file).read_text(encoding="ascii"))


@contextlib.contextmanager
def talking(port, context, name="localhost"):
    with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE) as plain:
        with context.wrap_socket(plain, server_hostname=name) as secured:
            yield secured


def shown(port, authority, name="localhost", adjust=None):
    """The certificate that a client gets who asks for that name."""
    context = authority.client_context()
    context.check_hostname = False
    if adjust:
        adjust(context)
    with talking(port, context, name) as s:
        return s.getpeercert(binary_form=True)


def names_in(certificate):
    text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-ext", "subjectAltName"],
                                  input=certificate, capture_output=True, check=True).stdout
    return text.decode()


def becomes_shown(d, file):
    wanted = der(file)
    harness.wait_until(lambda: shown(d.port, d.authority) == wanted, f"{file} to be served", SOON)


def degraded(d):
    return d.api("GET", "/readyz").json["degraded"]


def metric(d, line):
    text = d.api("GET", "/metrics").body.decode()
    return next((float(one.rpartition(" ")[2]) for one in text.splitlines() if one.startswith(line + " ")), None)


def failures(d, reason):
    return metric(d, f'seedhook_tls_handshake_failures_total{{reason="{reason}"}}') or 0


def put(source, target):
    """Under its final name in one step."""
    shutil.copy(source, f"{target}.new")
    os.replace(f"{target}.new", target)


# -- replaced while it runs


class Live:
    """Where a listener's files are, kept in the ways of those that renew certificates."""

    def __init__(self, folder, pair):
        self.folder = folder / "live"
        self.folder.mkdir()
        self.certificate, self.key = self.folder / "fullchain.pem", self.folder / "privkey.pem"
        self.number = 0
        self.copied(*pair)

    def listener(self, port):
        return {"address": f"127.0.0.1:{port}", "tls": {"certificate": str(self.certificate), "key": str(self.key)}}

    def copied(self, certificate, key):
        """One after the other, each in one step: for a while they do not match."""
        put(certificate, self.certificate)
        time.sleep(0.1)
        put(key, self.key)

    def written(self, certificate, key):
        """Over the old ones, piece by piece."""
        for source, target in ((key, self.key), (certificate, self.certificate)):
            data = pathlib.Path(source).read_bytes()
            with open(target, "wb") as out:
                out.write(data[:100])
                out.flush()
                time.sleep(0.1)
                out.write(data[100:])

    def linked(self, certificate, key):
        """certbot: links to files of an archive are pointed at the next ones."""
        for source, target in ((certificate, self.certificate), (key, self.key)):
            target.unlink()
            target.symlink_to(source)

    def mounted(self, certificate, key):
        """Kubernetes: links through a link to a folder, which is pointed at the next one."""
        self.number += 1
        version = self.folder / f"..{self.number}"
        version.mkdir()
        shutil.copy(certificate, version / "tls.crt")
        shutil.copy(key, version / "tls.key")
        (self.folder / "..next").symlink_to(version.name)
        os.replace(self.folder / "..next", self.folder / "..data")
        for target, name in ((self.certificate, "tls.crt"), (self.key, "tls.key")):
            if not target.is_symlink() or os.readlink(target) != f"..data/{name}":
                target.unlink()
                target.symlink_to(f"..data/{name}")


class Sender(threading.Thread):
    """Posts callbacks until told to stop, over one connection or over new ones."""

    def __init__(self, d, number, keep):
        super().__init__()
        self.d, self.number, self.keep = d, number, keep
        self.stopping, self.sent, self.trouble = threading.Event(), 0, None

    def connection(self):
        return http.client.HTTPSConnection("127.0.0.1", self.d.port, timeout=harness.PATIENCE,
                                                   context=self.d.authority.client_context())

    def run(self):
        connection = self.connection()
        try:
            while not self.stopping.is_set():
                if not self.keep:
                    connection.close()
                    connection = self.connection()
                body = json.dumps(callback(f"req_{self.number}_{self.sent}", "failed"))
                was = connection.sock
                connection.request("POST", HOOK, body, {"x-seedance-signature": sign(body)})
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
                assert not self.keep or was in (None, connection.sock), "the connection was not kept"
                self.sent += 1
        except Exception as trouble:  # whatever it is, the test says it  # pylint: disable=broad-except
            self.trouble = trouble
        finally:
            connection.close()


def test_no_request_fails_while_certificates_are_replaced(daemon, folder, authority):
    pairs = [authority.issue(f"swap{n}") for n in range(6)]
    live = Live(folder, pairs[0])
    port = harness.free_port()
    d = daemon(settings={"listeners": [live.listener(port)], "log": {"level": "info", "format": "json"}}, port=port)
    senders = [Sender(d, n, keep=n % 2 == 0) for n in range(4)]
    for sender in senders:
        sender.start()
    try:
        for replace, pair in zip((live.copied, live.written, live.linked, live.mounted, live.mounted), pairs[1:]):
            before = [s.sent for s in senders]
            replace(*pair)
            becomes_shown(d, pair[0])
            harness.wait_until(lambda: all(s.trouble or s.sent > b + 5 for s, b in zip(senders, before)), "requests")
    finally:
        for sender in senders:
            sender.stopping.set()
        for sender in senders:
            sender.join()
    assert [s.trouble for s in senders] == [None] * 4
    assert sum(s.sent for s in senders) > 100
    assert degraded(d) == []
    assert failures(d, "other") == 0


def test_a_certificate_without_its_key_is_left_alone_until_the_key_comes(daemon, authority, folder):
    d = daemon()
    old = shown(d.port, authority)
    certificate, key = authority.issue("lonely")
    put(certificate, folder / "server.pem")
    reason = harness.wait_until(lambda: degraded(d), "the reason in /readyz", SOON)
    assert "key values mismatch" in reason[0] and "server.key" in reason[0]
    time.sleep(5)  # further looks say nothing new
    assert d.logs().count("certificate not reloaded") == 1
    assert shown(d.port, authority) == old and d.post(callback("req_1", "failed")).status == 200
    put(key, folder / "server.key")
    becomes_shown(d, certificate)
    assert degraded(d) == []
    assert '"certificate reloaded"' in d.logs()


def test_a_bad_certificate_refuses_no_new_configuration(daemon, authority):
    d = daemon()
    old = shown(d.port, authority)
    (d.folder / "server.pem").write_text("nonsense")
    d.settings["sources"].append({"name": "b", "path": "/hooks/b", "secrets": ["b"]})
    d.write_config()
    d.signal(signal.SIGHUP)
    harness.wait_until(lambda: d.post(callback("req_b", "failed"), secret="b", target="/hooks/b").status == 200, "the source")
    assert any("server.pem" in why for why in harness.wait_until(lambda: degraded(d), "the reason", SOON))
    assert shown(d.port, authority) == old


# -- names and kinds


@pytest.fixture
def many(daemon, authority):
    """A daemon whose listener and gateway have certificates for several names."""
    what = {"first": {}, "exact": {"names": "DNS:hooks.example.com"},
            "rsa": {"names": "DNS:hooks.example.com", "key": "rsa"}, "wild": {"names": "DNS:*.example.com"}}
    pairs = {name: authority.issue(name, **how) for name, how in what.items()}
    tls = [{"certificate": certificate, "key": key} for certificate, key in pairs.values()]
    ports = [harness.free_port(), harness.free_port()]
    d = daemon(port=ports[0], settings={
        "listeners": [{"address": f"127.0.0.1:{ports[0]}", "tls": tls}],
        "gateway": {"address": f"127.0.0.1:{ports[1]}", "tls": tls},
        "sources": [{"name": "main", "path": HOOK, "secrets": [harness.SECRET],
                     "api": {"base_url": "http://127.0.0.1:1", "key": harness.API_KEY}}]})
    d.pairs, d.ports = pairs, ports
    return d


def test_the_name_picks_the_certificate(many, authority):
    for port in many.ports:
        for name, wanted in {"localhost": "first", "hooks.example.com": "exact", "HOOKS.Example.com": "exact",
                             "a.example.com": "wild", "example.com": "first", "a.b.example.com": "first",
                             "elsewhere.org": "first", None: "first"}.items():
            assert shown(port, authority, name) == der(many.pairs[wanted][0]), (port, name)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_either_kind_of_key_is_at_hand_for_one_name(many, authority, version):
    def only(context):
        context.minimum_version = context.maximum_version = version

    def rsa(context):
        only(context)
        context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")

    assert shown(many.port, authority, "hooks.example.com", only) == der(many.pairs["exact"][0])
    if version == ssl.TLSVersion.TLSv1_2:
        assert shown(many.port, authority, "hooks.example.com", rsa) == der(many.pairs["rsa"][0])


def test_a_pair_of_many_is_replaced_by_itself(many, authority):
    certificate, key = authority.issue("wilder", names="DNS:*.example.com,DNS:new.example.org")
    pathlib.Path(many.pairs["exact"][0]).write_text("nonsense")
    put(certificate, many.pairs["wild"][0])
    put(key, many.pairs["wild"][1])
    for port in many.ports:
        for name in ("b.example.com", "new.example.org"):
            harness.wait_until(lambda: shown(port, authority, name) == der(certificate), name, SOON)
        assert "hooks.example.com" in (names_in(shown(port, authority, "hooks.example.com")))
    for name in ("first", "exact", "rsa", "wild"):
        left = metric(many, f'seedhook_certificate_expiry_seconds{{certificate="{many.pairs[name][0]}"}}')
        assert 86000 < left <= 86400, name


def test_check_and_doctor_know_all_certificates(many):
    assert all(pair[0] in many.command("check").stdout for pair in many.pairs.values())
    report = json.loads(many.command("doctor", "--json").stdout)
    results = {c["name"]: (c["result"], c["message"]) for c in report["checks"]}
    for port in many.ports:
        for certificate, _ in many.pairs.values():
            assert results[f"certificate of 127.0.0.1:{port}: {certificate}"][0] == "ok", results
    assert results[f"callback main at 127.0.0.1:{many.port}"][0] == "ok", results


# -- certificates of clients


@pytest.fixture
def choosy(daemon, folder, authority):
    """A daemon that takes callbacks from clients with a certificate alone."""
    port = harness.free_port()
    shutil.copy(authority.ca, folder / "clients.pem")
    return daemon(port=port, settings={"listeners": [{
        "address": f"127.0.0.1:{port}", "client_ca": str(folder / "clients.pem"),
        "tls": {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}}]})


@pytest.fixture(scope="session")
def stranger():
    """Another authority."""
    with harness.workplace() as place:
        yield harness.Authority(place)


def is_let_in(d, client=None, version=None):
    """Whether a callback comes through from a client with that certificate."""
    context = d.authority.client_context()
    if client:
        context.load_cert_chain(*client)
    if version:
        context.maximum_version = version
    body = json.dumps(callback("req_client", "failed"))
    connection = http.client.HTTPSConnection("127.0.0.1", d.port, timeout=harness.PATIENCE, context=context)
    try:
        return harness.exchange(connection, "POST", HOOK, body, {"x-seedance-signature": sign(body)}).status == 200
    except ssl.SSLError as refused:
        # The alert arrives, not a connection that just breaks off.
        assert "ALERT" in refused.reason, refused
        return False


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_clients_without_a_valid_certificate_are_refused_in_the_handshake(choosy, authority, stranger, version):
    good = authority.issue("client", usage="clientAuth")
    assert is_let_in(choosy, good, version)
    refused = [None, authority.issue("late", usage="clientAuth", days=-1), stranger.issue("foreign", usage="clientAuth"),
               authority.issue("server_only", usage="serverAuth")]
    for number, client in enumerate(refused, 1):
        assert not is_let_in(choosy, client, version), client
        harness.wait_until(lambda: failures(choosy, "client_certificate") == number, "the count")
    assert is_let_in(choosy, good, version)
    assert '"reason":"client_certificate"' in choosy.logs()


def test_a_new_client_ca_is_taken_by_itself(choosy, authority, stranger):
    ours, theirs = authority.issue("ours", usage="clientAuth"), stranger.issue("theirs", usage="clientAuth")
    assert is_let_in(choosy, ours) and not is_let_in(choosy, theirs)
    put(stranger.ca, choosy.folder / "clients.pem")
    harness.wait_until(lambda: is_let_in(choosy, theirs), "the other authority", SOON)
    assert not is_let_in(choosy, ours)
    (choosy.folder / "clients.pem").write_text("nonsense")
    assert "clients.pem" in harness.wait_until(lambda: degraded(choosy), "the reason", SOON)[0]
    assert is_let_in(choosy, theirs) and not is_let_in(choosy)


def test_doctor_knows_that_clients_need_a_certificate(choosy):
    report = json.loads(choosy.command("doctor", "--json").stdout)
    results = {c["name"]: (c["result"], c["message"]) for c in report["checks"]}
    at = f"127.0.0.1:{choosy.port}"
    assert results[f"client_ca of {at}"][0] == "ok", results
    assert results[f"callback main at {at}"][0] == "warn" and "certificate" in results[f"callback main at {at}"][1]
    assert "clients.pem" in choosy.command("check").stdout


# -- handshakes


def test_only_http_1_1_is_spoken(daemon, authority):
    d = daemon()
    for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), ([], None)):
        context = authority.client_context()
        if offered:
            context.set_alpn_protocols(offered)
        with talking(d.port, context) as s:
            assert s.selected_alpn_protocol() == chosen
    context = authority.client_context()
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError), talking(d.port, context):
        pass
    # The alert itself, which Python's ssl has no name for (RFC 7301, 3.2).
    told = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{d.port}", "-alpn", "h2"], input="",
                          capture_output=True, text=True, timeout=harness.PATIENCE, check=False)
    assert "alert number 120" in told.stderr
    harness.wait_until(lambda: failures(d, "application_protocol") == 2, "the count")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_refused_and_failures_are_told_now_and_then(daemon, authority):
    d = daemon(settings={"log": {"level": "info", "format": "json"}})
    for _ in range(3):
        context = authority.client_context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError) as refused, talking(d.port, context):
            pass
        assert "PROTOCOL_VERSION" in refused.value.reason
    with socket.create_connection(("127.0.0.1", d.port), timeout=harness.PATIENCE) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        harness.read_all(plain)
    harness.wait_until(lambda: failures(d, "version") == 3 and failures(d, "not_tls") == 1, "the counts")
    # One line stands for three; lines are written a little later than counted.
    harness.wait_until(lambda: d.logs().count('"TLS handshake failed"') == 2, "the lines")
    assert "127.0.0.1" in d.logs()


class Bytewise:
    """A TLS client whose bytes the test carries itself."""

    def __init__(self, port, authority):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = authority.client_context().wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def hello(self):
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def go_on(self, what):
        """The result of `what`, once the server has sent enough for it."""
        while True:
            try:
                return what()
            except ssl.SSLWantReadError:
                self.socket.sendall(self.outgoing.read())
                received = self.socket.recv(65536)
                assert received, "the server closed the connection"
                self.incoming.write(received)

    def answer(self):
        """The first line of the answer to a request, over the connection that stands."""
        self.tls.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return self.go_on(lambda: self.tls.read(65536)).split(b"\r\n")[0]


def split_record(record, at):
    """The same bytes of a handshake in two records (RFC 8446, 5.1)."""
    content = record[5:]
    return b"".join(record[:3] + struct.pack(">H", len(part)) + part for part in (content[:at], content[at:]))


def one_by_one(data):
    return [data[i:i + 1] for i in range(len(data))]


@pytest.mark.parametrize("cut", [one_by_one, lambda hello: [hello[:5], hello[5:]], lambda hello: [hello[:-1], hello[-1:]],
                                 lambda hello: [split_record(hello, 20)], lambda hello: one_by_one(split_record(hello, 1))])
def test_a_handshake_may_begin_in_any_pieces(daemon, authority, cut):
    client = Bytewise(daemon().port, authority)
    with client.socket:
        for piece in cut(client.hello()):
            client.socket.sendall(piece)
            time.sleep(0.001)
        client.go_on(client.tls.do_handshake)
        client.socket.sendall(client.outgoing.read())
        assert client.answer().startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize(("first", "reason"), [
    (b"\x16\x03\x01\x02", "closed"), (b"\x16\x03\x01\x02\x00\x01\x00", "closed"), (b"", "closed"),
    (b"\x16\x03\x01\xff\xff" + bytes(100), "not_tls"), (b"\x17\x03\x03\x00\x01\x00", "other"), (b"GET / HTTP/1.1\r\n\r\n", "not_tls")])
def test_what_is_no_beginning_of_a_handshake_is_told_as_what_it_is(daemon, first, reason):
    d = daemon()
    with socket.create_connection(("127.0.0.1", d.port), timeout=harness.PATIENCE) as s:
        s.sendall(first)
        s.shutdown(socket.SHUT_WR)
        harness.read_all(s)
    harness.wait_until(lambda: failures(d, reason) == 1, f"a failure counted as {reason}")


# -- about to end


def test_a_certificate_about_to_end_or_over_is_a_reason_to_worry(daemon, folder):
    clock = folder / "clock"
    clock.write_bytes(struct.pack("q", 0))
    d = daemon(environment=harness.with_shifted_clock(clock))
    certificate = str(folder / "server.pem")
    assert degraded(d) == []
    for seconds, wanted in ((86400 - 5 * 3600, None), (86400 - 3 * 3600, "ends in 2 hours"), (86400 + 60, "has ended on")):
        with open(clock, "r+b") as f:  # in place: the daemon maps it
            f.write(struct.pack("q", seconds))
        told = [why for why in degraded(d) if certificate in why]
        assert (wanted in told[0]) if wanted else told == [], told
    assert metric(d, f'seedhook_certificate_expiry_seconds{{certificate="{certificate}"}}') < 0
    assert d.api("GET", "/readyz").json["ready"]
