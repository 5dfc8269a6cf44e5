from django.urls import path

from reporting import home

app_name = "reporting"
urlpatterns = [path("", home.home, name="home")]
