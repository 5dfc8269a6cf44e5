"""People who sign in, the brokerages they work for, and the roles they hold there."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. What they may do comes from a Membership, never from this row.

    ``is_staff`` and ``is_superuser`` are for platform administrators, who see no tenant's data
    unless a support session is opened for them.
    """

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=60, default="UTC")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class Role(TenantModel):
    """A named set of permissions in one brokerage; the set itself is a Django group."""

    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="+")
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "code"], name="role_code")
        ]
        permissions: ClassVar = [
            ("manage_staff", "Manage staff, roles and desks"),
            ("view_audit", "Read the audit trail"),
            ("view_full_data", "See personal data unmasked"),
            ("export_data", "Export lists and reports"),
            ("manage_settings", "Change settings of the brokerage"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(TenantModel):
    """A person's place in one brokerage."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    title = models.CharField(max_length=80, blank=True)
    active = models.BooleanField(default=True)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user"], name="membership_user")
        ]

    def __str__(self) -> str:
        return str(self.user)


class MembershipRole(TenantModel):
    """A role given to a member; by whom is in the audit trail."""

    membership = TenantForeignKey(Membership, on_delete=models.CASCADE, related_name="held")
    role = TenantForeignKey(Role, on_delete=models.PROTECT, related_name="held")

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "membership", "role"], name="membership_role")
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} {self.role_id}"


class MemberIndex(models.Model):
    """Which tenants a user belongs to: read at sign-in, before any tenant is in scope.

    Not a tenant table; it says nothing but that the membership exists. Kept by the services that
    write Membership.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tenants")
    membership_tenant = models.ForeignKey(
        "tenancy.Tenant", on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "membership_tenant"], name="member_index_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.membership_tenant_id}"


class ApiKey(TenantModel):
    """A key for the API: shown once, kept as a hash, with its own permissions."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    key_hash = models.CharField(max_length=64)
    permissions = ArrayField(models.CharField(max_length=80), default=list)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "prefix"], name="api_key_prefix")
        ]

    def __str__(self) -> str:
        return self.name


class ApiRequest(TenantModel):
    """A writing request of the API as it came, kept before anything reads it.

    One per key and ``Idempotency-Key``: its answer, once there is one, is given again to a repeat.
    The body holds personal data, so it is sealed.
    """

    key = TenantForeignKey(ApiKey, on_delete=models.PROTECT, related_name="requests")
    idempotency_key = models.CharField(max_length=80)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    body_sealed = models.BinaryField()
    content_hash = models.CharField(max_length=64)
    ip = models.CharField(max_length=45, blank=True)
    received_at = models.DateTimeField(default=now)
    status = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "key", "idempotency_key"], name="api_request_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class AccessPolicy(TenantModel):
    """Where a brokerage's people may come from; ``Tenant.ip_allow_list`` is the edge's copy.

    ``ranges`` are lines such as ``203.0.113.0/24 Limassol office``; none: from anywhere.
    """

    ranges = ArrayField(models.CharField(max_length=110), default=list, blank=True)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="access_policy_tenant")
        ]

    def __str__(self) -> str:
        return "Where staff may come from"


class SupportSession(TenantModel):
    """A platform administrator's look into a brokerage: with a reason, for a time, to read only."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    user_name = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    opened_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("opened_at")),
                name="support_session_has_an_end",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_name}: {self.reason}"
