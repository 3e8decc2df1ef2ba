"""Systematic uncertainties: the meaning of a declaration, and when several are one nuisance."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacard_core import Systematics, SystematicUncertainty
from tests.support import outputs
from tests.support.cases import case
from tests.support.declarations import PROCESSES, YEARS, by_process, card, refused, row, systematic

LUMI_2022 = systematic(name="lumi_2022", years=["2022"], value=1.014, datacard_name="lumi")


LUMI_2023 = systematic(name="lumi_2023", years=["2023"], value=1.013, datacard_name="lumi")


PILEUP = systematic(name="pileup", typ="shape", value=1.0, datacard_name="CMS_pileup")


TTBAR_NORM = systematic(name="ttbar_norm", processes=["ttbar"])


JER = systematic(name="JER", typ="shape", processes=["vjets"], value=1.0)


class TestDeclaration:
    """The arguments of a systematic, and how they are read back."""

    def test_keywords(self) -> None:
        """Every argument has a keyword."""
        declared = SystematicUncertainty(
            name="pileup_2022",
            typ="shape",
            processes=["ttbar"],
            years=["2022"],
            value=1.0,
            datacard_name="CMS_pileup_2022",
            coffea_name_alias="pileup",
        )
        assert (declared.name, declared.typ, list(declared.years)) == ("pileup_2022", "shape", ["2022"])
        assert declared.datacard_name == "CMS_pileup_2022"
        assert declared.coffea_name_alias == "pileup"

    def test_positions(self) -> None:
        """The order of the arguments is that of PocketCoffea's interface."""
        declared = SystematicUncertainty("a", "shape", ["ttbar"], ["2022"], 1.0, "b", "c")
        assert declared == SystematicUncertainty(
            name="a",
            typ="shape",
            processes=["ttbar"],
            years=["2022"],
            value=1.0,
            datacard_name="b",
            coffea_name_alias="c",
        )

    @pytest.mark.parametrize(
        "changed", [{}, {"datacard_name": None, "coffea_name_alias": None}], ids=["not given", "None"]
    )
    def test_default_names(self, changed: dict[str, Any]) -> None:
        """Nuisance and variation are called like the systematic where no other name is given."""
        declared = systematic(name="JER", **changed)
        assert declared.datacard_name == "JER"
        assert declared.coffea_name_alias == "JER"
        assert declared.get_coffea_name("ttbar") == "JER"

    def test_single_strings(self) -> None:
        """One process and one year may be strings."""
        assert list(systematic(processes="ttbar", years="2022").columns()) == [("ttbar", "2022")]

    def test_containers_of_processes(self) -> None:
        """Processes come in any container and are read back with their value."""
        cases: list[tuple[Any, list[str]]] = [
            (["vjets", "ttbar"], ["vjets", "ttbar"]),
            (("vjets", "ttbar"), ["vjets", "ttbar"]),
            ({"vjets": "x", "ttbar": "y"}.keys(), ["vjets", "ttbar"]),
            (PROCESSES.keys(), ["signal", "ttbar", "vjets"]),
            ((process.name for process in PROCESSES.values()), ["signal", "ttbar", "vjets"]),
            (np.array(["vjets", "ttbar"]), ["vjets", "ttbar"]),
            ({"vjets", "ttbar", "signal"}, ["signal", "ttbar", "vjets"]),
        ]
        for names, expected in cases:
            with case(names, expected):
                declared = systematic(processes=names)
                assert list(declared.processes) == expected
                assert declared.processes == dict.fromkeys(expected, 1.05)

    def test_containers_of_years(self) -> None:
        """Years come in any container."""
        cases: list[tuple[Any, list[str]]] = [
            (("2023", "2022"), ["2023", "2022"]),
            ({"2023": 1, "2022": 2}.keys(), ["2023", "2022"]),
            (np.array(["2023", "2022"]), ["2023", "2022"]),
            ((year for year in ("2023", "2022")), ["2023", "2022"]),
            ({"2023", "2022", "2024"}, ["2022", "2023", "2024"]),
        ]
        for years, expected in cases:
            with case(years, expected):
                assert list(systematic(years=years).years) == expected

    def test_frozen(self) -> None:
        """The copy of a card cannot be changed."""
        copy = systematic().frozen()
        assert copy == systematic()
        with pytest.raises(AttributeError, match=r"SystematicUncertainty\.typ belongs to a finished card"):
            copy.typ = "shape"
        with pytest.raises(TypeError, match="read-only in a card"):
            copy.processes["ttbar"] = 2.0

    def test_changed_copy(self) -> None:
        """A copy may differ in its years."""
        assert attrs.evolve(systematic(), name="unc", years=["2022"]) == systematic(years=["2022"])

    def test_copy_with_another_value(self) -> None:
        """A copy may have another value."""
        assert attrs.evolve(systematic(), value=1.1) == systematic(value=1.1)
        assert attrs.evolve(systematic(), value=None) == systematic()

    def test_processes_of_another_systematic(self) -> None:
        """The processes of one systematic may be given to another, with or without their values."""
        processes = systematic().processes
        assert by_process(processes) == systematic()
        assert systematic(processes=processes, value=(0.9, 1.1)) == systematic(value=(0.9, 1.1))


