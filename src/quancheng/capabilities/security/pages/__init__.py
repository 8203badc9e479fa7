"""Pages of the security officer on the guard face."""

from __future__ import annotations

from quancheng.capabilities.security.pages import keys

urlpatterns = [*keys.urlpatterns]
