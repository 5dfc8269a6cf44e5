"""Audit codes of screening and monitoring. What monitoring does is discreet (tipping-off)."""

from backoffice.audit.actions import Action, declare

LIST_IMPORTED = Action(
    "compliance.list_imported",
    "imported {subject}: {entities} entities, {added} new, {changed} changed, {removed} gone",
)
HIT_FOUND = Action(
    "compliance.hit_found", "found {client} like an entry of {list}: {subject}", ("name",)
)
HIT_REOPENED = Action("compliance.hit_reopened", "opened {subject} again: {why}")
HIT_GONE = Action("compliance.hit_gone", "closed {subject}: it matches no longer")
HIT_PROPOSED = Action("compliance.hit_proposed", "proposed for {subject}: {verdict} ({reason})")
HIT_DECIDED = Action("compliance.hit_decided", "decided {subject}: {verdict} ({reason})")
HIT_SENT_BACK = Action("compliance.hit_sent_back", "sent {subject} back: {reason}")
SCREENED_ALL = Action(
    "compliance.screened_all", "screened {screened} clients again after {why}: {hits} hits"
)
ALERT_RAISED = Action("compliance.alert_raised", "raised {subject} ({code})", discreet=True)
ALERT_TAKEN = Action("compliance.alert_taken", "began to review {subject}", discreet=True)
ALERT_DECIDED = Action(
    "compliance.alert_decided", "decided {subject}: {verdict} ({reason})", discreet=True
)
ALERT_SNOOZED = Action(
    "compliance.alert_snoozed",
    "silenced {code} for {client} until {until}: {reason}",
    discreet=True,
)
SCENARIO_PROPOSED = Action(
    "compliance.scenario_proposed", "proposed {code} version {version}: {reason}", discreet=True
)
SCENARIO_MOVED = Action(
    "compliance.scenario_moved", "made {code} version {version} {state}", discreet=True
)
MONITORED = Action(
    "compliance.monitored", "ran the scenarios as of {as_of}: {raised} alerts", discreet=True
)
RELEASED = Action("compliance.released", "released {subject}: {reason}", discreet=True)
RISK_MODEL_WRITTEN = Action("compliance.risk_model_written", "wrote {subject}: {note}")
RISK_MODEL_TRIED = Action("compliance.risk_model_tried", "tried {subject} on every client")
RISK_MODEL_PROPOSED = Action("compliance.risk_model_proposed", "proposed {subject}: {note}")
RISK_MODEL_SET = Action("compliance.risk_model_set", "put {subject} in force")
RISK_CHANGE_SEEN = Action(
    "compliance.risk_change_seen",
    "looked at the change of risk of {client}: {note}",
    discreet=True,
)
RISK_ASSESSED = Action("compliance.risk_assessed", "assessed {subject} again at {score}: {why}")

POLICY_PROPOSED = Action("compliance.policy_proposed", "proposed another way of screening")
POLICY_SET = Action("compliance.policy_set", "changed how clients are screened")

declare(
    POLICY_PROPOSED,
    POLICY_SET,
    LIST_IMPORTED,
    HIT_FOUND,
    HIT_REOPENED,
    HIT_GONE,
    HIT_PROPOSED,
    HIT_DECIDED,
    HIT_SENT_BACK,
    SCREENED_ALL,
    ALERT_RAISED,
    ALERT_TAKEN,
    ALERT_DECIDED,
    ALERT_SNOOZED,
    SCENARIO_PROPOSED,
    SCENARIO_MOVED,
    MONITORED,
    RELEASED,
    RISK_MODEL_WRITTEN,
    RISK_MODEL_TRIED,
    RISK_MODEL_PROPOSED,
    RISK_MODEL_SET,
    RISK_CHANGE_SEEN,
    RISK_ASSESSED,
)
