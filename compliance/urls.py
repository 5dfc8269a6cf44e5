from django.urls import path

from compliance import hit_views, list_views

app_name = "compliance"
urlpatterns = [
    path("hits/", hit_views.hit_list, name="hits"),
    path("hits/<uuid:pk>/", hit_views.hit_page, name="hit"),
    path("hits/<uuid:pk>/decide/<slug:verdict>/", hit_views.hit_decide, name="hit-decide"),
    path("hits/<uuid:pk>/vote/", hit_views.hit_vote, name="hit-vote"),
    path("lists/", list_views.list_overview, name="lists"),
    path("lists/upload/", list_views.list_upload, name="list-upload"),
    path("search/", list_views.name_search, name="name-search"),
]