class TestValues:
    """Values by process and year."""

    def test_by_process(self) -> None:
        """Each process may have a different value."""
        declared = by_process({"ttbar": 1.06, "vjets": (0.9, 1.2)})
        assert declared.processes == {"ttbar": 1.06, "vjets": (0.9, 1.2)}
        assert declared.value_for("ttbar", "2022") == declared.value_for("ttbar", "2023") == 1.06
        assert declared.value_for("vjets", "2022") == (0.9, 1.2)

    def test_by_process_and_year(self) -> None:
        """Each process may have a value for each year, and then years may be left out."""
        declared = SystematicUncertainty(
            name="lumi", typ="lnN", processes={"ttbar": {"2022": 1.014, "2023": 1.013}, "vjets": {"2023": 1.013}}
        )
        assert list(declared.years) == ["2022", "2023"]
        assert list(declared.columns()) == [("ttbar", "2022"), ("ttbar", "2023"), ("vjets", "2023")]
        assert declared.value_for("ttbar", "2022") == 1.014
        assert declared.value_for("ttbar", "2023") == 1.013
        assert not declared.covers("vjets", "2022")

    def test_partly_by_year(self) -> None:
        """Values by year and values for all years may stand side by side."""
        declared = by_process({"ttbar": {"2022": 1.014}, "vjets": 1.05})
        assert list(declared.columns()) == [("ttbar", "2022"), ("vjets", "2022"), ("vjets", "2023")]

    def test_by_year(self) -> None:
        """A value by year may hold for all processes."""
        for years in (YEARS, None):
            declared = systematic(value={"2022": 1.014, "2023": 1.013}, years=years)
            assert list(declared.years) == YEARS
            assert declared == by_process({name: {"2022": 1.014, "2023": 1.013} for name in ("ttbar", "vjets")})

    @pytest.mark.parametrize(
        ("process", "year", "covered"),
        [("ttbar", "2022", True), ("ttbar", "2024", False), ("signal", "2022", False)],
        ids=["both", "other year", "other process"],
    )
    def test_covered_columns(self, process: str, year: str, covered: bool) -> None:
        """A column is covered where its process and its year are."""
        assert systematic().covers(process, year) is covered


class TestAliases:
    """Which variation of the output a systematic reads."""

    def test_for_all_processes(self) -> None:
        """One alias is the variation of every process."""
        declared = systematic(name="pileup_2022", coffea_name_alias="pileup")
        assert declared.get_coffea_name("ttbar") == declared.get_coffea_name("vjets", "2022") == "pileup"

    def test_by_process(self) -> None:
        """A process without an alias reads the variation of the systematic's name."""
        declared = systematic(name="sf_btag", coffea_name_alias={"ttbar": "sf_btag_groupA"})
        assert declared.get_coffea_name("ttbar") == "sf_btag_groupA"
        assert declared.get_coffea_name("vjets") == "sf_btag"

    def test_by_process_and_year(self) -> None:
        """A year without an alias reads the variation of the systematic's name."""
        declared = systematic(name="JER", coffea_name_alias={"ttbar": {"2022": "JER_2022"}, "vjets": "JER_V"})
        assert declared.get_coffea_name("ttbar", "2022") == "JER_2022"
        assert declared.get_coffea_name("ttbar", "2023") == "JER"
        assert declared.get_coffea_name("vjets", "2023") == "JER_V"

    def test_name_in_card(self) -> None:
        """The name in the card does not change which variation is read."""
        assert systematic(name="JER", datacard_name="CMS_JER").get_coffea_name("ttbar") == "JER"

    def test_shared_dict(self) -> None:
        """Systematics may share a dict of aliases that lists more processes than each of them has."""
        shared = {"ttbar": "sf_btag_groupA", "vjets": "sf_btag_groupB"}
        declared = systematic(processes=["ttbar"], coffea_name_alias=shared)
        assert declared.get_coffea_name("ttbar") == "sf_btag_groupA"
        assert row(card(systematic(processes=["ttbar"], coffea_name_alias=shared)), "unc")[1] == "lnN"


