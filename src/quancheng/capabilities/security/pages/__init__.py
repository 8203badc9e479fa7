"""Pages of the security officer and of key custodians, on the guard face."""

from __future__ import annotations

from quancheng.capabilities.security.pages import certificates, keeping, keys, services

urlpatterns = [
    *keys.urlpatterns,
    *certificates.urlpatterns,
    *services.urlpatterns,
    *keeping.urlpatterns,
]
