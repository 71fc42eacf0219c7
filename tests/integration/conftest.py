"""Fixtures: one certificate authority for all tests of a run, and for each test a folder and its programs."""
import pytest

import asking
import harness
import log_table
import upstream


@pytest.fixture(scope="session")
def authority():
    with harness.workplace() as folder:
        yield harness.Authority(folder)


@pytest.fixture
def folder():
    with harness.workplace() as path:
        yield path


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for program in getattr(item, "programs", []):
            report.sections.append((program.name, program.logs()))


@pytest.fixture
def started(request):
    """Registers a program to be stopped after the test, which then must end well, and shown when the test fails."""
    programs = request.node.programs = []

    def register(program):
        programs.append(program)
        return program

    yield register
    try:
        for program in reversed(programs):
            if not program.log.closed:
                program.stop()
        for program in programs:
            if program.name == "seedhook":
                assert not log_table.complaints(program.log_file.read_text(errors="replace"))
    finally:
        for program in programs:
            if not program.log.closed:
                program.kill()


@pytest.fixture
def sandbox(folder, authority, started):
    """Starts a sandbox with further flags."""
    return lambda *flags, **options: started(harness.Sandbox(folder, authority, *flags, **options))


@pytest.fixture
def daemon(folder, authority, started):
    """Starts a daemon, and waits until it is ready."""
    return lambda **options: started(harness.Daemon(folder, authority, **options)).ready()


@pytest.fixture
def gateway():
    """Where the gateway of a daemon will be, which is started with gateway.options(settings)."""
    return asking.Gateway()


@pytest.fixture
def listener():
    """Keeps the callbacks it gets."""
    with upstream.listening() as server:
        yield server
