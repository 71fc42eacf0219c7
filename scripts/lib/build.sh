# Building the release programs quietly. Sourced by the scripts that measure or break them.

# Builds the named targets in build/release of the project `root`; shows the build only when it fails.
build_release() {
    local log
    log="$(mktemp)"
    if ! (cd "$root" && cmake --preset release &&
        cmake --build build/release --parallel "$(nproc)" --target "$@") > "$log" 2>&1; then
        tail -n 40 "$log" >&2
        rm -f "$log"
        echo "the build failed" >&2
        return 1
    fi
    rm -f "$log"
}
