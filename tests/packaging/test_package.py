"""The Debian package (PACKAGE): what it holds, and what it does to a small Debian (BASE, a tar) that it is put into."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

PACKAGE = pathlib.Path(os.environ["PACKAGE"])
BASE = os.environ["BASE"]
PROJECT = pathlib.Path(__file__).resolve().parents[2]
UNITS = sorted(file.name for pattern in ("*.service", "*.socket") for file in (PROJECT / "systemd").glob(pattern))
CONFIGURATION = "etc/seedhook/seedhook.yaml"


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **more)


def said(*command):
    done = run(*command)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def field(name, package=PACKAGE):
    return said("dpkg-deb", "-f", str(package), name)


def contents(package=PACKAGE):
    """path → (mode, owner)"""
    listed = {}
    for line in said("dpkg-deb", "-c", str(package)).splitlines():
        mode, owner, _, _, _, path = line.split(maxsplit=5)
        listed[path.partition(" -> ")[0].removeprefix("./")] = (mode, owner)
    return listed


# -- what it holds


def test_it_has_the_programs_their_manuals_their_completions_and_the_units():
    has = contents()
    for path in ["usr/bin/seedhook", "usr/bin/seedance-sandbox", "usr/share/man/man1/seedhook.1.gz",
                 "usr/share/man/man1/seedance-sandbox.1.gz", "usr/share/bash-completion/completions/seedhook",
                 "usr/share/zsh/vendor-completions/_seedhook", "usr/share/fish/vendor_completions.d/seedhook.fish",
                 "usr/share/doc/seedhook/copyright", "usr/share/doc/seedhook/changelog.Debian.gz",
                 "usr/share/doc/seedhook/changelog.gz", "usr/share/doc/seedhook/README.Debian",
                 "usr/share/doc/seedhook/install.md", "usr/share/doc/seedhook/examples/seedhook.yaml", CONFIGURATION,
                 *[f"lib/systemd/system/{unit}" for unit in UNITS]]:
        assert path in has, path


def test_everything_is_roots_and_nobody_else_may_write_it():
    for path, (mode, owner) in contents().items():
        assert owner == "root/root", path
        assert mode[5] != "w" and mode[8] != "w" and "s" not in mode, f"{path} {mode}"


def test_the_configuration_alone_is_a_conffile():
    assert said("dpkg-deb", "--ctrl-tarfile", str(PACKAGE)) is not None
    listed = said("dpkg-deb", "-I", str(PACKAGE), "conffiles")
    assert listed == f"/{CONFIGURATION}"
    assert [path for path in contents() if path.startswith("etc/") and not path.endswith("/")] == [CONFIGURATION]


def test_the_version_is_the_projects_and_the_architecture_this_one():
    version = re.search(r"project\(seedhook VERSION ([\d.]+)", (PROJECT / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
    assert field("Version") == f"{version}-1"
    assert field("Architecture") == said("dpkg", "--print-architecture")


def test_it_depends_on_what_its_programs_are_linked_with():
    depends = field("Depends")
    for library in ["libc6 (>=", "libssl3 (>=", "libsqlite3-0 (>=", "libyaml-cpp0.7", "ca-certificates"]:
        assert library in depends
    assert "boost" not in depends


def test_the_programs_are_stripped_and_their_symbols_are_in_a_package_of_their_own(tmp_path):
    symbols = next(PACKAGE.parent.glob("seedhook-dbgsym_*.ddeb"))
    said("dpkg-deb", "-x", str(PACKAGE), str(tmp_path / "programs"))
    said("dpkg-deb", "-x", str(symbols), str(tmp_path / "symbols"))
    for program in ("seedhook", "seedance-sandbox"):
        binary = str(tmp_path / "programs/usr/bin" / program)
        assert ".debug_info" not in said("readelf", "-SW", binary)
        build_id = re.search(r"Build ID: (\w\w)(\w+)", said("readelf", "-n", binary))
        apart = tmp_path / "symbols/usr/lib/debug/.build-id" / build_id[1] / f"{build_id[2]}.debug"
        assert ".debug_info" in said("readelf", "-SW", str(apart))


def test_lintian_has_nothing_to_say():
    done = run("lintian", "--allow-root", "--tag-display-limit", "0", "--fail-on", "error,warning", str(PACKAGE))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


# -- what it does


class Root:
    """A small Debian, without the package."""

    def __init__(self, folder):
        self.folder = folder
        said("tar", "-C", str(folder), "--exclude=./dev/*", "-xf", BASE)

    def __truediv__(self, path):
        return self.folder / path

    def run(self, *command, **environment):
        return run("chroot", str(self.folder), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                   "DEBIAN_FRONTEND=noninteractive", *[f"{k}={v}" for k, v in environment.items()], *command)

    def install(self, package=PACKAGE):
        shutil.copy(package, self / "tmp/seedhook.deb")
        done = self.run("dpkg", "-i", "/tmp/seedhook.deb")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def status(self):
        return self.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "seedhook").stdout

    def files(self):
        """All but what dpkg and the like keep for themselves."""
        own = ("var/lib/dpkg", "var/log", "var/cache", "tmp", "proc", "dev", "sys")
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
                if not str(path.relative_to(self.folder)).startswith(own)}


@pytest.fixture
def system(tmp_path):
    yield Root(tmp_path)
    shutil.rmtree(tmp_path)


def leave_state(system):
    """What a daemon leaves behind that ran under DynamicUser=, and its owner's own things."""
    for path in ["var/lib/private/seedhook/seedhook.db", "var/lib/private/seedhook/spool/video.part", "srv/videos/req_1.mp4",
                 "etc/credstore/seedhook.webhook-secret"]:
        (system / path).parent.mkdir(parents=True, exist_ok=True)
        (system / path).write_text("kept")
    (system / "var/lib/seedhook").symlink_to("private/seedhook")


