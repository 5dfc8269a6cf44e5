"""The demo's appropriateness test: published by two people, answered by clients, with each end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from backoffice.core.clock import today
from backoffice.core.context import Actor, ActorKind
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import versions as kit
from backoffice.workflow.approvals import approval_approve, pending_for
from clients.models import Category, Client
from clients.states import ClientState
from kyc.categories.services import KIND as CATEGORY
from kyc.categories.services import category_propose
from kyc.categories.states import Basis, Criterion
from kyc.questionnaires import versions
from kyc.questionnaires.filling import (
    filling_begin,
    filling_link,
    filling_submit,
    page_save,
    warning_confirm,
)
from kyc.questionnaires.models import Questionnaire
from kyc.questionnaires.rules import page_after, page_open, page_visible
from kyc.questionnaires.shape import (
    YES_WORDS,
    Condition,
    Form,
    Kind,
    Option,
    Passing,
    Question,
    Test,
)
from kyc.questionnaires.states import FillingState, Outcome
from kyc.states import CaseState
from operations.demo import Demo, step
from trading.leverage.control import control_run

NAME = "Appropriateness test"
_S, _Y = Kind.ONE, Kind.YES_NO


def _one(code: str, english: str, german: str, *answers: tuple[str, str, int]) -> Question:
    options = tuple(
        Option(f"a{number}", {"en": en, "de": de}, score)
        for number, (en, de, score) in enumerate(answers, 1)
    )
    return Question(code, _S, {"en": english, "de": german}, options=options)


def _yes_no(code: str, english: str, german: str, score: int, **more: object) -> Question:
    yes, no = ({"en": YES_WORDS["en"][n], "de": YES_WORDS["de"][n]} for n in (0, 1))
    options = (Option("yes", yes, score), Option("no", no))
    return Question(code, _Y, {"en": english, "de": german}, options=options, **more)  # type: ignore[arg-type]


def _numbers(
    code: str, english: str, german: str, *floors: tuple[int, int], **more: object
) -> Question:
    options = tuple(
        Option(f"a{n}", {}, score, Decimal(floor)) for n, (floor, score) in enumerate(floors, 1)
    )
    kind = Kind.BAND if "currency" in more else Kind.NUMBER
    return Question(code, kind, {"en": english, "de": german}, options=options, **more)  # type: ignore[arg-type]


def _head(question: Question, english: str, german: str) -> Question:
    return replace(question, section={"en": english, "de": german})


def test_form(currency: str) -> Form:
    """Knowledge and experience as MiFID II, article 25(3), has them asked for complex products."""
    traded = Condition("q1", ("yes",))
    return Form(
        title={"en": "Is this product right for you?", "de": "Passt dieses Produkt zu Ihnen?"},
        languages=("en", "de"),
        intro={
            "en": "We have to ask what you know of contracts for difference (CFDs) and currencies "
            "before you trade them. There is no fee and no time limit.",
            "de": "Wir müssen fragen, was Sie über Differenzkontrakte (CFDs) und Währungen wissen, "
            "bevor Sie damit handeln. Es kostet nichts und hat keine Frist.",
        },
        questions=(
            _head(
                _yes_no(
                    "q1",
                    "Have you traded CFDs or currencies on margin with your own money?",
                    "Haben Sie mit eigenem Geld CFDs oder Währungen auf Hebel gehandelt?",
                    4,
                ),
                "Your experience",
                "Ihre Erfahrung",
            ),
            _numbers(
                "q2",
                "How many such trades did you make in the last twelve months?",
                "Wie viele solche Geschäfte waren es in den letzten zwölf Monaten?",
                (0, 0),
                (10, 2),
                (40, 4),
                low=Decimal(0),
                high=Decimal(100_000),
                condition=traded,
            ),
            _numbers(
                "q3",
                "How large was such a trade, as a rule?",
                "Wie groß war ein solches Geschäft in der Regel?",
                (0, 0),
                (1_000, 1),
                (10_000, 3),
                currency=currency,
                condition=traded,
            ),
            _one(
                "q4",
                "Do you work, or did you within three years, where such products are dealt with?",
                "Arbeiten Sie, oder in den letzten drei Jahren, wo man mit solchen Produkten "
                "zu tun hat?",
                ("Yes, in a role that needs this knowledge", "Ja, mit diesem Wissen im Beruf", 4),
                ("Yes, in another role", "Ja, in einer anderen Rolle", 1),
                ("No", "Nein", 0),
            ),
            _head(
                _one(
                    "q5",
                    "You open a position of 30,000 with 1,000 of margin. What is the leverage?",
                    "Sie eröffnen eine Position von 30.000 mit 1.000 Sicherheit. Wie hoch ist der "
                    "Hebel?",
                    ("1:3", "1:3", 0),
                    ("1:30", "1:30", 3),
                    ("1:300", "1:300", 0),
                    ("I don't know", "Ich weiß es nicht", 0),
                ),
                "What you know",
                "Was Sie wissen",
            ),
            _one(
                "q6",
                "What happens when your margin level falls to the stop-out level?",
                "Was geschieht, wenn Ihre Margin auf das Stop-out-Niveau fällt?",
                (
                    "Positions are closed, beginning with the largest loss",
                    "Positionen werden geschlossen, die mit dem größten Verlust zuerst",
                    3,
                ),
                ("The broker lends me the rest", "Der Broker leiht mir den Rest", 0),
                ("Nothing, until I close them", "Nichts, bis ich sie schließe", 0),
            ),
            _yes_no(
                "q7",
                "Can you lose all the money that you deposit?",
                "Können Sie alles verlieren, was Sie einzahlen?",
                3,
            ),
            Question(
                "q8",
                Kind.SEVERAL,
                {
                    "en": "Which costs can a position have that stays open over night?",
                    "de": "Welche Kosten kann eine Position über Nacht haben?",
                },
                help={"en": "Several may be right.", "de": "Mehrere können richtig sein."},
                options=(
                    Option("a1", {"en": "Spread", "de": "Spread"}, 1),
                    Option("a2", {"en": "Swap", "de": "Swap"}, 2),
                    Option("a3", {"en": "Stamp duty on a share", "de": "Stempelsteuer"}, -1),
                ),
            ),
            Question(
                "q9",
                Kind.TEXT,
                {
                    "en": "Is there anything else that we should know?",
                    "de": "Gibt es sonst etwas, das wir wissen sollten?",
                },
                required=False,
            ),
        ),
        test=Test(
            passing=(
                Passing(0, Outcome.BLOCK, {
                    "en": "By your answers this product is not appropriate for you, so no live "
                    "account can be opened. A demo account is yours to practise; you can take the "
                    "test again after three days.",
                    "de": "Nach Ihren Antworten passt dieses Produkt nicht zu Ihnen; ein Livekonto "
                    "kann nicht eröffnet werden. Üben Sie auf einem Demokonto; in drei Tagen "
                    "können Sie den Test wiederholen.",
                }),
                Passing(6, Outcome.WARN, {
                    "en": "By your answers this product may not be appropriate for you: you may "
                    "not know enough of its risks. If you go on, you do so against this warning.",
                    "de": "Nach Ihren Antworten passt dieses Produkt vielleicht nicht zu Ihnen: "
                    "Sie kennen seine Risiken womöglich nicht genug. Wenn Sie weitermachen, dann "
                    "trotz dieser Warnung.",
                }),
                Passing(11, Outcome.CAP, {
                    "en": "You may trade, with a leverage of at most 1:10 for now.",
                    "de": "Sie können handeln, vorerst mit einem Hebel von höchstens 1:10.",
                }),
                Passing(16, Outcome.ALLOW, {
                    "en": "You may trade. Thank you for your answers.",
                    "de": "Sie können handeln. Danke für Ihre Antworten.",
                }),
            ),
            attempts=3,
            period_days=365,
            cooling_hours=72,
            leverage_max=10,
        ),
        asked=((2, "person"),),
    )  # fmt: skip


KNOWS = {"q5": "a2", "q6": "a1", "q7": "yes", "q8": ("a1", "a2")}
REVIEWED = (CaseState.IN_REVIEW, CaseState.ESCALATED, CaseState.INFO_REQUESTED)
# What somebody answers: well, of little experience, of none at all.
GOOD = {"q1": "yes", "q2": "55", "q3": "a2", "q4": "a2", **KNOWS}
SOME = {"q1": "no", "q4": "a2", **KNOWS}
LITTLE = {"q1": "no", "q4": "a3", "q5": "a2", "q6": "a1", "q7": "yes", "q8": ("a2", "a3")}
NONE = {"q1": "no", "q4": "a3", "q5": "a4", "q6": "a2", "q7": "no", "q8": ("a3",)}


@step("questionnaires", 94, opens_scope=True)
def questionnaires(actor: Actor, demo: Demo) -> None:
    """One test, published this week. Clients with a case have answered it but for one; of those who
    came last one was warned, one capped, one blocked, and one is at it."""
    with tenant_scope(actor.tenant_id, actor):
        if Questionnaire.objects.filter(tenant_id=actor.tenant_id).exists():
            return
        rows = Client.objects.filter(tenant_id=actor.tenant_id, kind="person")
        active = list(rows.filter(level__gte=2, state=ClientState.ACTIVE).order_by("-id")[:5])
        waiting = list(rows.filter(kyc_cases__state__in=REVIEWED).order_by("id"))
    questionnaire = publish(demo)
    for client, said in zip(active, (GOOD, SOME, LITTLE, NONE), strict=False):
        _answer(client, questionnaire, said)
    for client in waiting[1:]:
        _answer(client, questionnaire, GOOD)
    if len(active) == 5:
        _begin(demo, active[4], questionnaire)
        _professional(demo, active[0])
    control_run(actor)


def publish(demo: Demo) -> Questionnaire:
    """Written by the compliance officer, published by the MLRO."""
    writer, second = demo.actors["compliance"], demo.actors["mlro"]
    with tenant_scope(writer.tenant_id, writer):
        form = test_form(demo.tenant.base_currency)
        row = versions.questionnaire_make(actor=writer, name=NAME, form=form)
        versions.version_change(
            actor=writer, pk=row.pk, edition=1, form=form, what="its note",
            note="The first test: knowledge, experience, four ends.",
        )  # fmt: skip
        approval = kit.propose(versions.TRACK, actor=writer, pk=row.pk)
    with tenant_scope(second.tenant_id, second):
        approval_approve(actor=second, approval=approval)
    return row.questionnaire


def client_actor(client: Client) -> Actor:
    """As who opens a link."""
    ref = f"client:{client.reference}"
    return Actor(ActorKind.CLIENT, ref, client.name, client.tenant_id or 0)


def _answer(
    client: Client, questionnaire: Questionnaire, said: Mapping[str, str | Sequence[str]]
) -> None:
    """The client answers page by page on a link; a warning is confirmed."""
    actor = client_actor(client)
    with tenant_scope(actor.tenant_id, actor):
        filling = filling_begin(actor=actor, client=client, questionnaire=questionnaire)
        form = versions.form_of(filling.version)
        number: int | None = page_open(form, {})
        while number is not None:
            typed = {
                each.code: [given] if isinstance(given, str) else list(given)
                for each in page_visible(form, filling.answers, number)
                if (given := said.get(each.code, ""))
            }
            filling, _ = page_save(actor=actor, filling=filling, number=number, typed=typed)
            number = page_after(form, filling.answers, number)
        filling_submit(actor=actor, filling=filling)
        filling.refresh_from_db()
        if filling.state == FillingState.WARNED:
            warning_confirm(actor=actor, filling=filling)


def _begin(demo: Demo, client: Client, questionnaire: Questionnaire) -> None:
    """A link is out, and the first page was answered."""
    staff = demo.actors["compliance"]
    with tenant_scope(staff.tenant_id, staff):
        filling_link(actor=staff, client=client, questionnaire=questionnaire)
    actor = client_actor(client)
    with tenant_scope(actor.tenant_id, actor):
        filling = filling_begin(actor=actor, client=client, questionnaire=questionnaire)
        page_save(actor=actor, filling=filling, number=0, typed={"q1": ["yes"]})


def _professional(demo: Demo, client: Client) -> None:
    """Who answered well asked to be professional, and showed two things of three."""
    first, second = demo.actors["compliance"], demo.actors["mlro"]
    with tenant_scope(first.tenant_id, first):
        row = category_propose(
            actor=first,
            client=client,
            category=Category.PROFESSIONAL,
            basis=Basis.ON_REQUEST,
            shown=[Criterion.TRADES, Criterion.PORTFOLIO],
            evidence=[paper.pk for paper in client.documents.all()],
            reason="Asked in writing; statements of two other brokers were looked at.",
            asked_on=today(demo.tenant.timezone),
        )
        approval = pending_for(first, row.pk, CATEGORY)
    assert approval is not None
    with tenant_scope(second.tenant_id, second):
        approval_approve(actor=second, approval=approval)
