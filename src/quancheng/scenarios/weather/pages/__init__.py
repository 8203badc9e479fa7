"""Pages: warnings on the command face, in plain words for citizens, feeds for developers."""

from quancheng.scenarios.weather.pages import public, screen

urlpatterns = [*screen.urlpatterns, *public.urlpatterns]
