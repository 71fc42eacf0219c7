# The Debian packages that seedhook is built and tested with, and how to install those that are missing.
# Sourced by the scripts that build or run it.

SEEDHOOK_BUILD_PACKAGES=(
    g++ cmake ninja-build ccache git ca-certificates
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libboost-test1.81-dev
    libssl-dev libsqlite3-dev libyaml-cpp-dev libpugixml-dev
    prometheus-cpp-dev libcli11-dev
)
SEEDHOOK_DEMO_PACKAGES=(openssl curl python3)
SEEDHOOK_TEST_PACKAGES=(
    openssl curl python3 python3-pytest python3-botocore python3-yaml python3-jsonschema mandoc zsh fish nginx-light caddy
    e2fsprogs mount util-linux
    prometheus                # for promtool
    systemd                   # for systemd-analyze
    chromium fonts-liberation # and npm.sh
)
SEEDHOOK_S3_PACKAGES=(swift-proxy swift-account swift-container swift-object memcached) # and npm.sh
SEEDHOOK_BENCH_PACKAGES=(nginx-light webhook util-linux)
SEEDHOOK_DELIVER_PACKAGES=(rclone awscli libnginx-mod-http-lua)
SEEDHOOK_CRASH_PACKAGES=(openssl python3)
SEEDHOOK_POWERCUT_PACKAGES=(openssl python3 e2fsprogs mount util-linux)
SEEDHOOK_FAULTS_PACKAGES=(openssl python3 strace)
SEEDHOOK_TLS_PACKAGES=(openssl python3 testssl.sh)
SEEDHOOK_PACKAGE_PACKAGES=(openssl python3 python3-pytest dpkg-dev file lintian mmdebstrap buildah bubblewrap)
SEEDHOOK_SYSTEMD_PACKAGES=(mmdebstrap systemd-container dpkg-dev file openssl python3)
SEEDHOOK_SLOW_PACKAGES=(slowhttptest util-linux)
SEEDHOOK_LINT_PACKAGES=(clang-tools-14)
SEEDHOOK_FUZZ_PACKAGES=(clang-14 libclang-rt-14-dev llvm-14)

# Installs those of the named packages that are missing; touches nothing, and needs no network, when all are there.
install_missing() {
    local package missing=()
    for package in "$@"; do
        if [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
            missing+=("$package")
        fi
    done
    if ((${#missing[@]} == 0)); then
        return 0
    fi
    echo "installing ${missing[*]}" >&2
    local as_root=()
    if ((EUID != 0)); then
        as_root=(sudo)
    fi
    {
        "${as_root[@]}" apt-get update -q &&
            without_services "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
                apt-get install -q -y --no-install-recommends "${missing[@]}"
    } >&2
}

# Runs a command during which packages start no services: we want their programs, not an nginx on port 80.
without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if ((EUID != 0)) || [[ -e "$policy" ]]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
    "$@" || status=$?
    rm -f "$policy"
    return "$status"
}
