"""Analyses made by hand: those that every kind and check is tested with."""

from __future__ import annotations

from typing import Any

from datacard_core.testing.inputs.sketches import Dataset, Simulated, Sketch


def _flat(*contents: float, **options: Any) -> Dataset:
    variations = (tuple(1.2 * content for content in contents), tuple(0.7 * content for content in contents))
    return Dataset(contents, variations, **options)


SMALL = Sketch(
    edges=(0.0, 1.0, 2.0, 4.0),
    processes=(
        Simulated(((_flat(30.0, 20.0, 10.0),), (_flat(60.0, 40.0, 20.0),))),
        Simulated(((_flat(1.0, 2.0, 4.0),), (_flat(2.0, 4.0, 8.0),)), is_signal=True),
    ),
    data=(90.0, 60.0, 35.0),
)
"""Sketch of two processes in two years, with data."""
SMALLEST = Sketch(edges=(0.0, 1.0), processes=(Simulated(((_flat(10.0),),)),))
"""Sketch of one background in one bin."""
EMPTY_BINS = Sketch(
    edges=(0.0, 1.0, 2.0),
    processes=(
        Simulated(((Dataset((10.0, 0.0), ((12.0, 0.0), (8.0, 1.0), (0.0, 0.0))),),)),
        Simulated(((Dataset((0.0, 0.0), ((0.0, 0.0), (1.0, 0.0))),),)),
        Simulated(((Dataset((0.0, 3.0), ((0.0, 0.0), (0.0, 6.0)), weight=0.0),),), is_signal=True),
    ),
    data=(0.0, 2.0),
)
"""Sketch with bins and columns without yield, in the nominal or in a variation."""
NEGATIVE = Sketch(
    edges=(-1.5, 0.0, 0.5),
    processes=(
        Simulated(((Dataset((10.0, -0.5), ((11.0, -1.0), (-2.0, 1.0))), _flat(2.0, 0.25)),)),
        Simulated(((_flat(-1.0, 0.5), _flat(0.5, -2.0)),), is_signal=True),
    ),
)
"""Sketch with several samples per process and negative bins."""
FAR = Sketch(
    edges=(0.0, 1e-3, 1e3, 1e6),
    processes=(
        Simulated(((Dataset((1e9, 1e-12, 1.0), ((1e-12, 1e9, 1.0), (1e9, 1e9, 1e9)), weight=1e3),),)),
        Simulated(((Dataset((1e-12, 1e-12, 1e-12), ((1e9, 0.0, 0.0), (1e-12, 0.0, 0.0)), weight=1e-6),),)),
    ),
    data=(1e9, 0.0, 1.0),
)
"""Sketch with the largest and the smallest contents, and variations far from the nominal."""
LACKING = Sketch(
    edges=(0.0, 1.0, 2.0),
    processes=(
        Simulated(((_flat(5.0, 6.0, lacks=0), _flat(7.0, 8.0)), (_flat(5.0, 6.0, lacks=0), _flat(1.0, 1.0, lacks=0)))),
        Simulated(((_flat(5.0, 6.0),), (_flat(1.0, 1.0, lacks=1),))),
        Simulated(((_flat(1.0, 2.0),), (_flat(3.0, 4.0),)), is_signal=True),
    ),
    data=(30.0, 31.0),
    on=((0, 2), (1,)),
)
"""Sketch with datasets that lack a variation, and a declaration on some processes and years."""
DERIVED = Sketch(
    edges=(0.0, 1.0, 2.0),
    processes=(
        Simulated(((_flat(30.0, 20.0, 10.0, 5.0),),)),
        Simulated(((Dataset((31.0, 23.0, 18.0, 5.0)),),), is_data_driven=True),
        Simulated(((_flat(1.0, 2.0, 4.0, 8.0),),), is_signal=True),
    ),
    data=(40.0, 25.0, 20.0, 10.0),
    slices=((0.0, 2.0), (0.0, 1.0, 2.0)),
)
"""Sketch with a data-driven process, which has variances without yield in its last bin, and with unequal slices."""
BY_HAND = (SMALL, SMALLEST, EMPTY_BINS, NEGATIVE, FAR, LACKING, DERIVED)
"""Sketches that every kind and check is tested with."""
REPEATED = (SMALL, LACKING)
"""Sketches whose cards are made again a second later and in other processes."""


def repetitions(declarations: int) -> list[tuple[int, Sketch]]:
    """Return the pairs of declarations, by number, and analyses whose cards are made again.

    A dependence on process or time shows in any analysis; one on earlier calls needs two cards, in two orders.
    """
    return [(number % declarations, REPEATED[number % 2]) for number in range(max(declarations, len(REPEATED)))]
