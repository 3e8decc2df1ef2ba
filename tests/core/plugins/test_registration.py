"""Contributions of plugins, and the mistakes that are refused."""

from __future__ import annotations

import itertools
import re
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import (
    API_VERSION,
    DEFAULT_PLUGINS,
    PluginCallError,
    PluginLoadError,
    Rendering,
    Shape,
    hookimpl,
    load_plugins,
)
from datacard_core.testing import small_card
from tests.support.cases import case
from tests.support.plugins import INTERFACES, Acme, kind_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.conftest import Install


def installed(install: Install, sources: Iterable[str], version: str = "1.0") -> Iterator[str]:
    """Install plugins and yield their names; as one distribution, for its search takes longer than all its plugins."""
    by_name = {f"acme_{number}": textwrap.dedent(source) for number, source in enumerate(sources)}
    folder = install("acme", entry_points={name: name for name in by_name}, version=version)
    for name, source in by_name.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    yield from by_name


@pytest.mark.slow
def test_only_hook_without_mark(install: Install) -> None:
    """A module whose only hook lacks the mark is an error that asks for the mark."""
    install("acme", "def datacard_systematic_kinds():\n    return []\n")
    with pytest.raises(PluginLoadError, match=r"datacard_systematic_kinds.*is @hookimpl missing\?"):
        load_plugins("acme")


@pytest.mark.slow
def test_second_hook_without_mark(install: Install) -> None:
    """A hook without the mark is an error even if another hook has it."""
    source = "\ndef datacard_checks():\n    return []\n"
    install("acme", kind_source() + source)
    with pytest.raises(PluginLoadError, match=r"datacard_checks.*@hookimpl"):
        load_plugins("acme")


@pytest.mark.slow
def test_mistyped_hook_beside_a_correct_one(install: Install) -> None:
    """A mistyped hook is an error even beside a correct one."""
    source = "\n@hookimpl\ndef datacard_systematic_kindz():\n    return []\n"
    install("acme", kind_source() + source)
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\).*'datacard_systematic_kindz'"):
        load_plugins("acme")


@pytest.mark.slow
def test_mistyped_hook(install: Install) -> None:
    """The error about a mistyped hook has the closest match."""
    install("acme", "from datacard_core import hookimpl\n@hookimpl\ndef datacard_systematic_kindz():\n    return []\n")
    with pytest.raises(PluginLoadError, match=r"did you mean 'datacard_systematic_kinds'"):
        load_plugins("acme")


def test_hook_of_a_later_api() -> None:
    """A hook that this version does not have is left out if it is marked as optional."""

    class Plugin:
        @hookimpl
        def datacard_systematic_kinds(self) -> Any:
            return [Acme()]

        @hookimpl(optionalhook=True)
        def datacard_template_transforms(self, later: object) -> Any:
            raise AssertionError(later)

    assert list(load_plugins(Plugin()).kinds) == ["acme"]


def test_hook_with_a_name_of_all_objects() -> None:
    """A hook is found under a name that all objects of Python have, on the plugin and in a class above its own."""
    mark = hookimpl(specname="datacard_systematic_kinds")

    class Parent:
        pass

    class Plugin(Parent):
        pass

    of_object, of_class = Plugin(), Plugin()
    vars(of_object)["__repr__"] = mark(lambda: [Acme()])
    assert list(load_plugins(of_object).kinds) == ["acme"]
    setattr(Parent, "__str__", mark(lambda _: [Acme()]))  # noqa: B010 - to a type checker it is not one that Python calls
    assert list(load_plugins(of_class).kinds) == ["acme"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("requires", "said"),
    [
        (
            "",
            "there is no hook 'datacard_transforms' in the plugin API .*: if it is one of a later version, install a ",
        ),
        ("requires_api = '>=1.0'", "there is no hook 'datacard_transforms' in the plugin API"),
        ("requires_api = '>=7.3'", "API >=7.3, and .*: install a newer .* has no hook 'datacard_transforms'"),
    ],
    ids=["unstated", "fits", "newer"],
)
def test_unmarked_hook_of_a_later_api(requires: str, said: str, install: Install) -> None:
    """The error about such a hook without the mark names the plugin, the hook, the API and both ways out."""
    later = "\n@hookimpl\ndef datacard_transforms():\n    return []\n"
    install("acme", f"{kind_source()}{later}{requires}\n")
    with pytest.raises(PluginLoadError, match=rf"plugin 'acme' \(acme 1\.0\): .*{said}") as raised:
        load_plugins("acme")
    assert "did you mean" not in str(raised.value)


