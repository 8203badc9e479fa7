"""Settings: everything a city changes is an environment variable beginning with QUANCHENG_."""

from __future__ import annotations

import os
from pathlib import Path

from quancheng.kernel.db.url import database_from_url
from quancheng.kernel.registry.discovery import discover
from quancheng.kernel.secrets import load_or_make_secret

PACKAGE = Path(__file__).resolve().parent


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


# -- where things are kept ------------------------------------------------------------------
HOME = Path(os.environ.get("QUANCHENG_HOME", "var")).resolve()
CITY = os.environ.get("QUANCHENG_CITY", "jinan")
CITY_FOLDER = Path(os.environ.get("QUANCHENG_CITY_FOLDER", PACKAGE / "cities" / CITY))
DATABASE_URL = os.environ.get("QUANCHENG_DATABASE_URL", f"sqlite:///{HOME / 'quancheng.sqlite3'}")
STORE_FOLDER = Path(os.environ.get("QUANCHENG_STORE", HOME / "store"))
BUS_URL = os.environ.get("QUANCHENG_BUS_URL", "")
MEDIA_ROOT = HOME / "files"

# -- how it runs ----------------------------------------------------------------------------
DEMO = _flag("QUANCHENG_DEMO")
DEBUG = _flag("QUANCHENG_DEBUG")
SECRET_KEY = os.environ.get("QUANCHENG_SECRET_KEY") or load_or_make_secret(HOME / "secret.key")
QUANCHENG_CODE_ALGORITHM = os.environ.get("QUANCHENG_CODE_ALGORITHM", "ES256")
QUANCHENG_CHAIN_HASH = os.environ.get("QUANCHENG_CHAIN_HASH", "sha256")
PUBLIC_URL = os.environ.get("QUANCHENG_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = os.environ.get("QUANCHENG_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = int(os.environ.get("QUANCHENG_SESSION_SECONDS", 8 * 3600))
SESSION_COOKIE_NAME = "qc_session"
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "quancheng.portal.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

MODULES = discover()

INSTALLED_APPS = [
    "quancheng.portal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "ninja",
    "quancheng.kernel",
    "quancheng.kernel.idempotency",
    "quancheng.kernel.audit",
    "quancheng.kernel.access",
    "quancheng.kernel.events",
    "quancheng.kernel.jobs",
    "quancheng.kernel.store",
    "quancheng.kernel.registry",
    *[module.dotted for module in MODULES],
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "quancheng.kernel.observability.middleware.RequestLogMiddleware",
    "quancheng.portal.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "quancheng.portal.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "quancheng.kernel.middleware.ActorMiddleware",
    "quancheng.kernel.middleware.ErrorMiddleware",
]

ROOT_URLCONF = "quancheng.urls"
WSGI_APPLICATION = "quancheng.wsgi.application"
ASGI_APPLICATION = "quancheng.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "quancheng.portal.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "quancheng.portal.templatetags.qc"],
        },
    }
]
FORM_RENDERER = "quancheng.portal.forms.QuanchengFormRenderer"

DATABASES = {"default": database_from_url(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- people ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
QUANCHENG_ACTOR_LOADER = "quancheng.capabilities.people.queries.actor_for"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = None
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("QUANCHENG_TRUSTED_PROXIES", "0"))
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = "泉城 Quancheng"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# -- language and time ----------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "qc_language"
LOCALE_PATHS = [PACKAGE / "portal" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# -- static files ---------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

LOGGING_CONFIG = None  # kernel.observability.logs sets up structured logs

NINJA_PAGINATION_MAX_LIMIT = 200
SILENCED_SYSTEM_CHECKS: list[str] = []
