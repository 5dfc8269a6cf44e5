"""Clients of a brokerage, what holds them back, what they handed in, and what is said of them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from backoffice.tenancy.models import LegalEntity
from clients.ownership.models import Party as Party
from clients.ownership.models import Tie as Tie
from clients.ownership.states import EntityFlag
from clients.states import ClientState, DocumentState
from clients.tax.models import TaxCertification as TaxCertification
from clients.tax.models import TaxResidence as TaxResidence


class ClientKind(models.TextChoices):
    PERSON = "person", "Individual"
    COMPANY = "company", "Company"


class RiskBand(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    PROHIBITED = "prohibited", "Prohibited"


class Category(models.TextChoices):
    """Client category of MiFID II, annex II."""

    RETAIL = "retail", "Retail"
    PROFESSIONAL = "professional", "Professional"
    ELIGIBLE_COUNTERPARTY = "eligible_counterparty", "Eligible counterparty"


class ClientAction(models.TextChoices):
    """What a client may be stopped from doing, one by one."""

    LOGIN = "login", "Sign in"
    DEPOSIT = "deposit", "Deposit"
    WITHDRAW = "withdraw", "Withdraw"
    OPEN_ACCOUNT = "open_account", "Open accounts"
    TRADE = "trade", "Trade"
    IB = "ib", "Partner"


class DocumentType(models.TextChoices):
    PASSPORT = "passport", "Passport"
    ID_CARD = "id_card", "Identity card"
    RESIDENCE_PERMIT = "residence_permit", "Residence permit"
    DRIVING_LICENCE = "driving_licence", "Driving licence"
    SELFIE = "selfie", "Selfie"
    UTILITY_BILL = "utility_bill", "Utility bill"
    BANK_STATEMENT = "bank_statement", "Bank statement"
    TAX_ID = "tax_id", "Tax number"
    SOURCE_OF_FUNDS = "source_of_funds", "Source of funds"
    SOURCE_OF_WEALTH = "source_of_wealth", "Source of wealth"
    INCORPORATION = "incorporation", "Certificate of incorporation"
    SHAREHOLDERS = "shareholders", "Register of shareholders"
    OTHER = "other", "Other"


class Occupation(models.TextChoices):
    """What someone lives on, in the groups by which risk tells them apart."""

    EMPLOYEE = "employee", "Employee"
    SELF_EMPLOYED = "self_employed", "Self-employed"
    OWNER = "owner", "Business owner"
    CASH_BUSINESS = "cash_business", "Owner of a cash business"
    PUBLIC_OFFICIAL = "public_official", "Public official"
    LEGAL_OR_TAX = "legal_or_tax", "Lawyer, notary or accountant"
    FINANCE = "finance", "Works in finance"
    CRYPTO_OR_GAMBLING = "crypto_or_gambling", "Crypto assets or gambling"
    STUDENT = "student", "Student"
    RETIRED = "retired", "Retired"
    NOT_WORKING = "not_working", "Not working"


class FundsSource(models.TextChoices):
    """Where the money that is deposited comes from."""

    SALARY = "salary", "Salary"
    BUSINESS = "business", "Business income"
    SAVINGS = "savings", "Savings"
    INVESTMENTS = "investments", "Investments"
    PROPERTY = "property", "Sale of property"
    INHERITANCE = "inheritance", "Inheritance or gift"
    PENSION = "pension", "Pension"
    LOAN = "loan", "Loan"
    CRYPTO = "crypto", "Crypto assets"


class Desk(TenantModel):
    """A team and whose clients it serves: row scope. Granted one by one (django-guardian)."""

    name = models.CharField(max_length=80)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="desk_name")
        ]
        permissions: ClassVar = [("work_desk", "See and work the clients of this desk")]

    def __str__(self) -> str:
        return self.name


class Client(TenantModel):
    """A person or a company that is, or may become, a customer.

    ``level`` and ``rights`` are granted by a KYC decision; ``partner_ref`` is the introducing
    broker's reference: both are written through ``clients.services`` alone.
    """

    reference = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=ClientKind.choices, default=ClientKind.PERSON)
    state = models.CharField(max_length=12, choices=ClientState.choices, default=ClientState.LEAD)
    legal_entity = TenantForeignKey(
        LegalEntity, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    first_name = models.CharField(max_length=80, blank=True)
    last_name = models.CharField(max_length=80, blank=True)
    company_name = models.CharField(max_length=160, blank=True)
    email = models.EmailField(max_length=254)
    phone = models.CharField(max_length=20, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    nationality = models.CharField(max_length=2, blank=True)
    residence = models.CharField(max_length=2, blank=True)
    address = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=5, default="en")
    level = models.PositiveSmallIntegerField(default=0)
    rights = ArrayField(
        models.CharField(max_length=12, choices=ClientAction.choices), default=list, blank=True
    )
    risk_band = models.CharField(max_length=10, choices=RiskBand.choices, default=RiskBand.LOW)
    risk_score = models.PositiveSmallIntegerField(null=True, blank=True)
    # The band below which a person let it not fall; empty: as it is reckoned.
    risk_floor = models.CharField(max_length=10, choices=RiskBand.choices, blank=True)
    # Who set the band by hand: they may not approve the client (four eyes).
    risk_override_ref = models.CharField(max_length=80, blank=True)
    politically_exposed = models.BooleanField(default=False)
    # Of a company alone (clients.ownership).
    flags = ArrayField(
        models.CharField(max_length=10, choices=EntityFlag.choices), default=list, blank=True
    )
    category = models.CharField(max_length=22, choices=Category.choices, default=Category.RETAIL)
    desk = TenantForeignKey(
        Desk, on_delete=models.PROTECT, null=True, blank=True, related_name="clients"
    )
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    partner_ref = models.CharField(max_length=20, blank=True)
    source = models.CharField(max_length=40, blank=True)
    do_not_contact = models.BooleanField(default=False)
    # Surname (or company name) folded to plain letters: finds duplicates with the birth date.
    surname_key = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(default=now)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="client_reference"),
            models.CheckConstraint(
                condition=Q(kind="company", company_name__gt="")
                | Q(kind="person", company_name="", last_name__gt=""),
                name="client_has_a_name",
            ),
            models.CheckConstraint(
                condition=Q(risk_score__isnull=True) | Q(risk_score__lte=100),
                name="client_risk_score_range",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="client_newest"),  # the list
            models.Index(fields=["tenant", "state", "-id"], name="client_state"),
            models.Index(fields=["tenant", "desk", "-id"], name="client_desk"),
            # Filters of the list: without them a rare value is looked for among all clients.
            models.Index(fields=["tenant", "residence", "-id"], name="client_residence"),
            models.Index(fields=["tenant", "risk_band", "-id"], name="client_risk"),
            models.Index(fields=["tenant", "level", "-id"], name="client_level"),
            models.Index(fields=["tenant", "kind", "-id"], name="client_kind"),
            models.Index(
                fields=["tenant", "manager", "-id"],
                name="client_manager",
                condition=Q(manager__isnull=False),
            ),
            models.Index(fields=["tenant", "email"], name="client_email"),  # duplicates
            models.Index(fields=["tenant", "surname_key", "birth_date"], name="client_surname"),
            models.Index(
                fields=["tenant", "partner_ref"],
                name="client_partner",
                condition=~Q(partner_ref=""),
            ),
        ]
        permissions: ClassVar = [
            ("view_all_desks", "See clients of every desk"),
            ("restrict_client", "Stop a client from doing things, and lift it"),
        ]

    def __str__(self) -> str:
        return self.name

    #: What ``name`` is made of, and the reference: all that most lines of other domains show.
    NAMED: ClassVar = ("reference", "company_name", "first_name", "last_name")

    @property
    def name(self) -> str:
        return self.company_name or f"{self.first_name} {self.last_name}".strip()


class Restriction(TenantModel):
    """One action stopped for one client, from a time, until a time or until lifted.

    ``origin`` names the rule that placed it (``kyc.expiry``), so that the same rule can lift it;
    empty when a person did.
    """

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="restrictions")
    action = models.CharField(max_length=12, choices=ClientAction.choices)
    reason = models.CharField(max_length=40)
    text = models.CharField(max_length=300)
    origin = models.CharField(max_length=40, blank=True)
    from_at = models.DateTimeField(default=now)
    until_at = models.DateTimeField(null=True)
    placed_at = models.DateTimeField(default=now)
    placed_by_ref = models.CharField(max_length=80)
    placed_by = models.CharField(max_length=160)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=160, blank=True)
    lift_reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "client", "action", "reason", "origin"],
                condition=Q(lifted_at__isnull=True) & ~Q(origin=""),
                name="restriction_once",
            ),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gt=F("from_at")),
                name="restriction_period",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "client"],
                name="restriction_standing",
                condition=Q(lifted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.text}"


class Note(TenantModel):
    """What a colleague wrote about a client. Never changed, never deleted (grants say so)."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="notes")
    text = models.CharField(max_length=4000)
    mentions = ArrayField(models.BigIntegerField(), default=list)
    author_ref = models.CharField(max_length=80)
    author = models.CharField(max_length=160)
    at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index(fields=["tenant", "client", "-id"], name="note_client")]

    def __str__(self) -> str:
        return self.text[:60]


