"""Runs testssl.sh against the daemon and judges what it finds. See scripts/test-tls."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 400  # seconds; it takes a quarter of that
QUIET = {"OK", "INFO", "DEBUG"}

# Findings that are no fault, by their ids (those of one certificate among several have a suffix), and why.
ALLOWED = {
    "cert_revocation": "the test's own authority keeps no lists of revoked certificates and answers no questions about them",
    "engine_problem": "of the client's OpenSSL, not of the daemon: Debian's has no engine for GOST's ciphers",
}

CHECKS = ["--protocols", "--std", "--fs", "--server-preference", "--server-defaults", "--vulnerable", "--client-simulation"]


def start(folder):
    """A daemon with both kinds of key for its name."""
    authority = harness.Authority(folder)
    pairs = [authority.issue(kind, key=kind, days=80) for kind in ("ec", "rsa")]
    tls = [{"certificate": certificate, "key": key} for certificate, key in pairs]
    port = harness.free_port()
    settings = {"listeners": [{"address": f"127.0.0.1:{port}", "tls": tls}]}
    return harness.Daemon(folder, authority, port=port, settings=settings).ready()


def findings(d, out):
    command = ["testssl", "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--ip", "127.0.0.1",
               "--add-ca", d.authority.ca, "--jsonfile", str(out), *CHECKS, f"localhost:{d.port}"]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         timeout=LIMIT, check=False, env={**os.environ, "TERM": "dumb"})
    try:
        return json.loads(out.read_text())
    except (OSError, ValueError):
        sys.exit(f"testssl.sh ended with {ran.returncode} and left no findings:\n{ran.stdout[-4000:]}")


def judge(found):
    """(findings that nobody has explained, ids that are allowed and were there)"""
    faults, known = [], set()
    for one in found:
        if one["severity"] in QUIET:
            continue
        name = one["id"].split(" ")[0]
        if name in ALLOWED:
            known.add(name)
        else:
            faults.append(f"{one['severity']} {one['id']}: {one['finding']}")
    return faults, known


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keep", action="store_true", help="leave testssl.sh's findings in build/testssl.json")
    keep = options.parse_args().keep
    with harness.workplace() as folder:
        out = folder / "testssl.json"
        d = start(folder)
        try:
            found = findings(d, out)
        finally:
            d.stop()
        if keep:
            shutil.copy(out, ROOT / "build" / "testssl.json")
    ids = {one["id"] for one in found}
    for needed in ("TLS1_3", "cipherlist_STRONG", "secure_renego"):
        if needed not in ids and not any(i.startswith(needed) for i in ids):
            sys.exit(f"testssl.sh did not look at {needed}: it found {len(found)} things")
    faults, known = judge(found)
    for name in sorted(known):
        print(f"allowed: {name}: {ALLOWED[name]}")
    for fault in faults:
        print(f"FOUND: {fault}")
    print(f"testssl.sh: {len(found)} findings, {len(faults)} of them faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
