from django.apps import AppConfig


class KycConfig(AppConfig):
    name = "kyc"

    def ready(self) -> None:
        from backoffice.portal import desks
        from backoffice.portal.navigation import Entry, register
        from backoffice.portal.settings_pages import Area, register_area
        from backoffice.workflow import moves
        from backoffice.workflow.versions import register_track
        from clients import suitability
        from clients.followers import follow
        from kyc import actions, approvals, checks, handlers, lists, states, tabs, tax  # noqa: F401
        from kyc.categories.services import register_approval as register_category
        from kyc.parties import pages as parties
        from kyc.questionnaires import selectors as questionnaires
        from kyc.questionnaires.states import FILLING
        from kyc.questionnaires.versions import TRACK
        from kyc.vendors import handlers as vendor_handlers  # noqa: F401 - registers itself
        from kyc.vendors.services import CHECK

        moves.register(states.CASE)
        moves.register(states.VENDOR_CHECK)
        register_category()
        moves.register(FILLING)
        register_track(TRACK)
        suitability.register(questionnaires.suitability)
        checks.label(CHECK, "Identity check")
        desks.register("kyc.KycCase", desks.by_client(self.get_model("KycCase")))
        approvals.register()
        tax.register_approval()
        handlers.register_queue()
        tabs.register()
        parties.register()
        register(Entry("Work", "KYC cases", "kyc:cases", "id-badge-2", ("kyc.view_case",), "k", 15))
        register(
            Entry("Settings", "KYC levels", "kyc:levels", "stack-2", ("kyc.view_case",), "", 50)
        )
        text = "What each level asks of a client, and what it grants"
        register_area(Area("KYC levels", text, "stack-2", "kyc:levels", ("kyc.view_case",), 80))
        title, text = "Questionnaires", "What clients are asked, what it scores, what follows"
        view = ("kyc.view_case",)
        register(Entry("Settings", title, "kyc:forms", "clipboard-list", view, "", 52))
        register_area(Area(title, text, "clipboard-list", "kyc:forms", view, 82))
        manage = ("kyc.manage_vendors",)
        title, icon = "Identity vendors", "fingerprint"
        register(Entry("Settings", title, "kyc:vendors", icon, manage, "", 51))
        text = "Who checks documents and faces, and how they are reached"
        register_area(Area(title, text, icon, "kyc:vendors", manage, 81))
        follow("document_uploaded", handlers.UPLOADED)
        follow("assigned", handlers.ASSIGNED)
        follow("changed", handlers.CHANGED)
        follow("party_changed", handlers.PARTY_CHANGED)
        follow("tax_certified", handlers.UPLOADED)
