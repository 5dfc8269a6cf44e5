from django.urls import path

from operations import health
from operations.notifications import views as notifications

app_name = "operations"
urlpatterns = [
    path("notifications/", notifications.notification_list, name="notifications"),
    path("notifications/read/", notifications.notification_read, name="notifications-read"),
    path("notifications/<uuid:pk>/", notifications.notification_open, name="notification"),
    path("operations/messages/", notifications.template_list, name="templates"),
    path("operations/messages/words/", notifications.template_edit, name="template"),
    path("operations/deliveries/", notifications.delivery_list, name="deliveries"),
    path("operations/health/", health.health, name="health"),
    path("operations/items/<uuid:pk>/retry/", health.item_retry, name="item-retry"),
]
