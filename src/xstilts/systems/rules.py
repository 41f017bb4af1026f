"""How each form of a step is run: the table that the executor looks into.

A rule takes the senses, the values of the form's slots, and the values of the step's inputs; it gives what the form
says that it gives, or raises `StepFailed`. The modules are those of Mod-Zero-VQA (Cao & Jiang, Findings of ACL 2023),
with scores in place of its calls to pretrained models: perception makes these beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xstilts.systems import answering, finding, judging
from xstilts.systems.values import Value

RULES: Mapping[str, Callable[..., Value]] = {
    "select": finding.select,
    "relate subject": finding.relate_subject,
    "relate object": finding.relate_object,
    "relate any subject": finding.relate_any_subject,
    "relate any object": finding.relate_any_object,
    "relate same": finding.relate_same,
    "filter": finding.filter_,
    "filter not": finding.filter_not,
    "filter position": finding.filter_position,
    "exist": judging.exist,
    "verify": judging.verify,
    "verify position": judging.verify_position,
    "verify subject": judging.verify_subject,
    "verify object": judging.verify_object,
    "and": judging.and_,
    "or": judging.or_,
    "same": judging.same,
    "different": judging.different,
    "all same": judging.all_same,
    "all different": judging.all_different,
    "common": answering.common,
    "choose more": answering.choose_more,
    "compare": judging.compare,
    "choose": answering.choose,
    "choose position": answering.choose_position,
    "choose name": answering.choose_name,
    "choose subject": answering.choose_subject,
    "choose object": answering.choose_object,
    "choose between": answering.choose_between,
    "query name": answering.query_name,
    "query": answering.query,
    "query position": answering.query_position,
    "count": answering.count,
}