class TestContainer:
    """Systematics by their name in the card."""

    def test_order(self) -> None:
        """Systematics are kept by their name in the card, in the order of the script."""
        systematics = Systematics([PILEUP, TTBAR_NORM])
        systematics["JER"] = JER
        assert isinstance(systematics, dict)
        assert list(systematics.items()) == [("CMS_pileup", PILEUP), ("ttbar_norm", TTBAR_NORM), ("JER", JER)]

    def test_iterables(self) -> None:
        """Systematics are made of any iterable."""
        cases: list[Any] = [[PILEUP, JER], (PILEUP, JER), iter([PILEUP, JER]), Systematics([PILEUP, JER])]
        for values in cases:
            with case(values):
                assert list(Systematics(values).values()) == [PILEUP, JER]

    def test_variations(self) -> None:
        """The names of variations are those of the card."""
        systematics = Systematics([PILEUP, TTBAR_NORM, JER])
        assert systematics.variations_names == ["CMS_pileupUp", "CMS_pileupDown", "JERUp", "JERDown"]

    def test_by_kind(self) -> None:
        """Systematics are found by their kind."""
        systematics = Systematics([PILEUP, TTBAR_NORM, JER])
        assert systematics.list_type("shape") == ["CMS_pileup", "JER"]
        assert systematics.get_systematics_by_type("lnN") == {"ttbar_norm": TTBAR_NORM}
        assert systematics.get_systematics_by_type("gmN") == {}
        assert systematics.n_systematics() == 3

    def test_by_process(self) -> None:
        """Systematics are found by their process."""
        systematics = Systematics([PILEUP, TTBAR_NORM, JER])
        assert list(systematics.get_systematics_by_process(PROCESSES["ttbar"])) == ["CMS_pileup", "ttbar_norm"]
        assert systematics.get_systematics_by_process(PROCESSES["vjets"]) == {"CMS_pileup": PILEUP, "JER": JER}
        assert systematics.get_systematics_by_process(PROCESSES["signal"]) == {}
        assert list(systematics.get_systematics_by_process("ttbar")) == ["CMS_pileup", "ttbar_norm"]

    def test_merged_by_process(self) -> None:
        """A merged systematic is found by each of its processes."""
        first = systematic(name="a", datacard_name="n", processes=["ttbar"])
        systematics = Systematics([first, systematic(name="b", datacard_name="n", processes=["vjets"])])
        assert list(systematics.get_systematics_by_process(PROCESSES["ttbar"])) == ["n"]
        assert list(systematics.get_systematics_by_process(PROCESSES["vjets"])) == ["n"]

    def test_comprehensions(self) -> None:
        """Comprehensions over the values see name and typ."""
        systematics = Systematics([PILEUP, TTBAR_NORM])
        assert [s.name for s in systematics.values() if s.typ == "lnN"] == ["ttbar_norm"]
        assert [s.name for s in systematics.values() if s.typ == "shape"] == ["pileup"]


columns = st.dictionaries(
    st.tuples(st.sampled_from(["signal", "ttbar", "vjets", "diboson"]), st.sampled_from(["2022", "2023", "2024"])),
    st.floats(0.5, 2) | st.tuples(st.floats(0.5, 1), st.floats(1, 2)),
    min_size=1,
)


