"""For whoever writes a plugin: `assert_plugin` tries it, `small_output` and `small_card` are something to try it on.

It needs what `python -m pip install 'datacard-core[testing]'` brings.
"""

import importlib.util

if importlib.util.find_spec("hypothesis") is None:
    raise ModuleNotFoundError(
        "datacard_core.testing needs hypothesis: python -m pip install 'datacard-core[testing]'", name="hypothesis"
    )

from datacard_core.testing.conformance import assert_plugin
from datacard_core.testing.inputs.small import small_card, small_output

__all__ = ["assert_plugin", "small_card", "small_output"]
