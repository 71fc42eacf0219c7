"""Where the videos of scripts/bench deliver come from and go to: one nginx that serves files and takes objects, over TLS."""
import contextlib
import http.client
import os
import pathlib

import peers
from peers import harness

MODULES = "/usr/lib/nginx/modules"
KEY_ID, SECRET_KEY, REGION, BUCKET = "AKIDBENCH", "bench-secret", "us-east-1", "videos"


class Bucket(peers.Peer):
    """`/v/NAME` at `port` is a file of the folder `videos`; `s3_port` is an S3 service that keeps only sizes."""

    def __init__(self, folder, authority, core, videos):
        certificate, key = authority.issue("bucket")
        port, self.s3_port, self.size_port = harness.free_port(), harness.free_port(), harness.free_port()
        config = folder / "bucket.conf"
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        tls = f"ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;"
        config.write_text(f"""
            daemon off; worker_processes 1; pid {folder}/bucket.pid; error_log {folder}/bucket-error.log;
            load_module {MODULES}/ndk_http_module.so; load_module {MODULES}/ngx_http_lua_module.so;
            user {'root' if os.geteuid() == 0 else 'nobody'};
            events {{ worker_connections 4096; }}
            http {{
              access_log off; keepalive_requests 1000000000; client_max_body_size 0; {temporary}
              types {{ video/mp4 mp4; }}
              lua_shared_dict sizes 32m; lua_socket_buffer_size 64k;
              server {{ listen 127.0.0.1:{port} ssl; {tls} location /v/ {{ alias {videos}/; }} }}
              server {{
                listen 127.0.0.1:{self.s3_port} ssl; {tls}
                location / {{ content_by_lua_file {pathlib.Path(__file__).with_name('objects.lua')}; }}
              }}
              server {{
                listen 127.0.0.1:{self.size_port};
                location / {{ content_by_lua_block {{ ngx.print(ngx.shared.sizes:get(ngx.var.uri) or 0) }} }}
                location = /forget {{ content_by_lua_block {{ ngx.shared.sizes:flush_all() ngx.shared.sizes:flush_expired() }} }}
              }}
            }}""")
        super().__init__("bucket", ["nginx", "-c", str(config), "-e", f"{folder}/bucket-error.log"], port, folder, core)

    def url(self, name):
        return f"https://127.0.0.1:{self.port}/v/{name}"

    @property
    def s3_url(self):
        return f"https://127.0.0.1:{self.s3_port}"

    def _ask(self, targets):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.size_port, timeout=10)) as connection:
            for target in targets:
                yield harness.Answer(_sent(connection, target)).body

    def sizes(self, names):
        """How many bytes each object has; 0: it is not there."""
        return [int(body) for body in self._ask(f"/{BUCKET}/{name}" for name in names)]

    def forget(self):
        list(self._ask(["/forget"]))


def _sent(connection, target):
    connection.request("GET", target)
    return connection.getresponse()
