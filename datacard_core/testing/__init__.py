"""Conformance kit for authors of plugins.

    assert_plugin   test all that the core expects of a plugin
    small_output    a small output to test a plugin with
    small_card      a card of that output

The kit needs the packages that `python -m pip install 'datacard-core[testing]'` installs.
"""

import importlib.util

if importlib.util.find_spec("hypothesis") is None:
    raise ModuleNotFoundError(
        "datacard_core.testing needs hypothesis: python -m pip install 'datacard-core[testing]'", name="hypothesis"
    )

from datacard_core.testing.conformance import assert_plugin
from datacard_core.testing.inputs.small import small_card, small_output

__all__ = ["assert_plugin", "small_card", "small_output"]
