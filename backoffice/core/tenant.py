"""Models that belong to a tenant. Layer two of four: no query without a tenant in scope.

The other layers: selectors filter by tenant; the database's row-level security (``tenant_tables``)
holds even against raw SQL; tests attack each of them alone. Why the keys look as they do:
docs/tenancy.md.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from django.db import models
from django.db.models.sql.where import AND, WhereNode
from simple_history.manager import HistoricalQuerySet
from simple_history.models import HistoricalRecords

from backoffice.core.context import current_actor, current_tenant_id, tenant_in_scope
from backoffice.core.errors import TenantScopeError
from backoffice.core.ids import uuid7

ModelT = TypeVar("ModelT", bound=models.Model)


class TenantScoped:
    """Query set methods that reach the database, each refusing when no tenant is in scope."""

    _result_cache: Any

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            current_tenant_id()
        super()._fetch_all()  # type: ignore[misc]

    def _iterator(self, use_chunked_fetch: bool, chunk_size: int | None) -> Iterator[Any]:
        current_tenant_id()
        return super()._iterator(use_chunked_fetch, chunk_size)  # type: ignore[misc,no-any-return]

    def exists(self) -> bool:
        current_tenant_id()
        return super().exists()  # type: ignore[misc,no-any-return]

    def count(self) -> int:
        current_tenant_id()
        return super().count()  # type: ignore[misc,no-any-return]

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        current_tenant_id()
        return super().aggregate(*args, **kwargs)  # type: ignore[misc,no-any-return]

    def update(self, **kwargs: Any) -> int:
        current_tenant_id()
        return super().update(**kwargs)  # type: ignore[misc,no-any-return]

    def _update(self, values: Any) -> int:
        current_tenant_id()
        return super()._update(values)  # type: ignore[misc,no-any-return]

    def delete(self) -> tuple[int, dict[str, int]]:
        current_tenant_id()
        return super().delete()  # type: ignore[misc,no-any-return]

    def _raw_delete(self, using: Any) -> int:
        current_tenant_id()
        return super()._raw_delete(using)  # type: ignore[misc,no-any-return]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        rows = list(objs)
        _own(rows)
        return super().bulk_create(rows, *args, **kwargs)  # type: ignore[misc,no-any-return]

    def _insert(self, objs: Collection[Any], fields: Any, **kwargs: Any) -> Any:
        _own(objs)
        return super()._insert(objs, fields, **kwargs)  # type: ignore[misc]


def _own(rows: Collection[Any]) -> None:
    tenant_id = current_tenant_id()
    for row in rows:
        if row.tenant_id != tenant_id:
            raise TenantScopeError(f"A row of tenant {row.tenant_id} in the scope of {tenant_id}.")


class TenantQuerySet(TenantScoped, models.QuerySet[ModelT], Generic[ModelT]):
    """A query set that fails closed."""


class TenantManager(models.Manager[ModelT]):
    """The only manager of a tenant table."""

    def get_queryset(self) -> TenantQuerySet[ModelT]:
        return TenantQuerySet(self.model, using=self._db)


if TYPE_CHECKING:
    SetT = TypeVar("SetT")
    GetT = TypeVar("GetT")

    class _ForeignKey(models.ForeignKey[SetT, GetT]):
        pass
else:
    # Subscripts are for the type checker alone: Django's fields have none at run time.
    SetT, GetT = "SetT", "GetT"
    _ForeignKey = {("SetT", "GetT"): models.ForeignKey}


class TenantForeignKey(_ForeignKey[SetT, GetT]):
    """A reference inside one tenant: joins carry the tenant on both sides.

    The constraint itself is composite, ``(tenant_id, x_id) -> (tenant_id, id)``, and is laid by
    ``LayTenantTables``: a row can't point into another tenant even when row-level security is
    bypassed, as PostgreSQL's own foreign-key checks do.
    """

    # False in a subclass whose constraint carries more columns and stands in a SQL file.
    lays_constraint: ClassVar[bool] = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(*args, **kwargs)

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> WhereNode:
        target: Any = self.related_model
        remote: Any = target._meta.get_field("tenant")
        local: Any = self.model._meta.get_field("tenant")
        node = WhereNode()
        exact = remote.get_lookup("exact")
        node.add(exact(remote.get_col(alias), local.get_col(related_alias)), AND)
        return node

    def get_extra_descriptor_filter(self, instance: models.Model) -> dict[str, Any]:
        return {"tenant_id": instance.tenant_id}  # type: ignore[attr-defined]


class TenantModel(models.Model):
    """Base of every tenant table. The database's key is ``(tenant_id, id)``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        "tenancy.Tenant",
        on_delete=models.PROTECT,
        default=tenant_in_scope,
        editable=False,
        related_name="+",
        db_index=False,  # every key and unique constraint starts with it
    )

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def _do_update(
        self, base_qs: Any, using: Any, pk_val: Any, values: Any, *args: Any, **kwargs: Any
    ) -> bool:
        # The tenant of a row never changes, and a row is addressed by both parts of its key.
        values = [value for value in values if value[0].name != "tenant"]
        mine = base_qs.filter(tenant_id=self.tenant_id)
        return super()._do_update(mine, using, pk_val, values, *args, **kwargs)


class TenantHistoricalQuerySet(TenantScoped, HistoricalQuerySet):  # type: ignore[misc]
    """History fails closed too."""


class TenantHistoryRow(models.Model):
    """Base of history rows, so that their own manager fails closed as well."""

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True


def history_user(instance: Any, **kwargs: Any) -> Any:
    from django.contrib.auth import get_user_model

    actor = current_actor()
    if actor is None or actor.user_id is None:
        return None
    return get_user_model()(pk=actor.user_id)


class TenantHistory(HistoricalRecords):  # type: ignore[misc]
    """History of configuration and master data, under tenancy and with the actor of the scope."""

    def __init__(self, **kwargs: Any) -> None:
        defaults: dict[str, Any] = {
            "history_id_field": models.UUIDField(default=uuid7),
            "historical_queryset": TenantHistoricalQuerySet,
            "user_db_constraint": False,
            "get_user": history_user,
            "bases": (TenantHistoryRow,),
        }
        super().__init__(**{**defaults, **kwargs})
