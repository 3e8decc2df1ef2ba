"""Registry of the codes of the core's findings, each with its meaning and advice."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from datacard_core.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


@attrs.frozen(kw_only=True)
class Code:
    """Explanation of one code of the core's findings."""

    severities: tuple[Severity, ...]
    """Severities that a finding of this code may have, the gravest first."""
    meaning: str
    """One sentence: what was noticed or changed."""
    remedy: str
    """Advice to the analyst."""


_NOTICE, _WARNING, _ERROR = (Severity.NOTICE,), (Severity.WARNING,), (Severity.ERROR,)

CODES: Mapping[str, Code] = MappingProxyType(
    {
        "altered-content": Code(
            severities=_WARNING,
            meaning="The nominal histogram of a dataset does not add up to the sum of weights in the output's `sumw`, "
            "while those of most datasets do.",
            remedy="Produce or copy the file again. If the dataset was filled in another way, accept the code.",
        ),
        "asimov-factor": Code(
            severities=_WARNING,
            meaning="The expected events that stand in the place of data do not have a factor whose value follows from "
            "a function or a line of the script's own: it is taken as 1.",
            remedy="No action is needed if its value before the fit is 1; otherwise pass data made of simulation.",
        ),
        "blind": Code(
            severities=_NOTICE,
            meaning="Bins of the data are expected events and no counts, as `blind` declares it; a comment of the card "
            "says so.",
            remedy="No action is needed; `--unblind` or `Blinding(…, lifted=True)` shows the data.",
        ),
        "chosen-edges": Code(
            severities=_NOTICE,
            meaning="A rule in `bins_edges` chose the edges by the expected events of the card.",
            remedy="No action is needed; declare the edges of the message to keep them when events change.",
        ),
        "clipped": Code(
            severities=(Severity.WARNING, Severity.NOTICE),
            meaning="A template has bins below 0, which are set to 0 with their variance: a warning for a nominal "
            "template, a notice for an Up or Down template.",
            remedy="Choose wider bins, or produce more events where weights are negative.",
        ),
        "data-driven": Code(
            severities=_NOTICE,
            meaning="A process is read from another category or variable, is a difference of samples, or is scaled, as "
            "declared.",
            remedy="No action is needed; declare systematics on the method, such as that of a transfer factor.",
        ),
        "data-variation": Code(
            severities=_NOTICE,
            meaning="`data_variations` makes the observation of a variation of a sample in place of its nominal.",
            remedy="No action is needed for pseudo-data; leave `data_variations` out for data.",
        ),
        "empty-column": Code(
            severities=(Severity.ERROR, Severity.WARNING, Severity.NOTICE),
            meaning="The rate of a column is 0, so that Combine leaves this process out of the channel. With "
            '`empty_process="drop"` the card has no such column, a notice; with `"error"` it is an error.',
            remedy="Check the selection and the samples of the process, or leave the process out of this category.",
        ),
        "empty-dataset": Code(
            severities=_NOTICE,
            meaning="A dataset has no event in `cutflow['presel']` and is skipped.",
            remedy="No action is needed if no event of the dataset is expected to pass the preselection.",
        ),
        "empty-histogram": Code(
            severities=_WARNING,
            meaning="The nominal histogram of a dataset is empty in this category, while the cutflow counts events of "
            "the dataset there: its events are missing in the card.",
            remedy="Check that the histogram was filled, and that its axis covers the events.",
        ),
        "empty-variation": Code(
            severities=(Severity.ERROR, Severity.WARNING),
            meaning="The Up or the Down template of a column has no positive integral, at which Combine stops with "
            '"Bogus norm": the effect on this column is left out. With `empty_variation="nominal"` the nominal stands '
            'in its place; with `"error"` it is an error.',
            remedy="Leave the column out of the declaration, or declare a factor on its yield instead of a shape.",
        ),
        "fallback": Code(
            severities=_NOTICE,
            meaning="Only some datasets of a column have a variation: the nominal of the remaining datasets stands in.",
            remedy="No action is needed if the variation does not apply to these datasets; otherwise produce it for "
            "them.",
        ),
        "fallback-share": Code(
            severities=_ERROR,
            meaning="In more datasets of a process than the policy `max_fallback` allows, the nominal stands for the "
            "variations of a nuisance.",
            remedy="Produce the variations, take the years without them out of the declaration, or raise the limit.",
        ),
        "flow-folded": Code(
            severities=_NOTICE,
            meaning='With `flow="fold"`, content outside the bins is added to the first and the last bin.',
            remedy="No action is needed.",
        ),
        "flow-lost": Code(
            severities=(Severity.ERROR, Severity.WARNING, Severity.NOTICE),
            meaning="A nominal template has content in the underflow or overflow bin, which is not in the card: a "
            "warning above 1 % of the yield, a notice below. Content outside the bins is an error with "
            '`flow="error"`, also of a variation, and with `flow="fold"` for bins with labels.',
            remedy="Widen `bins_edges` or the axis to keep these events, or add them to the outer bins with "
            '`flow="fold"`.',
        ),
        "fraction": Code(
            severities=_NOTICE,
            meaning="A nuisance carries a part of the uncertainty of its declaration: factors are raised to the power "
            "of this part, and templates have this part of the difference from the nominal.",
            remedy="No action is needed: `correlate` declares it, or the argument `fraction`.",
        ),
        "infinite-edge": Code(
            severities=(Severity.ERROR, Severity.NOTICE),
            meaning="The first or the last bin of the histograms reaches to infinity, which is impossible in a file of "
            "ROOT: an error, or a notice if `bins_edges` has a finite edge in its place.",
            remedy="In `bins_edges`, write a finite number in the place of the infinite edge; the content is the same.",
        ),
        "labels-matched": Code(
            severities=_NOTICE,
            meaning="The datasets of a channel have the labels of its bins in different orders, or not all of them: "
            "bins are matched by label.",
            remedy="No action is needed.",
        ),
        "missing-card": Code(
            severities=_WARNING,
            meaning="The script that combines cards names a file that is not there.",
            remedy="Write the card to that place before the script runs, or give its path relative to `directory`.",
        ),
        "mixed-kinds": Code(
            severities=_WARNING,
            meaning="One parameter is lnN in some channels and a shape in others: cards that are joined have one row "
            "`shape?`.",
            remedy="Declare one kind for it, or two names; no action is needed if the templates are missing on purpose "
            "where it is lnN.",
        ),
        "negative-bins": Code(
            severities=(Severity.ERROR, Severity.WARNING, Severity.NOTICE),
            meaning="A template has bins below 0 that are kept or refused, as the policy `negative_bins` declares: an "
            "error where they are refused, or where the integral of a nominal is below 0; otherwise a warning for a "
            "nominal template, a notice for an Up or Down template.",
            remedy="Choose wider bins, or produce more events where weights are negative.",
        ),
        "negative-data": Code(
            severities=_ERROR,
            meaning="A bin of the data is below 0, and no `negative_bins` is declared for the card.",
            remedy="Check the samples of the data process and their weights: data are counts. For data made of "
            "simulation, declare `negative_bins`.",
        ),
        "no-background": Code(
            severities=(Severity.ERROR, Severity.WARNING),
            meaning="No background of the channel has any yield, and Combine refuses such a channel: an error if "
            "backgrounds are declared, a warning for a card of signals alone, which other cards may complete.",
            remedy="Check the selection of the category, and that `is_signal=False` is set for the backgrounds.",
        ),
        "no-column": Code(
            severities=_NOTICE,
            meaning="None of the years of a process is in the card: the process has no column there.",
            remedy="No action is needed if the process is meant for the cards of other years.",
        ),
        "no-data": Code(
            severities=_WARNING,
            meaning="The card has simulation for a year for which the data process is not declared.",
            remedy="Add the year to the `years` of the data process, or leave it out of the card.",
        ),
        "no-dataset": Code(
            severities=_WARNING,
            meaning="A sample has no dataset in a year for which its process is declared.",
            remedy="Add the missing dataset to the output, or take the year out of the process.",
        ),
        "no-effect": Code(
            severities=_NOTICE,
            meaning="A systematic covers no column of this card, or its kind makes no effect on the columns that it "
            "covers: the card has no row for it.",
            remedy="No action is needed if the systematic is meant for other categories or years.",
        ),
        "no-mcstat": Code(
            severities=_NOTICE,
            meaning="A process has `mcstat=False`: its statistical errors are set to 0, and autoMCStats has no "
            "parameters for it.",
            remedy="No action is needed: the declaration asks for it.",
        ),
        "no-shift": Code(
            severities=(Severity.WARNING, Severity.NOTICE),
            meaning="The Up and the Down template of a column equal the nominal in all bins, although datasets have "
            "the variations: a warning if it is so in all columns of the nuisance, otherwise a notice.",
            remedy="Check that the variation was filled with its weight or its objects. No action is needed for a "
            "column of few events, none of which the shift moves to another bin.",
        ),
        "no-signal": Code(
            severities=_WARNING,
            meaning="No process of the card is a signal, and Combine accepts the card only together with another one "
            "that has a signal.",
            remedy="Combine the card with that of a signal region, or set `is_signal=True` for a process.",
        ),
        "no-systematic": Code(
            severities=_NOTICE,
            meaning="No systematic of the card is declared for some columns: a fit takes their yields as exact, apart "
            "from free parameters and the statistics of the simulation.",
            remedy="Add the processes and years to the systematics that apply to them.",
        ),
        "no-variances": Code(
            severities=_NOTICE,
            meaning="The storage of a histogram keeps no variances. Whole numbers are taken as counts, whose variances "
            "are equal to them; other variances are set to 0, because no declaration of the card needs them.",
            remedy="Fill with `storage=hist.storage.Weight()` if plots are to show the statistical uncertainty.",
        ),
        "no-variation": Code(
            severities=_WARNING,
            meaning="No dataset of a column has a variation that a systematic reads, or it was not computed in this "
            "category: the nominal stands in, so that the nuisance has no effect there, or too small an effect.",
            remedy="Correct the name with `coffea_name_alias`, produce the variation, or restrict the systematic to "
            "the processes and years that have it.",
        ),
        "not-shape-only": Code(
            severities=_WARNING,
            meaning="With `shape_only_for_rateparam`, the total of a variation or of its nominal is not positive: the "
            "variation cannot be scaled and keeps its normalisation.",
            remedy="Check the variation, or leave the process out of the systematic.",
        ),
        "nuisance-edit": Code(
            severities=_WARNING,
            meaning="A line of a directive tells Combine to change or drop nuisances, so that it does not fit what "
            "their rows in the card say.",
            remedy="Declare the nuisances as they are meant, or accept the finding with a reason.",
        ),
        "orphan-dataset": Code(
            severities=_WARNING,
            meaning="A sample has histograms of a dataset that no data-taking period lists: they are in no card.",
            remedy="Run the postprocessing for this dataset again, so that `datasets_metadata` lists it.",
        ),
        "other-constraint": Code(
            severities=_WARNING,
            meaning="One parameter has different kinds, or different starts and ranges, in several channels: Combine "
            "refuses such cards when they are joined, or takes the first of them.",
            remedy="Give the parameter one kind, or two names.",
        ),
        "overlapping-samples": Code(
            severities=_WARNING,
            meaning="The samples of the card have more events of their datasets than the cutflow counts there: they "
            "overlap, as an inclusive subsample and a part of it do, and events count more than once.",
            remedy="Use subsamples that exclude each other, or the inclusive one alone.",
        ),
        "own-lines": Code(
            severities=_NOTICE,
            meaning="A subclass of Datacard writes a section of the card itself and leaves out lines that the "
            "declarations make.",
            remedy="No action is needed if that is meant; begin with super().…_section() to keep the lines.",
        ),
        "partial-variation": Code(
            severities=_WARNING,
            meaning="A dataset has only some of the variations that a nuisance is made of: its nominal stands in for "
            "the missing ones, so that the nuisance is too small.",
            remedy="Produce the missing variations for this dataset.",
        ),
        "rateparam-on-signal": Code(
            severities=_WARNING,
            meaning="`has_rateParam=True` is set for a signal, where it has no effect: the signal strength `r` scales "
            "signals already.",
            remedy="Leave `has_rateParam` out of this process, or set `shape_only_for_rateparam=True`, which scales "
            "its shapes.",
        ),
        "renamed-bin": Code(
            severities=_NOTICE,
            meaning="Combine does not accept the category as part of a bin's name: it has other characters there, or "
            "`bin_` before it.",
            remedy="No action is needed; `bin_name` chooses another name.",
        ),
        "repeated-events": Code(
            severities=_WARNING,
            meaning="More events of a dataset were processed, by `cutflow['initial']`, than its metadata say that it "
            "has: outputs were merged twice, or jobs overlap, and yields or their normalisation count events again.",
            remedy="Merge each job's output once. If the dataset has grown since its metadata were written, accept the "
            "code.",
        ),
        "rounded-data": Code(
            severities=_NOTICE,
            meaning="The data process has `round_counts=True`: its bins are rounded to whole events.",
            remedy="No action is needed: an observation made of simulation is rounded on request.",
        ),
        "signal-and-background": Code(
            severities=_WARNING,
            meaning="One process is a signal in some channels and a background in others, which Combine refuses in "
            "joined cards.",
            remedy="Declare the process alike in all channels, or give it two names.",
        ),
        "similar-names": Code(
            severities=(Severity.WARNING, Severity.NOTICE),
            meaning="Two parameters have names that differ in case alone, a warning, or in a letter while no column "
            "has both, a notice: they are not correlated.",
            remedy="Give both one name if they are one uncertainty; otherwise no action is needed.",
        ),
        "unblinded": Code(
            severities=_NOTICE,
            meaning="The data of a category that is declared blind are shown, because `--unblind`, `unblinded()` or "
            "`lifted=True` asks for it; the card has a comment that says so.",
            remedy="No action is needed if the analysis may look at its data.",
        ),
        "undescribed-name": Code(
            severities=_WARNING,
            meaning="A nuisance has a name that belongs to one analysis, and no convention describes it.",
            remedy="Describe the name in a file that `datacard names --make-template` begins, and give it with "
            "`--conventions`.",
        ),
        "unknown-name": Code(
            severities=_WARNING,
            meaning="No convention for names has the name of a nuisance.",
            remedy="Give the nuisance a common name with `datacard_name` or `names`, or describe its name in the "
            "project's convention.",
        ),
        "unknown-parameter": Code(
            severities=_WARNING,
            meaning="A `constr` or `flatParam` names a parameter that no line of the card defines.",
            remedy="No action is needed if a physics model of Combine makes it; otherwise correct the name.",
        ),
        "unknown-process": Code(
            severities=_WARNING,
            meaning="A systematic names a process that is not declared, and that is no misspelling of one that is: the "
            "systematic has no effect there.",
            remedy="No action is needed if the systematic serves the cards of several regions; otherwise correct the "
            "name.",
        ),
        "unused-acceptance": Code(
            severities=_WARNING,
            meaning="An entry of what `check` accepts takes no finding.",
            remedy="Remove the entry, or correct its code and names.",
        ),
        "unused-data": Code(
            severities=_NOTICE,
            meaning="The output has a sample of observed data that the data process does not have.",
            remedy="Add the sample to the `samples` of the data process, if the selection takes events from it.",
        ),
        "unused-parameter": Code(
            severities=_WARNING,
            meaning="A `param` defines a parameter that no formula, `rateParam` or `extArg` of the card uses.",
            remedy="Give it the name of the parameter that it is to constrain, or leave it out.",
        ),
        "unused-sample": Code(
            severities=_NOTICE,
            meaning="The output has a simulated sample that no process has.",
            remedy="Declare a process for it, or no action if it is meant for other uses.",
        ),
        "unused-variation": Code(
            severities=_NOTICE,
            meaning="The output has a variation that no systematic reads.",
            remedy="Declare a shape for it, or no action if it is meant for other uses.",
        ),
    }
)
"""Codes of the findings that the core makes; plugins declare those of their checks in `Check.codes`."""