class TestMerging:
    """Declarations that share a name in the card are one nuisance."""

    def test_different_years(self) -> None:
        """Declarations on different years are merged."""
        systematics = Systematics([LUMI_2022, PILEUP, LUMI_2023])
        assert list(systematics) == ["lumi", "CMS_pileup"]
        lumi = systematics["lumi"]
        assert lumi.datacard_name == "lumi"
        assert lumi.typ == "lnN"
        assert set(lumi.columns()) == {(process, year) for process in ("ttbar", "vjets") for year in YEARS}
        assert lumi.value_for("ttbar", "2022") == lumi.value_for("vjets", "2022") == 1.014
        assert lumi.value_for("ttbar", "2023") == lumi.value_for("vjets", "2023") == 1.013

    def test_different_processes(self) -> None:
        """Declarations on different processes are merged."""
        first = systematic(name="a", datacard_name="n", processes=["ttbar"], years=["2022"], value=(0.9, 1.2))
        second = systematic(name="b", datacard_name="n", processes=["vjets"], years=["2023"])
        merged = Systematics([first, second])["n"]
        assert list(merged.columns()) == [("ttbar", "2022"), ("vjets", "2023")]
        assert merged.value_for("ttbar", "2022") == (0.9, 1.2)
        assert merged.value_for("vjets", "2023") == 1.05

    def test_merged_form_by_hand(self) -> None:
        """The merged form written directly has the same columns and values."""
        merged = Systematics([LUMI_2022, LUMI_2023])["lumi"]
        direct = SystematicUncertainty(
            name="lumi_2022",
            typ="lnN",
            processes={name: {"2022": 1.014, "2023": 1.013} for name in ("ttbar", "vjets")},
            datacard_name="lumi",
        )
        assert list(merged.columns()) == list(direct.columns())
        assert merged.processes == direct.processes

    def test_variations(self) -> None:
        """Each declaration keeps its variation when merged."""
        first = systematic(name="JER_2022", typ="shape", value=1.0, years=["2022"], datacard_name="JER")
        second = systematic(
            name="x",
            typ="shape",
            value=1.0,
            years=["2023"],
            datacard_name="JER",
            coffea_name_alias={"ttbar": "JER_tt"},
        )
        merged = Systematics([first, second])["JER"]
        assert merged.get_coffea_name("ttbar", "2022") == "JER_2022"
        assert merged.get_coffea_name("ttbar", "2023") == "JER_tt"
        assert merged.get_coffea_name("vjets", "2023") == "x"

    @pytest.mark.slow
    @given(columns, st.data())
    def test_partitions(self, values: dict[tuple[str, str], Any], data: st.DataObject) -> None:
        """Every partition of columns into declarations merges to the same nuisance."""
        order = data.draw(st.permutations(list(values)))
        part_of = {column: data.draw(st.integers(0, 4)) for column in order}
        parts: dict[int, dict[str, dict[str, Any]]] = {}
        for process, year in order:
            parts.setdefault(part_of[process, year], {}).setdefault(process, {})[year] = values[process, year]
        declarations = [
            SystematicUncertainty(f"part_{part}", "lnN", by_year, datacard_name="n") for part, by_year in parts.items()
        ]
        systematics = Systematics(declarations)
        assert list(systematics) == ["n"]
        merged = systematics["n"]
        assert sorted(merged.columns()) == sorted(values)
        assert set(merged.years) == {year for _, year in values}
        for (process, year), value in values.items():
            assert merged.value_for(process, year) == value
            assert merged.get_coffea_name(process, year) == f"part_{part_of[process, year]}"

    @pytest.mark.slow
    @given(columns, columns)
    def test_disjoint_columns(self, first: dict[tuple[str, str], Any], second: dict[tuple[str, str], Any]) -> None:
        """Two declarations are merged exactly where they share no column."""
        declarations = []
        for name, values in (("first", first), ("second", second)):
            processes: dict[str, dict[str, Any]] = {}
            for (process, year), value in values.items():
                processes.setdefault(process, {})[year] = value
            declarations.append(SystematicUncertainty(name, "lnN", processes, datacard_name="n"))
        overlap = first.keys() & second.keys()
        if not overlap:
            assert len(list(Systematics(declarations)["n"].columns())) == len(first) + len(second)
            return
        (problem,) = refused(lambda: Systematics(declarations))
        assert "'first'" in problem
        assert "'second'" in problem
        assert all(f"{process} {year}" in problem for process, year in overlap)

    def test_overlap(self) -> None:
        """Declarations that overlap are both named, with the columns and the way out."""
        (problem,) = refused(lambda: Systematics([LUMI_2022, systematic(name="lumi_all", datacard_name="lumi")]))
        for part in ("'lumi_2022'", "'lumi_all'", "'lumi'", "ttbar 2022", "vjets 2022", "datacard_name"):
            assert part in problem
        assert "2023" not in problem

    def test_overlap_with_merged(self) -> None:
        """Of several merged declarations the overlapping one is named."""
        parts = [
            systematic(name="a", datacard_name="n", processes=["ttbar"]),
            systematic(name="b", datacard_name="n", processes=["vjets"]),
            systematic(name="c", datacard_name="n", processes=["vjets"], years=["2023"]),
        ]
        (problem,) = refused(lambda: Systematics(parts))
        assert "'b'" in problem
        assert "'c'" in problem
        assert "'a'" not in problem

    def test_different_kinds(self) -> None:
        """Declarations of two kinds that Combine has no common row for are not merged."""
        uniform = systematic(name="JER", typ="shapeU", value=1.0, years=["2023"], datacard_name="lumi")
        (problem,) = refused(lambda: Systematics([LUMI_2022, uniform]))
        for part in ("'lumi_2022'", "'JER'", "'lumi'", "typ", "'lnN'", "'shapeU'"):
            assert part in problem

    def test_factor_and_shape(self) -> None:
        """lnN on some columns and shape on others are one nuisance, of which each part keeps its kind."""
        shape = systematic(name="JER", typ="shape", value=1.0, years=["2023"], datacard_name="lumi")
        both = Systematics([LUMI_2022, shape])
        assert both["lumi"].typ == "shape?"
        assert [part.typ for part in both["lumi"].by_typ()] == ["lnN", "shape"]
        assert both.variations_names == ["lumiUp", "lumiDown"]
        assert [part.typ for part in both.frozen()["lumi"].by_typ()] == ["lnN", "shape"]
        assert both.get_systematics_by_type("shape") == {"lumi": both["lumi"]}

    def test_factor_and_shape_on_one_column(self) -> None:
        """lnN and shape on the same column are refused, with the column."""
        shape = systematic(name="JER", typ="shape", value=1.0, years=["2022"], datacard_name="lumi")
        (problem,) = refused(lambda: Systematics([LUMI_2022, shape]))
        assert "both cover" in problem

    def test_constraint_of_a_parameter(self) -> None:
        """A rateParam and a param of one name are a free parameter and its constraint."""
        free = systematic(name="SF", typ="rateParam", value=1.0)
        constraint = SystematicUncertainty("SF", "param", options={"mean": 1.0, "sigma": 0.1})
        for order in ([free, constraint], [constraint, free]):
            assert Systematics(order)["SF"].typ == "rateParam"
            assert {part.typ for part in Systematics(order)["SF"].by_typ()} == {"rateParam", "param"}

    def test_groups_of_merged_declarations(self) -> None:
        """A merged nuisance is in the groups of all its declarations, each once."""
        first = systematic(name="a", datacard_name="lumi", years=["2022"], groups=["exp", "all"])
        second = systematic(name="b", datacard_name="lumi", years=["2023"], groups="all")
        assert Systematics([first, second])["lumi"].groups == ("exp", "all")

    def test_different_marks(self) -> None:
        """Declarations of one nuisance agree in nofloat."""
        first = systematic(name="a", datacard_name="lumi", years=["2022"], nofloat=True)
        second = systematic(name="b", datacard_name="lumi", years=["2023"])
        (problem,) = refused(lambda: Systematics([first, second]))
        assert "nofloat differs: True and False" in problem

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"groups": ["autoMCStats"]}, "Combine puts the parameters of the statistical uncertainty there"),
            ({"groups": ["a b"]}, "'a b' is not a name that Combine accepts"),
            ({"groups": ["a", "a"]}, "lists group a twice"),
            ({"groups": [1]}, "group 1 is a int"),
            ({"nofloat": "yes"}, "nofloat is 'yes', expected True or False"),
        ],
    )
    def test_wrong_groups_and_marks(self, arguments: dict[str, Any], message: str) -> None:
        """Groups are names, each once and not Combine's own, and nofloat is a truth value."""
        (problem,) = refused(lambda: systematic(**arguments))
        assert message in problem

    def test_different_options(self) -> None:
        """Declarations with different options are not merged."""
        first = systematic(name="a", datacard_name="SF", typ="rateParam", years=["2022"], options={"range": (0, 5)})
        second = systematic(name="b", datacard_name="SF", typ="rateParam", years=["2023"])
        (problem,) = refused(lambda: Systematics([first, second]))
        for part in ("'a'", "'b'", "options", "(0, 5)"):
            assert part in problem

    def test_arrays_as_options(self) -> None:
        """Options that are arrays are compared by their content."""
        parts = [systematic(name=y, datacard_name="n", years=[y], options={"w": np.array([1, 2])}) for y in YEARS]
        systematics = Systematics(parts)
        systematics["n"] = parts[0]
        assert systematics["n"].options == {"w": (1, 2)}
        refused(lambda: Systematics([parts[0], attrs.evolve(parts[1], options={"w": np.array([1, 3])})]))

    def test_parts(self) -> None:
        """A merged nuisance lists the declarations that it was made of."""
        assert Systematics([LUMI_2022, LUMI_2023])["lumi"].merged_from == (LUMI_2022, LUMI_2023)
        assert PILEUP.merged_from == (PILEUP,)

    def test_row_of_card(self) -> None:
        """Merged declarations are one row of the card."""
        built = card(LUMI_2022, LUMI_2023)
        assert [column.name for column in built.channel.columns] == [
            "signal_2022",
            "signal_2023",
            "ttbar_2022",
            "ttbar_2023",
            "vjets_2023",
        ]
        assert row(built, "lumi") == ["lumi", "lnN", "-", "-", "1.014", "1.013", "1.013"]
        assert built.kmax == 1