@pytest.mark.slow
def test_mistyped_optional_hook(install: Install) -> None:
    """pluggy's optionalhook does not hide a mistyped hook."""
    source = "\n@hookimpl(optionalhook=True)\ndef datacard_systematic_kindz():\n    return []\n"
    install("acme", kind_source() + source)
    with pytest.raises(PluginLoadError, match="datacard_systematic_kindz"):
        load_plugins("acme")


@pytest.mark.slow
def test_hook_with_arguments(install: Install) -> None:
    """A hook with an argument is an error that names the argument."""
    install("acme", "from datacard_core import hookimpl\n@hookimpl\ndef datacard_checks(channel):\n    return []\n")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\): datacard_checks asks for 'channel'"):
        load_plugins("acme")


@pytest.mark.slow
def test_hook_wrapper(install: Install) -> None:
    """Both forms of pluggy's wrappers are errors."""
    sources = (
        f"""
        from datacard_core import hookimpl
        @hookimpl({flag}=True)
        def datacard_systematic_kinds():
            return (yield)
        """
        for flag in ("wrapper", "hookwrapper")
    )
    for name in installed(install, sources):
        with case(name), pytest.raises(PluginLoadError, match="datacard_systematic_kinds is a hook wrapper"):
            load_plugins("lnn", name)


WRONG_RESULTS = {
    "None": "returned None, expected an iterable of {interface} objects",
    "'lnN'": "returned 'lnN', expected an iterable",
    "7": "returned 7, expected an iterable",
    "['lnN']": "contributed 'lnN', which is not a {interface}",
    "[None]": "contributed None, which is not a {interface}",
    "[{interface}]": "contributed .*, which is not a {interface} object but a class",
    "[Unnamed()]": "expected a name",
    "[Empty()]": "expected a name",
}


@pytest.mark.slow
def test_wrong_result_of_a_hook(install: Install) -> None:
    """A hook of any family that returns a wrong value is an error that shows the value and what was expected."""
    cases = list(itertools.product(INTERFACES.items(), WRONG_RESULTS.items()))
    sources = (
        f"""
        from datacard_core import {interface}, hookimpl
        Ours = type("Ours", ({interface},), dict.fromkeys({interface}.__abstractmethods__))
        Unnamed = type("Unnamed", (Ours,), {{}})
        Empty = type("Empty", (Ours,), dict(typ="", name=""))
        @hookimpl
        def {hook}():
            return {returned.format(interface=interface)}
        """
        for (hook, interface), (returned, _) in cases
    )
    for name, ((hook, interface), (returned, words)) in zip(installed(install, sources), cases, strict=True):
        with case(hook, returned), pytest.raises(PluginLoadError) as raised:
            load_plugins(name)
        told = str(raised.value)
        assert told.startswith(f"plugin {name!r} (acme 1.0): ")
        assert re.search(words.format(interface=interface), told), told
        assert hook in told


def test_object_instead_of_a_list() -> None:
    """A hook that returns an object instead of a list with it is an error."""

    class Plugin:
        @hookimpl
        def datacard_systematic_kinds(self) -> Any:
            return Acme()

    with pytest.raises(PluginLoadError, match="expected an iterable of SystematicKind objects"):
        load_plugins(Plugin())


