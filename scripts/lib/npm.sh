# What tests take from npm's registry (an S3 server, the driver of a browser); needs packages.sh. Sourced by the scripts that
# run tests.

# install_npm ROOT NAME: puts what tests/integration/NAME pins, and all it needs, into build/NAME; touches nothing, and
# needs no network, when that is there.
install_npm() {
    local pinned="$1/tests/integration/$2" into="$1/build/$2"
    if cmp -s "$pinned/package-lock.json" "$into/installed.json"; then
        return 0
    fi
    # NodeSource's nodejs brings npm along and cannot live with Debian's.
    if ! command -v npm > /dev/null; then
        install_missing nodejs npm
    fi
    mkdir -p "$into"
    cp "$pinned"/package*.json "$into"
    (cd "$into" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
    cp "$pinned/package-lock.json" "$into/installed.json"
}
