"""WSGI entry of the Django part."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")
application = get_wsgi_application()