def assign(container: Systematics, key: str, value: Any) -> None:
    container[key] = value


def update_with_dict(container: Systematics, key: str, value: Any) -> None:
    container.update({key: value})


def update_with_pairs(container: Systematics, key: str, value: Any) -> None:
    container.update([(key, value)])


def join_in_place(container: Systematics, key: str, value: Any) -> None:
    container |= {key: value}


Way = Callable[[Systematics, str, Any], None]


every_way = pytest.mark.parametrize(
    "way", [assign, update_with_dict, update_with_pairs, join_in_place], ids=lambda way: way.__name__
)


class TestAssignment:
    """What is added to a container is merged and checked in every way."""

    @every_way
    def test_merges(self, way: Way) -> None:
        """An added declaration is merged as in the constructor."""
        systematics = Systematics([LUMI_2022])
        way(systematics, "lumi", LUMI_2023)
        assert systematics == Systematics([LUMI_2022, LUMI_2023])

    @every_way
    def test_refused(self, way: Way) -> None:
        """An added declaration is refused as in the constructor, and the container stays as it was."""
        systematics = Systematics([LUMI_2022])
        overlapping = systematic(name="lumi_all", datacard_name="lumi")
        assert refused(lambda: way(systematics, "lumi", overlapping)) == refused(
            lambda: Systematics([LUMI_2022, overlapping])
        )
        assert systematics == Systematics([LUMI_2022])

    @every_way
    @pytest.mark.parametrize("value", [None, "lumi", PROCESSES["ttbar"]], ids=["None", "string", "process"])
    def test_wrong_types(self, way: Way, value: Any) -> None:
        """A value that is not a systematic is refused."""
        (problem,) = refused(lambda: way(Systematics(), "lumi", value))
        assert "Systematics holds SystematicUncertainty objects" in problem

    @every_way
    def test_wrong_key(self, way: Way) -> None:
        """A key that is not the name in the card is refused."""
        (problem,) = refused(lambda: way(Systematics(), "pileup", PILEUP))
        assert "'pileup'" in problem
        assert "datacard_name is 'CMS_pileup'" in problem

    @every_way
    def test_same_declaration_again(self, way: Way) -> None:
        """The same declaration added again does not change the container."""
        systematics = Systematics([LUMI_2022, PILEUP])
        way(systematics, "lumi", copy.deepcopy(LUMI_2022))
        assert list(systematics.values()) == [LUMI_2022, PILEUP]

    @every_way
    def test_loop_run_again(self, way: Way) -> None:
        """A loop of declarations that are merged may run again."""
        systematics = Systematics([LUMI_2022, LUMI_2023])
        for declared in (LUMI_2022, LUMI_2023):
            way(systematics, "lumi", declared)
        assert systematics == Systematics([LUMI_2022, LUMI_2023])

    def test_pairs_of_one_nuisance(self) -> None:
        """Pairs of one nuisance in an update are merged, instead of keeping the last one."""
        systematics = Systematics()
        systematics.update([("lumi", LUMI_2022), ("lumi", LUMI_2023)])
        assert systematics == Systematics([LUMI_2022, LUMI_2023])

    def test_joined(self) -> None:
        """Two containers joined are one with merged nuisances."""
        joined: Any = Systematics([LUMI_2022]) | Systematics([LUMI_2023])
        assert type(joined) is Systematics
        assert joined == Systematics([LUMI_2022, LUMI_2023])

    def test_joined_with_shared_part(self) -> None:
        """Containers that share a declaration of a nuisance can be joined."""
        lumi_2024 = systematic(name="lumi_2024", years=["2024"], datacard_name="lumi")
        joined: Any = Systematics([LUMI_2022, LUMI_2023]) | Systematics([LUMI_2023, lumi_2024])
        assert joined == Systematics([LUMI_2022, LUMI_2023, lumi_2024])

    @pytest.mark.parametrize(
        "travel",
        [
            pytest.param(lambda systematics: pickle.loads(pickle.dumps(systematics)), id="pickle"),
            pytest.param(copy.copy, id="copy.copy"),
            pytest.param(copy.deepcopy, id="copy.deepcopy"),
            pytest.param(Systematics.copy, id="copy method"),
        ],
    )
    def test_copies(self, travel: Callable[[Systematics], Systematics]) -> None:
        """A copied or pickled container has the same nuisances, merged ones included."""
        systematics = Systematics([LUMI_2022, PILEUP, LUMI_2023])
        arrived = travel(systematics)
        assert type(arrived) is Systematics
        assert arrived is not systematics
        assert list(arrived.items()) == list(systematics.items())


