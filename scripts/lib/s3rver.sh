# s3rver, the second S3 server of the tests, from npm's registry; needs packages.sh. Sourced by the scripts that run tests.

# Puts it into build/s3rver, as tests/integration/s3rver pins it and all it needs; touches nothing, and needs no network,
# when that is there.
install_s3rver() {
    local pinned="$1/tests/integration/s3rver" into="$1/build/s3rver"
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
