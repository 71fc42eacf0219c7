"""OpenStack Swift with its s3api, from Debian's packages: one node that keeps one copy of everything.

It checks every signature, and its ETags of multipart uploads, its listings and its errors are not AWS's.
"""
import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import sys
import tempfile

import harness

ACCESS_KEY, SECRET_KEY, REGION = "test:tester", "testing", "us-east-1"
STORES = ("account", "container", "object")
SERVERS = ("proxy", *STORES)

COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
workers = 0
log_level = WARNING
"""

STORE = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

PROXY = """
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats bulk s3api tempauth slo dlo symlink versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:s3api]
use = egg:swift#s3api
location = {region}
# Kept as AWS has it, though Swift would take less.
min_segment_size = 5242880
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{cache}
[filter:tempauth]
use = egg:swift#tempauth
user_{access} = {secret} .admin
""" + "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in (
    "catch_errors", "gatekeeper", "listing_formats", "bulk", "slo", "dlo", "symlink", "versioned_writes"))

# Swift reads its own from /etc unless its folder has one.
HASHES = """
[swift-hash]
swift_hash_path_suffix = seedhook
[storage-policy:0]
name = one
default = yes
"""


def keeps_attributes(folder):
    """Whether files there can have extended attributes of users."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        try:
            os.setxattr(file.fileno(), "user.seedhook", b"x" * 1000)
        except OSError:
            return False
    return True


@contextlib.contextmanager
def data_folder():
    """A new folder for Swift, which keeps what it knows of an object in extended attributes."""
    tried = [tempfile.gettempdir(), "/var/tmp", os.getcwd()]
    parent = next((place for place in tried if os.access(place, os.W_OK) and keeps_attributes(place)), None)
    assert parent, f"Swift needs a file system with extended attributes of users (ext4, xfs, btrfs), and none of {tried} " \
                   "lies on one: set TMPDIR to a folder on one"
    folder = tempfile.mkdtemp(prefix="seedhook-swift-", dir=parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_configuration(folder, ports, user):
    os.makedirs(f"{folder}/devices/d1")
    texts = {"swift": HASHES}
    for name in SERVERS:
        own = PROXY if name == "proxy" else STORE
        texts[f"{name}-server"] = (COMMON + own).format(name=name, port=ports[name], user=user, folder=folder, region=REGION,
                                                        access=ACCESS_KEY.replace(":", "_"), secret=SECRET_KEY,
                                                        cache=ports["memcached"])
    for name, text in texts.items():
        with open(f"{folder}/{name}.conf", "w", encoding="utf-8") as file:
            file.write(text)


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def wait_for(programs, port):
    """Until one of them listens there. A failure tells all that they said."""
    def there():
        assert all(program.running for program in programs), "one of them has ended"
        return listens(port)

    try:
        harness.wait_until(there, f"somebody to listen at {port}", pause=0.05)
    except AssertionError as failure:
        raise AssertionError("\n".join([str(failure), *(program.logs() for program in programs)])) from None


@contextlib.contextmanager
def running():
    """Swift's four servers and their cache; yields the port of S3. Its data goes with it."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    programs = []
    with data_folder() as folder, contextlib.ExitStack() as ends:
        ports = {name: harness.free_port() for name in ("memcached", *SERVERS)}
        write_configuration(folder, ports, user)
        cache = ["/usr/bin/memcached", "-u", user, "-l", "127.0.0.1", "-p", str(ports["memcached"])]
        servers = [sys.executable, str(pathlib.Path(__file__).with_name("swift_servers.py")), folder,
                   *(f"{name}={ports[name]}" for name in STORES)]
        for name, command in (("memcached", cache), ("swift", servers)):
            programs.append(harness.Program(name, command, folder))
            ends.callback(programs[-1].kill)
        for port in ports.values():
            wait_for(programs, port)
        yield ports["proxy"]
