# What the tests of the package and of the image start from: the package, and a small Debian to put it into.
# Sourced by scripts in the project's folder, after packages.sh.
# shellcheck shell=bash

# Builds the release preset and its package; $package is the file.
build_package() {
    cmake --preset release > /dev/null
    cmake --build build/release --parallel "$(nproc)" --target seedhook seedance-sandbox packaged
    rm -f build/release/package/*.*deb
    cpack --config build/release/CPackConfig.cmake
    package=$(echo build/release/package/seedhook_*.deb)
}

# A Debian 12 with apt and what the package depends on, as $base, a tar file; made once, and again when that changes.
make_base() {
    local wanted
    wanted=$(dpkg-deb -f "$package" Depends | sed 's/([^)]*)//g; s/ //g')
    base=build/base.tar
    if [[ -e "$base" && "$(cat "$base.has" 2> /dev/null)" == "$wanted" ]]; then
        return
    fi
    # merged-usr: /bin and /lib are links, as on every installed Debian 12.
    mmdebstrap --quiet --variant=apt --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --dpkgopt=force-unsafe-io \
        --include="usr-is-merged,$wanted" bookworm "$base"
    echo "$wanted" > "$base.has"
}

# A root's work: the small Debian is entered with chroot.
need_root() {
    if ((EUID != 0)); then
        echo "$0 takes root: it installs into a root of its own, with chroot" >&2
        exit 77
    fi
}