class Means(TenantModel):
    """What a client declared of work, income and wealth, on a day. Never changed, never deleted
    (grants say so): who declares anew gets a new row, and the newest one holds.

    Amounts are a year's, or what is owned without the home, in ``currency``.
    """

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="means")
    occupation = models.CharField(max_length=20, choices=Occupation.choices)
    employer = models.CharField(max_length=120, blank=True)
    currency = models.CharField(max_length=8)
    income = models.DecimalField(max_digits=20, decimal_places=2)
    wealth = models.DecimalField(max_digits=20, decimal_places=2)
    deposits = models.DecimalField(max_digits=20, decimal_places=2)
    sources = ArrayField(models.CharField(max_length=12, choices=FundsSource.choices))
    purpose = models.CharField(max_length=300, blank=True)
    declared_on = models.DateField()
    recorded_at = models.DateTimeField(default=now)
    recorded_by_ref = models.CharField(max_length=80)
    recorded_by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(income__gte=0, wealth__gte=0, deposits__gte=0), name="means_amounts"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "client", "-id"], name="means_client")]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.get_occupation_display()}, {self.declared_on:%Y-%m-%d}"

    def source_words(self) -> str:
        return ", ".join(FundsSource(each).label.lower() for each in self.sources)


class ClientDocument(TenantModel):
    """A file that a client handed in: kept sealed on disk, described here.

    ``sha256`` is of the bytes as they came; ``number_sealed`` and ``extraction_sealed`` hold the
    document's number and what was read from it (JSON by source), sealed with the tenant's key;
    ``number_hash`` finds the same document at another client.
    """

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="documents")
    # Whose paper it is, when it is not the company's own.
    party = TenantForeignKey(
        Party, on_delete=models.PROTECT, null=True, blank=True, related_name="documents"
    )
    type = models.CharField(max_length=20, choices=DocumentType.choices)
    state = models.CharField(
        max_length=10, choices=DocumentState.choices, default=DocumentState.UPLOADED
    )
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    mime = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    pages = models.PositiveSmallIntegerField(default=1)
    path = models.CharField(max_length=200)
    issuing_country = models.CharField(max_length=3, blank=True)
    issued_on = models.DateField(null=True)
    expires_on = models.DateField(null=True)
    number_sealed = models.BinaryField(default=bytes)
    number_hash = models.CharField(max_length=64, blank=True)
    extraction_sealed = models.BinaryField(default=bytes)
    # The last warning sent about the coming expiry: 60, 30, 7 or 0 days before.
    expiry_warned = models.PositiveSmallIntegerField(null=True)
    uploaded_at = models.DateTimeField(default=now)
    uploaded_by_ref = models.CharField(max_length=80)
    uploaded_by = models.CharField(max_length=160)
    decided_at = models.DateTimeField(null=True)
    decided_by_ref = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)
    decision_reason = models.CharField(max_length=40, blank=True)
    decision_text = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(issued_on__isnull=True)
                | Q(expires_on__isnull=True)
                | Q(expires_on__gt=F("issued_on")),
                name="document_period",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "-id"], name="document_client"),
            models.Index(fields=["tenant", "sha256"], name="document_sha256"),
            models.Index(
                fields=["tenant", "number_hash"],
                name="document_number",
                condition=~Q(number_hash=""),
            ),
            models.Index(
                fields=["tenant", "expires_on"],
                name="document_expiry",
                condition=Q(state="accepted", expires_on__isnull=False),
            ),
        ]
        permissions: ClassVar = [
            ("view_document", "Look at clients' documents"),
            ("upload_document", "Upload documents for clients"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.name}"


class LookKind(models.TextChoices):
    PAGE = "page", "Client page"
    FULL = "full", "Unmasked data"
    DOCUMENT = "document", "Documents"
    EXPORT = "export", "All that is held, as a file"


class Look(TenantModel):
    """How often someone of the staff looked at a client on a day, by kind. One row, counted up in
    the looking itself: page by page it would be more rows than anyone reads."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="looks")
    user_ref = models.CharField(max_length=80)
    user_name = models.CharField(max_length=160)
    day = models.DateField()
    kind = models.CharField(max_length=8, choices=LookKind.choices)
    times = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            # Who saw a client, and the row that is counted up.
            models.UniqueConstraint(
                fields=["tenant", "client", "day", "user_ref", "kind"], name="look_once_a_day"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "day", "user_ref"], name="look_day"),  # staff access
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.user_name} {self.day:%Y-%m-%d} {self.kind} {self.times}"


class UploadLink(TenantModel):
    """An address at which a client hands in documents without signing in, for a while."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="upload_links")
    secret_hash = models.CharField(max_length=64)
    types = ArrayField(models.CharField(max_length=20, choices=DocumentType.choices))
    message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=now)
    created_by_ref = models.CharField(max_length=80)
    created_by = models.CharField(max_length=160)
    expires_at = models.DateTimeField()
    uses_max = models.PositiveSmallIntegerField()
    uses = models.PositiveSmallIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(uses__lte=F("uses_max")), name="upload_link_uses")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "-id"], name="upload_link_client")
        ]

    def __str__(self) -> str:
        return f"{self.client_id} until {self.expires_at:%Y-%m-%d}"
