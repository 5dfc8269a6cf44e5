"""A brokerage's day in the browser, from a new client to the verified audit trail, by the people
who do it. The same steps are the tour in the README."""

import re
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.day import facts, specialist
from tests.day.people import People, people_of
from tests.day.product import Product

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

# Like an entry of the demo's watch list, and someone else: born in another year.
GIVEN, SURNAME, BORN = "Hugo", "Marchetti", "1991-05-02"
NAME = f"{GIVEN} {SURNAME}"
SLOW_MS = 45_000  # what the sandbox or a timetable takes
LOOKS = 12


@dataclass
class Day:
    """What the steps hand on."""

    people: People
    folder: Path
    client_url: str = ""
    login: str = ""


def _go(page: Page, entry: str) -> None:
    """By the navigation; a queue's line has its number behind the name."""
    page.goto("/")
    entered = re.compile(rf"^\s*{entry}\s*[\d,+]*\s*$")
    page.locator("nav.side a.side-link").filter(has_text=entered).click()


def _tab(page: Page, day: Day, name: str) -> None:
    page.goto(day.client_url)
    page.locator(".tab-line a").filter(has_text=name).click()


def _link(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


def _state(page: Page, word: str) -> None:
    """The badge at the head says so; pages that wait for the machine follow by themselves."""
    badge = page.locator("#page .state").filter(has_text=re.compile(rf"^\s*{word}\s*$")).first
    expect(badge).to_be_visible(timeout=SLOW_MS)


def _look_until(page: Page, there: Locator) -> None:
    """Open the page anew until something that a timetable brings has come."""
    for _ in range(LOOKS):
        try:
            expect(there).to_be_visible(timeout=SLOW_MS / LOOKS)
        except AssertionError:
            page.reload()
        else:
            return
    expect(there).to_be_visible()


def _picture(folder: Path, name: str) -> Path:
    shot = BytesIO()
    Image.new("RGB", (900, 600), "#dfe7ef").save(shot, "JPEG")
    path = folder / name
    path.write_bytes(shot.getvalue())
    return path


# 1. Client in


def client_in(day: Day) -> None:
    olivia, client = day.people.at("operations"), day.people.stranger()
    _go(olivia, "Clients")
    _link(olivia, "New client")
    for label, text in (
        ("Given names", GIVEN),
        ("Surname", SURNAME),
        ("E-mail", "hugo.marchetti@mail.example"),
        ("Date of birth", BORN),
        ("Address", "Invalidenstr. 4, 10115 Berlin"),
    ):
        olivia.get_by_label(label).fill(text)
    olivia.get_by_label("Nationality").select_option(label="Italy")
    olivia.get_by_label("Residence").select_option(label="Germany")
    _press(olivia, "Create the client")
    expect(olivia.get_by_role("heading", name=NAME)).to_be_visible()
    day.client_url = olivia.url
    _link(olivia, "No documents yet")
    _link(olivia, "Ask the client")
    olivia.get_by_label("Utility bill").check()
    _press(olivia, "Make the link")
    shown = olivia.get_by_text(re.compile(r"/upload/")).first.inner_text()
    address = re.search(r"https?://\S+/upload/\S+", shown)
    assert address is not None
    client.goto(address.group())
    for kind in ("Passport", "Utility bill"):
        client.get_by_label("Which document is it?").select_option(label=kind)
        client.set_input_files("input[type=file]", _picture(day.folder, f"{kind}.jpg"))
        _press(client, "Send the file")
        expect(client.get_by_text(f"Your file came in: {kind}")).to_be_visible()
    _link(olivia, "Done")
    _link(olivia, "Upload")
    olivia.get_by_label("Document", exact=True).select_option(label="Identity card")
    olivia.set_input_files("input[type=file]", _picture(day.folder, "card.jpg"))
    _press(olivia, "Upload")
    expect(olivia.locator("tr[data-row]")).to_have_count(3)


# 2. KYC


def kyc_submitted(day: Day) -> None:
    olivia = day.people.at("operations")
    olivia.goto(day.client_url)
    _link(olivia, "KYC has not begun")
    olivia.get_by_label("Level", exact=True).select_option(label="2 Verified")
    _press(olivia, "Open the case")
    expect(olivia.get_by_role("button", name="Submit")).to_be_visible()
    _test_answered(day)
    _press(olivia, "Submit")
    _state(olivia, "Escalated")


def _test_answered(day: Day) -> None:
    """The level asks for the appropriateness test: the client takes it on a link."""
    olivia, client = day.people.at("operations"), day.people.stranger()
    _link(olivia, "Ask the client")
    _press(olivia, "Make the link")
    shown = olivia.get_by_text(re.compile(r"/questions/")).first.inner_text()
    address = re.search(r"https?://\S+/questions/\S+", shown)
    assert address is not None
    client.goto(address.group())
    for answers in (
        ("Yes",),
        ("1,000 to 10,000 EUR", "Yes, in another role"),
        ("1:30", "Positions are closed, beginning with the largest loss", "Yes"),
    ):
        if len(answers) == 2:
            client.get_by_label("How many such trades").fill("55")
        for answer in answers:
            client.get_by_role("radio", name=answer, exact=True).check()
        if len(answers) == 3:
            client.get_by_label("Spread").check()
            client.get_by_label("Swap").check()
        _press(client, "Save and go on")
    _press(client, "Send the answers")
    expect(client.get_by_text("Your answers came in.")).to_be_visible()
    _link(olivia, "Done")


def hit_decided(day: Day) -> None:
    carla, miles = day.people.at("compliance"), day.people.at("mlro")
    _go(carla, "Hits")
    carla.get_by_text(NAME).first.click()
    _link(carla, "Someone else")
    carla.get_by_label("The birth date is another one").check()
    _press(carla, "Someone else")
    expect(carla.get_by_text(": waits for a second pair of eyes")).to_be_visible()
    _go(miles, "Approvals")
    miles.get_by_role("link", name="someone else").first.click()
    expect(miles.get_by_text("someone who may “Decide hits on watch lists”")).to_be_visible()
    _press(miles, "Approve")
    expect(miles.get_by_text("someone else: approved.")).to_be_visible()


def kyc_decided(day: Day) -> None:
    carla, miles = day.people.at("compliance"), day.people.at("mlro")
    _go(carla, "KYC review")
    carla.locator("tr[data-row]").filter(has_text=NAME).get_by_role("link").first.click()
    page = carla.locator("#page")
    for decided in range(3):
        expect(page.get_by_text(f"{decided} of 3 documents decided")).to_be_visible()
        _press(carla, "Accept document")
    expect(page.get_by_text("3 of 3 documents decided")).to_be_visible()
    carla.get_by_role("navigation", name="Documents").get_by_text("Utility bill").click()
    carla.get_by_label("Issued on").fill(facts.days_ago(30))
    _press(carla, "Keep what is printed")
    # The case hears of the decided hit from a worker.
    _look_until(carla, carla.get_by_role("link", name="Return to review"))
    _link(carla, "Return to review")
    carla.get_by_label("Why").fill("The listed person is 22 years older.")
    _press(carla, "Return to review")
    _press(carla, "Send to approval")
    expect(carla.get_by_text("waits for the approval of a colleague")).to_be_visible()
    _go(miles, "KYC review")
    miles.locator("tr[data-row]").filter(has_text=NAME).get_by_role("link").first.click()
    case = miles.url
    _press(miles, "Approve at level 2")
    expect(miles.get_by_text("is approved.")).to_be_visible()
    # Whoever comes later is told what has become of it.
    carla.goto(case)
    _state(carla, "Approved")


# 3. Money in, and on to the trading server


def deposit_paid(day: Day) -> None:
    pavel, client = day.people.at("payments"), day.people.stranger()
    _tab(pavel, day, "Money")
    _link(pavel, "New deposit")
    pavel.get_by_label("Method").select_option(label="Card")
    pavel.get_by_label("Amount").fill("2000")
    _press(pavel, "Make the payment link")
    cashier = pavel.get_by_role("link", name="Open it").get_attribute("href")
    assert cashier is not None
    client.goto(cashier)
    client.get_by_label("Name on the card").fill(NAME)
    _press(client, "Pay 2,000.00 EUR")
    expect(client.get_by_text("The payment is made.")).to_be_visible()
    client.get_by_role("link", name="Back to the merchant").click()
    expect(client.get_by_role("heading", name="Thank you")).to_be_visible()
    _state(pavel, "Done")
    expect(pavel.get_by_role("cell", name="Client's wallet")).to_be_visible()


def account_funded(day: Day) -> None:
    pavel = day.people.at("payments")
    _tab(pavel, day, "Accounts")
    _link(pavel, "Open an account")
    pavel.get_by_label("Group").select_option(label="MT5 Live · real\\std-eur · EUR")
    _press(pavel, "Open the account")
    _state(pavel, "Trading")
    day.login = pavel.get_by_role("heading", level=1).inner_text().split()[0]
    _tab(pavel, day, "Money")
    _link(pavel, "New transfer")
    expect(pavel.get_by_label("To").locator("option:checked")).to_contain_text(day.login)
    pavel.get_by_label("Amount").fill("1500")
    _press(pavel, "Move it")
    _state(pavel, "Done")


def deals_synced(day: Day) -> None:
    pavel = day.people.at("payments")
    facts.trade(day.people.product, int(day.login))
    pavel.goto("/")
    _go(pavel, "Accounts")
    pavel.get_by_role("link", name=day.login).first.click()
    _look_until(pavel, pavel.locator("#page").get_by_text("EURUSD").first)


# 4. Partner paid, money out


def partner_paid(day: Day) -> None:
    igor, petra = day.people.at("partners"), day.people.at("lead")
    _go(igor, "Partners")
    igor.locator("tr[data-row]").last.get_by_role("link").first.click()
    _link(igor, "Propose payout")
    _press(igor, "Propose")
    expect(igor.get_by_text(re.compile("someone else decides")).first).to_be_visible()
    payout = igor.url
    _go(petra, "Partner payouts")
    petra.goto(payout)
    petra.get_by_role("button", name=re.compile("^Approve")).click()
    # What can't be taken back says in numbers what will happen, and asks once more.
    sure = petra.get_by_role("dialog")
    expect(sure).to_contain_text("to the wallet of")
    sure.get_by_role("button", name=re.compile("^Approve")).click()
    expect(petra.get_by_text(re.compile(r"is paid: \S+ EUR"))).to_be_visible()
    igor.goto(payout)
    _state(igor, "Paid")


def withdrawal_paid(day: Day) -> None:
    pavel, petra = day.people.at("payments"), day.people.at("lead")
    # The longest standing client; the list has more than a page of those who came since.
    pavel.goto("/clients/?q=Elena+Markou")
    pavel.get_by_role("link", name="Elena Markou").first.click()
    pavel.locator(".tab-line a").filter(has_text="Money").click()
    _link(pavel, "New withdrawal")
    pavel.get_by_label("Method").select_option(label="Card")
    pavel.get_by_label("To", exact=True).select_option(index=1)
    pavel.get_by_label("Amount").fill("640")
    _press(pavel, "Ask for it")
    _state(pavel, "Waits for a decision")
    withdrawal = pavel.url
    petra.goto(withdrawal)
    _link(petra, "Decide")
    approve = petra.get_by_role("button", name="Approve 640.00 EUR")
    # A second click of an impatient hand is no second approval, and no error.
    approve.dblclick()
    expect(petra.get_by_text("is approved and goes out")).to_be_visible()
    pavel.goto(withdrawal)
    _state(pavel, "Paid")


# 5. Books


def statement_matched(day: Day) -> None:
    pavel = day.people.at("payments")
    bank = pavel.context.new_page()
    bank.goto(facts.bank(day.people.product))
    house = bank.locator("section").filter(has_text="Aurora Markets").filter(has_text="EUR")
    house.get_by_label("From").fill(NAME)
    house.get_by_label("Amount").fill("750.00")
    house.get_by_label("Text").fill("my deposit")
    house.get_by_role("button", name="Pay in").click()
    with bank.expect_download() as download:
        house.get_by_role("link", name="camt.053").click()
    statement = day.folder / "statement.xml"
    download.value.save_as(statement)
    bank.close()
    _tab(pavel, day, "Money")
    _link(pavel, "New deposit")
    pavel.get_by_label("Method").select_option(label="Bank wire")
    pavel.get_by_label("Amount").fill("750")
    _press(pavel, "Make the payment link")
    deposit = pavel.url
    reference = pavel.get_by_role("heading", level=1).get_by_role("button").inner_text().strip()
    _go(pavel, "Statements")
    _link(pavel, "Import a statement")
    pavel.set_input_files("input[type=file]", statement)
    _press(pavel, "Import and match")
    expect(pavel.get_by_text("Adds up")).to_be_visible()
    _go(pavel, "Breaks")
    pavel.locator("tr[data-row]").filter(has_text="+750.00").get_by_role("link").first.click()
    form = pavel.locator("details[open]").filter(has_text="It is this payment")
    form.get_by_label("Our reference").fill(reference)
    form.get_by_label("How you know").fill("Payer and amount are the client's.")
    form.get_by_role("button", name="Match").click()
    pavel.goto(deposit)
    _state(pavel, "Done")


def gateway_settled(day: Day) -> None:
    """The cashier's report of today is the books' bookings, and what it kept is booked by two."""
    pavel, petra = day.people.at("payments"), day.people.at("lead")
    cashier = pavel.context.new_page()
    cashier.goto(facts.cashier(day.people.product))
    with cashier.expect_download() as download:
        cashier.get_by_role("link", name="Settlement report").first.click()
    given = day.folder / "cashier.csv"
    download.value.save_as(given)
    cashier.close()
    _go(pavel, "Gateway reports")
    _link(pavel, "Import a report")
    pavel.get_by_label("Gateway").select_option(label="Hosted cashier")
    pavel.set_input_files("input[type=file]", given)
    _press(pavel, "Import and match")
    _state(pavel, "Worked through")
    report = pavel.url
    expect(pavel.get_by_text("By reference and amount")).to_be_visible()
    pavel.get_by_role("button", name=re.compile(r"^Propose [\d,.]+ EUR")).click()
    expect(pavel.get_by_text("waits for a colleague's approval")).to_be_visible()
    petra.goto(report)
    _link(petra, "Open the approval")
    _press(petra, "Approve")
    petra.goto(report)
    expect(petra.get_by_text("What the gateway kept").locator("..")).to_contain_text("Booked")


def doubts_settled(day: Day) -> None:
    specialist.unknown_resolved(day.people)
    specialist.break_adjusted(day.people)


def report_signed(day: Day) -> None:
    mary = day.people.at("manager")
    _go(mary, "Client money")
    mary.locator("tr[data-row]").first.get_by_role("link").first.click()
    report = mary.url
    mary.get_by_label("Note").fill("Looked at; the shortfall is paid in from own funds today.")
    _press(mary, "Sign the report")
    _state(mary, "Signed")
    # The books know of no open position; a report of a night that we lived through counts them.
    labels = ("Client balances", "Open positions", "Below zero, counted as zero")
    rows = zip(*(_amounts(mary, label) for label in labels), strict=True)
    totals = [f"{balances - positions - zero:,.2f}" for balances, positions, zero in rows]
    for name, magic in (("Workbook", b"PK"), ("PDF", b"%PDF-")):
        link = mary.get_by_role("link", name=name).first
        _look_until(mary, link)
        with mary.expect_download() as download:
            link.click()
        path = day.folder / download.value.suggested_filename
        download.value.save_as(path)
        assert path.read_bytes().startswith(magic)
        mary.goto(report)
    assert totals == facts.client_balances(day.people.product, report)


def _amounts(page: Page, label: str) -> list[Decimal]:
    """The figures of a line of the report, one for each currency."""
    line = page.locator("tr").filter(has_text=re.compile(rf"^\s*{label}")).first.inner_text()
    minus = "\N{MINUS SIGN}"
    found = re.findall(rf"{minus}?[\d,]+\.\d\d", line)
    return [Decimal(text.replace(",", "").replace(minus, "-")) for text in found]


def day_closed(day: Day) -> None:
    """The lead has the books verified and asks; the manager, who signed the report, approves."""
    lead, mary = day.people.at("lead"), day.people.at("manager")
    _go(lead, "Day close")
    _link(lead, "Not closed")
    lead.locator("tr[data-row]").last.get_by_role("link").first.click()
    page = lead.url
    _press(lead, "Verify the books")
    _state(lead, "Verified")
    for reason in lead.get_by_label("why it may stay as it is").all():
        reason.fill("Seen with the bank; it is worked on tomorrow.")
    _press(lead, "Ask for the close")
    _state(lead, "Waits for a second person")
    mary.goto(page)
    _link(mary, "Open the approval")
    _press(mary, "Approve")
    mary.goto(page)
    _state(mary, "Closed")
    for name, magic in (("Totals of the books", b"day,code,"), ("Record of the close", b"%PDF-")):
        link = mary.get_by_role("link", name=name)
        _look_until(mary, link)
        with mary.expect_download() as download:
            link.click()
        path = day.folder / download.value.suggested_filename
        download.value.save_as(path)
        assert path.read_bytes().startswith(magic)
        mary.goto(page)
    _state(lead, "Closed")  # the page that asked has followed


def many_approved(day: Day) -> None:
    """From the keyboard: chosen in the list, approved in one go, followed to the end."""
    lead = day.people.at("lead")
    _go(lead, "Withdrawals")
    expect(lead.locator("input[data-select]").first).to_be_visible()
    for key in "jx" * 8:
        lead.keyboard.press(key)
    chosen = lead.locator("input[data-select]:checked").count()
    assert chosen > 1
    expect(lead.locator("[data-bulk-count]")).to_have_text(f"{chosen} selected")
    lead.keyboard.press("a")
    sure = lead.get_by_role("dialog")
    expect(sure).to_contain_text(f"{chosen} selected: ")
    sure.get_by_role("button", name="Approve").click()
    _state(lead, "Worked through")
    expect(lead.get_by_text(f"{chosen} of {chosen}")).to_be_visible()
    assert lead.locator("#batch tbody .state").filter(has_text="Approved").count() > 1
    _link(lead, "Batches")
    expect(lead.locator("tr[data-row]")).to_have_count(1)


def queue_cleared(day: Day) -> None:
    assert specialist.queue_cleared(day.people) > 20


def audit_verified(day: Day) -> None:
    mary = day.people.at("manager")
    _go(mary, "Audit trail")
    _press(mary, "Verify the chain")
    _state(mary, "Intact")


def test_a_day_goes_from_a_new_client_to_the_verified_trail(
    product: Product, browser: Browser, tmp_path: Path
) -> None:
    with people_of(product, browser) as people:
        day = Day(people, tmp_path)
        for step in (
            client_in,
            kyc_submitted,
            hit_decided,
            kyc_decided,
            deposit_paid,
            account_funded,
            deals_synced,
            partner_paid,
            withdrawal_paid,
            statement_matched,
            gateway_settled,
            doubts_settled,
            report_signed,
            day_closed,
            many_approved,
            queue_cleared,
            audit_verified,
        ):
            step(day)
        # 2,000 by card, 1,500 moved on, 750 by wire.
        pavel = people.at("payments")
        _tab(pavel, day, "Money")
        wallet = pavel.locator("tr").filter(has_text="Wallet").first
        expect(wallet).to_contain_text("1,250.00")
        found = facts.account(product, int(day.login))
        assert found["mirror"] == "1500.00"
        assert found["on_server"] == found["mirror_and_trades"]
    facts.verify(product, "ledger_verify")
    facts.verify(product, "audit_verify")
