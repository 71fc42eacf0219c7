"""Runs Swift's four servers from the configuration in a folder; s3_swift.py starts it. Their code is loaded once for all
of them, which is most of what starting them costs. They end with it, and it ends with whoever started it.

    swift_servers.py FOLDER account=PORT container=PORT object=PORT
"""
import ctypes
import os
import signal
import sys

# These have to be there before the fork: each server would load them by itself.
import pkg_resources  # pylint: disable=unused-import
import swift.account.server  # pylint: disable=unused-import
import swift.common.middleware.s3api.s3api  # pylint: disable=unused-import
import swift.common.middleware.tempauth  # pylint: disable=unused-import
import swift.container.server  # pylint: disable=unused-import
import swift.obj.server  # pylint: disable=unused-import
import swift.proxy.server  # pylint: disable=unused-import
from swift.common.ring import RingBuilder
from swift.common.wsgi import run_wsgi

PR_SET_PDEATHSIG = 1


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def make_ring(folder, name, port):
    """A single device that has everything."""
    builder = RingBuilder(part_power=4, replicas=1, min_part_hours=0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "device": "d1", "ip": "127.0.0.1", "port": port,
                     "replication_ip": "127.0.0.1", "replication_port": port})
    builder.rebalance()
    builder.get_ring().save(f"{folder}/{name}.ring.gz")


def serve(folder, name):
    if os.fork() == 0:
        end_with_parent()
        sys.exit(run_wsgi(f"{folder}/{name}-server.conf", f"{name}-server", verbose=True))


def main(folder, *stores):
    end_with_parent()
    for name, port in (store.split("=") for store in stores):
        make_ring(folder, name, int(port))
        serve(folder, name)
    serve(folder, "proxy")
    os.wait()
    sys.exit("one of Swift's servers ended")


if __name__ == "__main__":
    main(*sys.argv[1:])