def test_an_installation_starts_nothing_and_says_what_comes_next(system):
    assert "README.Debian" in system.install()
    assert system.status() == "installed"
    for folder in ["etc/systemd/system", "var/lib/systemd/deb-systemd-helper-masked"]:
        assert not any("seedhook" in p.name for p in (system / folder).rglob("*")), folder
    version = system.run("seedhook", "version")
    assert version.stdout.startswith("seedhook "), version.stderr


def test_the_configuration_lacks_a_secret_and_nothing_else(system):
    system.install()
    before = system.run("seedhook", "check")
    assert before.returncode == 78
    assert len(before.stderr.splitlines()) == 1 and "webhook-secret" in before.stderr
    (system / "run/credentials").mkdir()
    (system / "run/credentials/webhook-secret").write_text("whsec_test\n")
    after = system.run("seedhook", "check", CREDENTIALS_DIRECTORY="/run/credentials")
    assert after.returncode == 0, after.stderr


def with_version(version, folder):
    """The same package, but newer, and with another configuration as it comes."""
    said("dpkg-deb", "-R", str(PACKAGE), str(folder))
    control = folder / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.M))
    made = folder.parent / f"seedhook_{version}.deb"
    said("dpkg-deb", "-b", "-Znone", str(folder), str(made))
    shutil.rmtree(folder)
    return made


def test_an_upgrade_keeps_the_configuration_the_state_and_whether_it_is_enabled(system):
    system.install()
    leave_state(system)
    (system / CONFIGURATION).write_text("mine\n")
    assert system.run("env", "DPKG_MAINTSCRIPT_PACKAGE=seedhook", "deb-systemd-helper", "enable", "seedhook.service").returncode == 0
    assert "README.Debian" not in system.install(with_version("99.0-1", system / "tmp/newer"))
    assert (system / CONFIGURATION).read_text() == "mine\n"
    assert (system / "var/lib/seedhook/seedhook.db").read_text() == "kept"
    assert (system / "etc/systemd/system/multi-user.target.wants/seedhook.service").is_symlink()


def test_a_removal_keeps_what_a_purge_takes_and_a_purge_never_takes_videos(system):
    before = system.files()
    system.install()
    leave_state(system)
    (system / CONFIGURATION).write_text("mine\n")
    assert system.run("env", "DPKG_MAINTSCRIPT_PACKAGE=seedhook", "deb-systemd-helper", "enable", "seedhook.service").returncode == 0

    assert system.run("dpkg", "-r", "seedhook").returncode == 0
    assert system.status() == "config-files"
    assert not (system / "usr/bin/seedhook").exists()
    assert (system / CONFIGURATION).read_text() == "mine\n"
    assert (system / "var/lib/seedhook/seedhook.db").read_text() == "kept"

    done = system.run("dpkg", "-P", "seedhook")
    assert done.returncode == 0, done.stderr
    left = system.files() - before
    assert not [path for path in left if "seedhook" in path and "credstore" not in path], left
    assert (system / "srv/videos/req_1.mp4").read_text() == "kept"
    assert (system / "etc/credstore/seedhook.webhook-secret").read_text() == "kept"


def test_a_state_folder_that_is_no_link_is_purged_too_and_one_elsewhere_is_not(system):
    system.install()
    (system / "var/lib/seedhook/spool").mkdir(parents=True)
    assert system.run("dpkg", "-P", "seedhook").returncode == 0
    assert not (system / "var/lib/seedhook").exists()

    # An administrator's link to a larger disk: the link is the package's, what it leads to is not.
    system.install()
    (system / "mnt/large").mkdir()
    (system / "mnt/large/seedhook.db").write_text("kept")
    (system / "var/lib/seedhook").symlink_to("/mnt/large")
    assert system.run("dpkg", "-P", "seedhook").returncode == 0
    assert not (system / "var/lib/seedhook").is_symlink()
    assert (system / "mnt/large/seedhook.db").read_text() == "kept"


def test_installed_removed_and_installed_again_it_works(system):
    system.install()
    assert system.run("dpkg", "-r", "seedhook").returncode == 0
    system.install()
    assert system.status() == "installed"
    assert not any("seedhook" in p.name for p in (system / "etc/systemd/system").rglob("*"))
