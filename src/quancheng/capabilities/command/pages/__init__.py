"""Pages of command: the screen, the responder's desk, the citizen's report."""

from quancheng.capabilities.command.pages import citizen, desk, drills, screen

urlpatterns = [*screen.urlpatterns, *drills.urlpatterns, *desk.urlpatterns, *citizen.urlpatterns]
