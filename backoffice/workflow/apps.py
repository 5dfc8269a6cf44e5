from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    name = "backoffice.workflow"
    label = "workflow"
