"""The project. Its Celery application is made with it, so that ``shared_task.delay`` of any program
(web, command, worker) goes to the configured broker and not to the library's default one."""

from backoffice.celery import app as celery_app

__all__ = ["celery_app"]
