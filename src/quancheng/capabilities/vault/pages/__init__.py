"""Pages of the vault."""

urlpatterns: list[object] = []
