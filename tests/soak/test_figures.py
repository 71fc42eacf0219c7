"""The judge of a soak notices what grows, and nothing else."""
from figures import Figure


def judged(looks, share=0.05, beside=2):
    return Figure("", 1, share, beside, looks).grows


def test_what_is_level_or_swings_is_flat():
    assert not judged([40] * 100)
    assert not judged([40 + n % 7 for n in range(100)])
    assert not judged([10] * 20 + [40] * 80)  # it came up while it was warming up
    assert not judged([40] * 99 + [4000])     # one peak


def test_what_grows_slowly_is_noticed():
    assert judged([40 + n * 0.1 for n in range(100)])
    assert judged([40] * 60 + [45] * 40)
    assert judged([4, 4, 4, 4, 4, 5, 5, 5], share=0, beside=0)


def test_a_short_run_is_judged_too():
    assert not judged([40, 40, 40, 40])
    assert judged([40, 40, 40, 80])
