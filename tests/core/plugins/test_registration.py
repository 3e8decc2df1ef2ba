"""What a plugin contributes, and what it must not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import (
    API_VERSION,
    PluginCallError,
    PluginLoadError,
    hookimpl,
    load_plugins,
)
from tests.support.plugins import INTERFACES, Acme, Provider, kind_source

if TYPE_CHECKING:
    from tests.conftest import Install


@pytest.mark.parametrize(
    ("source", "cause", "words"),
    [
        ("import no_such_module_at_all", ModuleNotFoundError, ["no_such_module_at_all"]),
        ("raise ValueError('out of order')", ValueError, ["ValueError", "out of order"]),
        ("def (", SyntaxError, ["SyntaxError"]),
        ("raise SystemExit(3)", SystemExit, ["SystemExit", "3"]),
        ("raise GeneratorExit", GeneratorExit, ["GeneratorExit"]),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_an_error_with_the_cause(
    source: str, cause: type[BaseException], words: list[str], install: Install
) -> None:
    install("acme", source, distribution="acme-dist", version="0.3")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme-dist 0\.3\): cannot be imported") as raised:
        load_plugins("lnn", "acme")
    assert isinstance(raised.value.__cause__, cause)
    assert (raised.value.plugin, raised.value.origin) == ("acme", "acme-dist 0.3")
    assert all(word in str(raised.value) for word in words)


def test_the_users_interrupt_goes_through_a_plugin(install: Install) -> None:
    install("acme", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_plugins("acme")


@pytest.mark.parametrize("value", ["acme:missing", "acme.missing", "acme:a b"])
def test_an_entry_point_that_leads_nowhere_is_an_error_that_names_the_distribution(
    value: str, install: Install
) -> None:
    install("acme", entry_points={"acme": value})
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\)"):
        load_plugins("acme")


def test_a_distribution_without_metadata_can_be_blamed(install: Install) -> None:
    install("acme", "raise ValueError('out of order')", metadata="")
    with pytest.raises(PluginLoadError, match=r"(?s)plugin 'acme' \(.+\): .*out of order"):
        load_plugins("acme")


def test_a_class_in_place_of_an_instance_is_an_error() -> None:
    with pytest.raises(PluginLoadError, match="a class, expected an instance") as raised:
        load_plugins(Provider)
    assert raised.value.origin == "local"


def test_an_entry_point_that_is_a_class_is_an_error(install: Install) -> None:
    install("acme", "class Plugin: pass", entry_points={"acme": "acme:Plugin"})
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\).*'acme:Plugin' is a class"):
        load_plugins("acme")


def test_an_entry_point_that_is_an_instance_is_a_plugin(install: Install) -> None:
    source = """
        from datacard_core import hookimpl, SystematicKind
        class Kind(SystematicKind):
            typ = "acme"
            def effects(self, target):
                return ()
        class Plugin:
            @hookimpl
            def datacard_systematic_kinds(self):
                return [Kind()]
        plugin = Plugin()
    """
    install("acme", source, entry_points={"acme": "acme:plugin"})
    assert list(load_plugins("acme").kinds) == ["acme"]


def test_a_module_without_hooks_is_no_plugin_and_told_why(install: Install) -> None:
    install("acme", "def datacard_systematic_kinds():\n    return []\n")
    with pytest.raises(PluginLoadError, match=r"datacard_systematic_kinds.*is @hookimpl missing\?"):
        load_plugins("acme")


def test_a_hook_without_its_mark_is_an_error_even_where_another_has_it(install: Install) -> None:
    source = "\ndef datacard_checks():\n    return []\n"
    install("acme", kind_source() + source)
    with pytest.raises(PluginLoadError, match=r"datacard_checks.*@hookimpl"):
        load_plugins("acme")


def test_a_mistyped_hook_is_an_error(install: Install) -> None:
    source = "\n@hookimpl\ndef datacard_systematic_kindz():\n    return []\n"
    install("acme", kind_source() + source)
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\).*'datacard_systematic_kindz'"):
        load_plugins("acme")


def test_a_mistyped_hook_is_told_with_the_closest_match(install: Install) -> None:
    install("acme", "from datacard_core import hookimpl\n@hookimpl\ndef datacard_systematic_kindz():\n    return []\n")
    with pytest.raises(PluginLoadError, match=r"did you mean 'datacard_systematic_kinds'"):
        load_plugins("acme")


def test_a_mistyped_hook_is_an_error_even_where_it_is_marked_as_optional(install: Install) -> None:
    source = "\n@hookimpl(optionalhook=True)\ndef datacard_systematic_kindz():\n    return []\n"
    install("acme", kind_source() + source)
    with pytest.raises(PluginLoadError, match="datacard_systematic_kindz"):
        load_plugins("acme")


def test_a_hook_with_arguments_that_it_does_not_get_is_an_error(install: Install) -> None:
    install("acme", "from datacard_core import hookimpl\n@hookimpl\ndef datacard_checks(channel):\n    return []\n")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\).*(?s:.*)channel"):
        load_plugins("acme")


@pytest.mark.parametrize("flag", ["wrapper", "hookwrapper"])
def test_a_hook_wrapper_is_an_error(flag: str, install: Install) -> None:
    source = f"""
        from datacard_core import hookimpl
        @hookimpl({flag}=True)
        def datacard_systematic_kinds():
            return (yield)
    """
    install("acme", source)
    with pytest.raises(PluginLoadError, match="datacard_systematic_kinds is a hook wrapper"):
        load_plugins("lnn", "acme")


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("None", "returned None, expected an iterable of {interface} objects"),
        ("'lnN'", "returned 'lnN', expected an iterable"),
        ("7", "returned 7, expected an iterable"),
        ("['lnN']", "contributed 'lnN', which is not a {interface}"),
        ("[None]", "contributed None, which is not a {interface}"),
        ("[{interface}]", "contributed .*, which is not a {interface} object but a class"),
        ("[Unnamed()]", "expected a name"),
        ("[Empty()]", "expected a name"),
    ],
)
@pytest.mark.parametrize("hook", INTERFACES)
def test_a_hook_that_returns_something_else_is_an_error(hook: str, returned: str, words: str, install: Install) -> None:
    interface = INTERFACES[hook]
    source = f"""
        from datacard_core import {interface}, hookimpl
        Ours = type("Ours", ({interface},), dict.fromkeys({interface}.__abstractmethods__))
        Unnamed = type("Unnamed", (Ours,), {{}})
        Empty = type("Empty", (Ours,), dict(typ="", name=""))
        @hookimpl
        def {hook}():
            return {returned.format(interface=interface)}
    """
    install("acme", source)
    with pytest.raises(PluginLoadError, match=words.format(interface=interface)) as raised:
        load_plugins("acme")
    assert str(raised.value).startswith("plugin 'acme' (acme 1.0): ")
    assert hook in str(raised.value)


def test_an_object_in_place_of_a_list_of_one_is_an_error() -> None:
    class Plugin:
        @hookimpl
        def datacard_systematic_kinds(self) -> Any:
            return Acme()

    with pytest.raises(PluginLoadError, match="expected an iterable of SystematicKind objects"):
        load_plugins(Plugin())


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("raise ValueError('out of order')", ValueError),
        ("raise SystemExit('out of order')", SystemExit),
        ("raise BaseException('out of order')", BaseException),
        ("yield from ()\n    raise ValueError('out of order')", ValueError),
    ],
)
def test_a_hook_that_fails_is_an_error_with_the_cause(body: str, cause: type[BaseException], install: Install) -> None:
    install("acme", f"from datacard_core import hookimpl\n@hookimpl\ndef datacard_checks():\n    {body}\n")
    with pytest.raises(PluginCallError, match="contributing to datacard_checks: out of order") as raised:
        load_plugins("lnn", "acme")
    assert type(raised.value.__cause__) is cause
    assert (raised.value.plugin, raised.value.origin) == ("acme", "acme 1.0")


def test_an_object_that_cannot_even_be_shown_is_an_error_that_names_the_plugin(install: Install) -> None:
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


def test_a_kind_whose_typ_fails_is_an_error_that_names_the_plugin(install: Install) -> None:
    install("acme", kind_source(more="typ = property(lambda self: 1 / 0)"))
    with pytest.raises((PluginLoadError, PluginCallError), match=r"plugin 'acme' \(acme 1\.0\)"):
        load_plugins("acme")


@pytest.mark.parametrize("required", [">=1.0,<2", ">=1", "==1.*", "~=1.0", API_VERSION.join(["==", ""])])
def test_a_plugin_made_for_this_api_is_taken(required: str, install: Install) -> None:
    install("acme", f"requires_api = {required!r}\n" + kind_source())
    assert list(load_plugins("acme").kinds) == ["acme"]


@pytest.mark.parametrize(
    ("required", "way_out"),
    [
        (">=2.0", "install a newer datacard-core"),
        (">=1.99,<2", "install a newer datacard-core"),
        ("<1", "install a newer version of the plugin"),
        ("==0.3", "install a newer version of the plugin"),
        (">=0.9,<1.0", "install a newer version of the plugin"),
    ],
)
def test_a_plugin_made_for_another_api_is_an_error_that_says_which_side_is_older(
    required: str, way_out: str, install: Install
) -> None:
    install("acme", f"requires_api = {required!r}\n" + kind_source(), version="3.1")
    with pytest.raises(PluginLoadError) as raised:
        load_plugins("acme")
    message = str(raised.value)
    assert message.startswith("plugin 'acme' (acme 3.1): it is made for the plugin API ")
    assert f"API {required}, and datacard_core has {API_VERSION}: {way_out}" in message


def test_a_plugin_made_for_a_newer_api_is_not_blamed_for_hooks_that_are_not_there_yet(install: Install) -> None:
    source = "requires_api = '>=1.99'\n" + kind_source() + "\n@hookimpl\ndef datacard_of_the_future():\n    return ()\n"
    install("acme", source)
    with pytest.raises(PluginLoadError, match="install a newer datacard-core") as raised:
        load_plugins("acme")
    assert "datacard_of_the_future" not in str(raised.value)


def test_a_plugin_that_imports_what_is_not_there_yet_is_told_with_the_api_that_there_is(install: Install) -> None:
    install("acme", "from datacard_core import Future\n")
    with pytest.raises(PluginLoadError, match=rf"'Future'.*plugin API {API_VERSION}"):
        load_plugins("acme")


@pytest.mark.parametrize("required", ["1.0 or so", "=>1", 1, 1.0, ["1.0"]])
def test_a_required_api_that_is_none_is_an_error_with_an_example(required: object, install: Install) -> None:
    install("acme", f"requires_api = {required!r}\n" + kind_source())
    with pytest.raises(PluginLoadError, match=r"requires_api is .*, expected versions such as \">=1\.0,<2\""):
        load_plugins("acme")


@pytest.mark.parametrize("options", [None, ["members"], {"members": None}, {1: "how many"}, "members"])
def test_options_that_say_nothing_about_themselves_are_an_error(options: object, install: Install) -> None:
    install("acme", kind_source(more=f"options = {options!r}"))
    with pytest.raises(
        PluginLoadError, match=r"kind 'acme' with options .*, expected a description of each option by name"
    ):
        load_plugins("acme")


def test_options_that_fail_are_an_error_that_names_the_plugin(install: Install) -> None:
    install("acme", kind_source(more="options = property(lambda self: 1 / 0)"))
    with pytest.raises(PluginCallError, match=r"plugin 'acme' \(acme 1\.0\).*division"):
        load_plugins("acme")


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ("name = '../stack'", "plot '../stack', expected letters"),
        ("name = 'a stack'", "plot 'a stack', expected letters"),
        ("name = 'stack'; suffix = None", "suffix None, expected a suffix such as"),
        ("name = 'stack'; suffix = '/../../x.pdf'", "suffix '/../../x.pdf'"),
        ("name = 'stack'; suffix = 'pdf'", "suffix 'pdf'"),
    ],
)
def test_a_plot_whose_files_could_not_be_called_after_it_is_an_error(
    attributes: str, words: str, install: Install
) -> None:
    source = f"""
        from datacard_core import Plot, hookimpl
        class Ours(Plot):
            {attributes}
            def draw(self, channel, path):
                path.write_text("drawn")
        @hookimpl
        def datacard_plots():
            return [Ours()]
    """
    install("acme", source)
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\)") as raised:
        load_plugins("acme")
    assert words in str(raised.value)


def test_an_object_that_cannot_tell_its_name_is_called_after_its_class() -> None:
    class Nameless:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

    with pytest.raises((PluginLoadError, PluginCallError), match=r"plugin 'Nameless' \(local\)"):
        load_plugins(Nameless())


def test_a_module_that_has_nothing_of_a_plugin_is_told_which_hooks_there_are(install: Install) -> None:
    install("acme", "def helper():\n    return 7\n")
    with pytest.raises(PluginLoadError, match=r"plugin 'acme' \(acme 1\.0\): implements none of the hooks \(datacard_"):
        load_plugins("acme")


def test_a_hook_implemented_under_two_names_is_an_error(install: Install) -> None:
    twice = "\n@hookimpl(specname='datacard_systematic_kinds')\ndef more_kinds():\n    return []\n"
    install("acme", kind_source() + twice)
    with pytest.raises(PluginLoadError, match="datacard_systematic_kinds is implemented twice"):
        load_plugins("acme")


@pytest.mark.parametrize("where", ["Plain()", "raise Plain", "@hookimpl\ndef datacard_checks():\n    raise Plain"])
def test_an_error_that_cannot_be_shown_is_that_of_its_plugin_too(where: str, install: Install) -> None:
    source = (
        "from datacard_core import hookimpl\nclass Plain(Exception):\n    def __str__(self):\n        return 1 / 0\n"
    )
    install("acme", source + where)
    with pytest.raises((PluginLoadError, PluginCallError), match=r"plugin 'acme' \(acme 1\.0\)"):
        load_plugins("acme")
