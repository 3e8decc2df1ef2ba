"""Demo: a small output with the structure of PocketCoffea's, made from a seed, to learn and to try out.

`demo_output` returns the output as `coffea.util.load` would, and `write_demo` writes it to a file, with an analysis
script beside it.
"""

from datacard_core.demo.files import DemoFiles, write_demo
from datacard_core.demo.output import demo_output

__all__ = ["DemoFiles", "demo_output", "write_demo"]
