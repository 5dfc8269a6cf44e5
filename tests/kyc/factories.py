"""Cases on their way, for tests."""

from datetime import timedelta
from typing import Any

from backoffice.core.clock import today
from clients.documents import document_describe
from clients.models import Client
from kyc import reviews, services
from kyc.approvals import case_send, case_vote
from kyc.models import KycCase
from kyc.mrz import check_digit
from tests.clients.factories import make_document, make_lead
from tests.kyc.conftest import Brokerage


def hand_in(house: Brokerage, client: Client, *types: str) -> None:
    """Papers of the client, with dates that hold."""
    with house.as_("sam") as sam:
        for kind in types:
            document = make_document(sam, client, kind)
            document_describe(
                actor=sam,
                document=document,
                number=f"{kind}-{client.reference}",
                issued_on=today() - timedelta(days=30),
                expires_on=today() + timedelta(days=900) if kind == "passport" else None,
            )


def submitted(house: Brokerage, level: int = 1, **particulars: Any) -> KycCase:
    """A case for ``level`` whose papers are in and whose checks have been asked."""
    with house.as_("sam") as sam:
        client = make_lead(sam, **particulars)
    hand_in(house, client, "passport", *(["utility_bill"] if level >= 2 else []))
    with house.as_("carla") as carla:
        case = services.case_open(actor=carla, client=client, level=level)
        return services.case_submit(actor=carla, case=case)


def in_review(house: Brokerage, level: int = 1, **particulars: Any) -> KycCase:
    case = submitted(house, level, **particulars)
    house.work()
    return fresh(house, case)


def accept_all(house: Brokerage, case: KycCase, by: str = "carla") -> None:
    with house.as_(by) as actor:
        for document in case.client.documents.filter(state="uploaded"):
            reviews.document_decide(actor=actor, case=case, document=document, accepted=True)


def sent(house: Brokerage, level: int = 1, **particulars: Any) -> KycCase:
    """Waiting for the second pair of eyes; Carla was the first."""
    case = in_review(house, level, **particulars)
    accept_all(house, case)
    with house.as_("carla") as carla:
        return case_send(actor=carla, case=case)


def approved(house: Brokerage, level: int = 1, **particulars: Any) -> KycCase:
    case = sent(house, level, **particulars)
    with house.as_("miles") as miles:
        row, _ = case_vote(actor=miles, case=case, approves=True)
    return row


def fresh(house: Brokerage, case: KycCase) -> KycCase:
    with house.as_("carla"):
        return KycCase.objects.select_related("client", "level").get(pk=case.pk)


def passport_zone(number: str, digit: str = "", state: str = "UTO") -> str:
    """A TD3 zone with right digits, but for the number's when one is given."""
    state = state.ljust(3, "<")
    digit = digit or check_digit(number)
    second = f"{number.ljust(9, '<')}{digit}{state}7408122F3204153".ljust(43, "<")
    whole = check_digit(second[:10] + second[13:20] + second[21:43])
    return f"P<{state}ERIKSSON<<ANNA".ljust(44, "<") + f"\n{second}{whole}"
