from django.urls import path

from backoffice.staff import views

app_name = "staff"
urlpatterns = [path("brokerage/", views.tenant_choose, name="tenant-choose")]