@pytest.mark.slow
def test_failing_hook(install: Install) -> None:
    """A hook that fails, at once or as a generator, is an error with the cause."""
    cases = [
        ("raise ValueError('out of order')", ValueError),
        ("raise SystemExit('out of order')", SystemExit),
        ("raise BaseException('out of order')", BaseException),
        ("yield from ()\n    raise ValueError('out of order')", ValueError),
    ]
    sources = (
        f"from datacard_core import hookimpl\n@hookimpl\ndef datacard_checks():\n    {body}\n" for body, _ in cases
    )
    for name, (body, cause) in zip(installed(install, sources), cases, strict=True):
        with case(body):
            with pytest.raises(PluginCallError, match="contributing to datacard_checks: out of order") as raised:
                load_plugins("lnn", name)
            assert type(raised.value.__cause__) is cause
            assert (raised.value.plugin, raised.value.origin) == (name, "acme 1.0")


@pytest.mark.slow
def test_result_without_a_repr(install: Install) -> None:
    """A wrong result whose repr fails is an error that names the plugin."""
    source = """
        from datacard_core import hookimpl
        class Thing:
            def __repr__(self):
                raise RuntimeError
        @hookimpl
        def datacard_systematic_kinds():
            return [Thing()]
    """
    install("acme", source)
    with pytest.raises((PluginLoadError, PluginCallError), match=r"plugin 'acme' \(acme 1\.0\)"):
        load_plugins("acme")


@pytest.mark.slow
def test_failing_typ(install: Install) -> None:
    """A kind whose typ raises an exception is an error that names the plugin."""
    install("acme", kind_source(more="typ = property(lambda self: 1 / 0)"))
    with pytest.raises((PluginLoadError, PluginCallError), match=r"plugin 'acme' \(acme 1\.0\)"):
        load_plugins("acme")


def requiring(*required: object) -> Iterator[str]:
    """Return the sources of plugins that each require an API."""
    return (f"requires_api = {one!r}\n{kind_source()}" for one in required)


@pytest.mark.slow
def test_required_api(install: Install) -> None:
    """A plugin that requires this API is loaded."""
    required = (">=1.0,<2", ">=1", "==1.*", "~=1.0", API_VERSION.join(["==", ""]))
    for name, api in zip(installed(install, requiring(*required)), required, strict=True):
        with case(api):
            assert list(load_plugins(name).kinds) == ["acme"]


@pytest.mark.slow
def test_required_api_of_another_version(install: Install) -> None:
    """A plugin for another API is an error that says which side is older."""
    cases = {
        ">=2.0": "install a newer datacard-core",
        ">=1.99,<2": "install a newer datacard-core",
        "<1": "install a newer version of the plugin",
        "==0.3": "install a newer version of the plugin",
        ">=0.9,<1.0": "install a newer version of the plugin",
    }
    names = installed(install, requiring(*cases), version="3.1")
    for name, (required, way_out) in zip(names, cases.items(), strict=True):
        with case(required):
            with pytest.raises(PluginLoadError) as raised:
                load_plugins(name)
            message = str(raised.value)
            assert message.startswith(f"plugin {name!r} (acme 3.1): it is made for the plugin API ")
            assert f"API {required}, and datacard_core has {API_VERSION}: {way_out}" in message


@pytest.mark.slow
def test_malformed_required_api(install: Install) -> None:
    """A malformed requires_api is an error with an example."""
    malformed = ("1.0 or so", "=>1", 1, 1.0, ["1.0"])
    told = r"requires_api is .*, expected versions such as \">=1\.0,<2\""
    for name, required in zip(installed(install, requiring(*malformed)), malformed, strict=True):
        with case(required), pytest.raises(PluginLoadError, match=told):
            load_plugins(name)