def test_all_problems_of_constructor() -> None:
    """All that is wrong in a constructor is told at once."""
    values: Any = [LUMI_2022, 5, systematic(name="l", datacard_name="lumi"), PROCESSES["ttbar"], PILEUP]
    problems = refused(lambda: Systematics(values))
    assert len(problems) == 3
    assert "got 5 (int)" in problems[0]
    assert "both the nuisance 'lumi'" in problems[1]
    assert "(MCProcess)" in problems[2]


@pytest.mark.parametrize("values", [LUMI_2022, None, 5], ids=["one systematic", "None", "number"])
def test_constructor_without_list(values: Any) -> None:
    """A constructor that gets no list says which type it expects."""
    (problem,) = refused(lambda: Systematics(values))
    assert "Systematics" in problem
    assert "list" in problem


def test_process_without_a_year() -> None:
    """All processes and all years may be given where a process lacks a year."""
    built = card(systematic(name="lumi", processes=list(PROCESSES), years=YEARS, value=1.014))
    assert row(built, "lumi") == ["lumi", "lnN", *["1.014"] * 5]


class ByGenerator(SystematicUncertainty):
    """A systematic that finds its variation as PocketCoffea's method does, by process alone."""

    def get_coffea_name(self, process: str) -> str:  # type: ignore[override]
        return f"{self.name}_{process}"


def test_name_of_variation_of_a_subclass() -> None:
    """A subclass may find the variation of a process itself."""
    output = outputs.signal_and_ttbar(nominal=[1, 2, 3], PS_ttbarUp=[1, 2, 4], PS_ttbarDown=[1, 2, 2])
    made = outputs.card(output, ByGenerator("PS", "shape", ["ttbar"], ["2022"], 1.0))
    assert made.rate("ttbar_2022", "PSUp") == 7


def test_no_name_of_variation() -> None:
    """A subclass that returns no name is an error with its class."""

    class Nameless(ByGenerator):
        def get_coffea_name(self, process: str) -> Any:  # type: ignore[override]
            return [process]

    systematic = Nameless("PS", "shape", ["ttbar"], ["2022"], 1.0)
    (problem,) = outputs.problems(outputs.signal_and_ttbar(nominal=[1, 2, 3]), systematic)
    assert problem.startswith("systematic 'PS': Nameless.get_coffea_name('ttbar') returned ['ttbar'], expected")
