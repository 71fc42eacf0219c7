"""A peer that tells everything it knows: whatever is asked of it over TLS, it fails and repeats the request in its answer."""
import http.server
import json
import ssl

import harness


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = f"{self.command} {self.path} " + " ".join(f"{name}={value}" for name, value in self.headers.items())
        self.server.requests.append(said)
        status, body = self.server.status, json.dumps({"success": False, "error": {"code": "echo", "message": said}})
        if "X-Amz-Date" in self.headers:
            text = said.replace("&", "&amp;").replace("<", "&lt;")
            status, body = 403, f"<Error><Code>AccessDenied</Code><Message>{text}</Message></Error>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Echo", said[:2000])
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, identity):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.status = [], 500
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*identity)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        pass


def echoing(authority):
    return harness.serving(Server(authority.issue("echo")))