@pytest.mark.slow
def test_options_without_descriptions(install: Install) -> None:
    """Options without a description of each are an error that shows them."""
    wrong = (None, ["members"], {"members": None}, {1: "how many"}, "members")
    told = r"kind 'acme' with options .*, expected a description of each option by name"
    sources = (kind_source(more=f"options = {options!r}") for options in wrong)
    for name, options in zip(installed(install, sources), wrong, strict=True):
        with case(options), pytest.raises(PluginLoadError, match=told):
            load_plugins(name)


@pytest.mark.slow
def test_failing_options(install: Install) -> None:
    """A kind whose options raise an exception is an error that names the plugin."""
    install("acme", kind_source(more="options = property(lambda self: 1 / 0)"))
    with pytest.raises(PluginCallError, match=r"plugin 'acme' \(acme 1\.0\).*division"):
        load_plugins("acme")


@pytest.mark.slow
def test_plot_without_a_file_name(install: Install) -> None:
    """A plot whose name or suffix cannot be part of a file name is an error that shows it."""
    cases = {
        "name = '../stack'": "plot '../stack', expected letters",
        "name = 'a stack'": "plot 'a stack', expected letters",
        "name = 'stack'; suffix = None": "suffix None, expected a suffix such as",
        "name = 'stack'; suffix = '/../../x.pdf'": "suffix '/../../x.pdf'",
        "name = 'stack'; suffix = 'pdf'": "suffix 'pdf'",
    }
    sources = (
        f"""
        from datacard_core import Plot, hookimpl
        class Ours(Plot):
            {attributes}
            def draw(self, channel, path):
                path.write_text("drawn")
        @hookimpl
        def datacard_plots():
            return [Ours()]
        """
        for attributes in cases
    )
    for name, (attributes, words) in zip(installed(install, sources), cases.items(), strict=True):
        with case(attributes):
            with pytest.raises(PluginLoadError, match=rf"plugin {name!r} \(acme 1\.0\)") as raised:
                load_plugins(name)
            assert words in str(raised.value)


@pytest.mark.slow
def test_module_without_hooks(install: Install) -> None:
    """A module without hooks is an error that lists the hooks."""
    install("acme", "def helper():\n    return 7\n")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\): implements none of the hooks \(datacard_"):
        load_plugins("acme")


@pytest.mark.slow
def test_hook_implemented_twice(install: Install) -> None:
    """A hook with two implementations is an error."""
    twice = "\n@hookimpl(specname='datacard_systematic_kinds')\ndef more_kinds():\n    return []\n"
    install("acme", kind_source() + twice)
    with pytest.raises(PluginLoadError, match="datacard_systematic_kinds is implemented twice"):
        load_plugins("acme")


@pytest.mark.slow
def test_error_without_a_text(install: Install) -> None:
    """An exception whose text cannot be shown is still attributed to its plugin."""
    source = (
        "from datacard_core import hookimpl\nclass Plain(Exception):\n    def __str__(self):\n        return 1 / 0\n"
    )
    where = ("Plain()", "raise Plain", "@hookimpl\ndef datacard_checks():\n    raise Plain")
    for name, end in zip(installed(install, (source + end for end in where)), where, strict=True):
        refused = pytest.raises((PluginLoadError, PluginCallError), match=rf"plugin {name!r} \(acme 1\.0\)")
        with case(end), refused:
            load_plugins(name)


@pytest.mark.slow
def test_rendering_is_read_once() -> None:
    """A subclass of Rendering whose fields change is asked for them when it is loaded, and never again."""
    asked: list[str] = []

    class Counting(Rendering):
        def __getattribute__(self, name: str) -> Any:
            if name in ("writer", "of", "render"):
                asked.append(name)
            return super().__getattribute__(name)

    class Plugin:
        @hookimpl
        def datacard_renderings(self) -> Any:
            return [Counting("combine-like", Shape, lambda effect, channel: (effect, channel))]

    plugins = load_plugins(*DEFAULT_PLUGINS, Plugin())
    asked.clear()
    small_card(plugins=plugins).content()
    assert [type(provided.value) for provided in plugins.renderings.values()][-1] is Rendering
    assert asked == []
