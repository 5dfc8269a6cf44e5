from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"

    def ready(self) -> None:
        from backoffice.portal.context import register_notifications
        from backoffice.portal.home import Part, register_part
        from backoffice.portal.navigation import Entry, register
        from backoffice.portal.settings_pages import Area, register_area
        from operations import actions  # noqa: F401
        from operations.health import home_part
        from operations.notifications import delivery  # noqa: F401 - registers its outbox handler
        from operations.notifications.views import bell
        from privacy import places
        from privacy.rules import Category

        places.declare(
            places.Place(
                Category.COMMUNICATIONS, "operations.DeliveryAttempt", "to_ref",
                ("address", "subject", "error"), by_text=True,
            )
        )  # fmt: skip
        register_notifications(bell)
        register_part(
            Part("operations.view_operations", "operations/home_health.html", home_part, order=10)
        )
        see, change = "operations.view_operations", "operations.manage_operations"
        for label, url_name, icon, permission, order in (
            ("Health", "operations:health", "heartbeat", see, 40),
            ("Deliveries", "operations:deliveries", "mail", see, 50),
            ("Messages", "operations:templates", "message", change, 60),
        ):
            group = "Settings" if url_name == "operations:templates" else "System"
            register(Entry(group, label, url_name, icon, (permission,), order=order))
        text = "What clients and staff are told, in each language"
        register_area(Area("Messages", text, "message", "operations:templates", (change,), 100))
