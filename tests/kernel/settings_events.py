"""The smallest settings in which events, jobs and the supervisor run (drills, helper processes)."""

from __future__ import annotations

import os
from pathlib import Path

from quancheng.kernel.db.url import database_from_url

HOME = Path(os.environ.get("QUANCHENG_HOME", "var")).resolve()
CITY = "jinan"
BUS_URL = os.environ.get("QUANCHENG_BUS_URL", "")
MODULES: list[object] = []
SECRET_KEY = "only-for-tests"
INSTALLED_APPS = [
    "quancheng.kernel.events",
    "quancheng.kernel.jobs",
    *filter(None, os.environ.get("QUANCHENG_TEST_APPS", "").split(",")),
]
DATABASES = {
    "default": database_from_url(
        os.environ.get("QUANCHENG_DATABASE_URL", f"sqlite:///{HOME / 'quancheng.sqlite3'}")
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
