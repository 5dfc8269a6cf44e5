"""Static files with their content's hash in the name, modules that import each other included."""

from whitenoise.storage import (  # type: ignore[import-untyped]  # it ships no types
    CompressedManifestStaticFilesStorage,
)


class PortalStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Django leaves `import "./keys.js"` alone by default, so browsers would keep stale modules.

    Only our own modules (`js/`) are rewritten: packages ship files that import what they lack.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )
