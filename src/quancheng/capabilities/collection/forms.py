"""Forms of collection. What a feed may be is decided by the actions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from quancheng.capabilities.collection.connectors import kind_of
from quancheng.capabilities.collection.connectors.http import AUTHS, PAGINGS
from quancheng.capabilities.collection.models import CONNECTORS, LATENESS, MODES, RUN_STATES, VERDICTS, Feed
from quancheng.capabilities.collection.values import Connector

_ALL = ("", _("全部"))
PERIODS = [
    ("0", _("有报送时")),
    ("5", _("每5分钟")),
    ("60", _("每小时")),
    ("1440", _("每天")),
    ("10080", _("每周")),
    ("43200", _("每月")),
]
SLAS = [
    ("0", _("未约定")),
    ("60", _("1小时")),
    ("1440", _("1天")),
    ("2880", _("2天")),
    ("10080", _("7天")),
    ("44640", _("31天")),
    ("133920", _("93天")),
    ("525600", _("1年")),
]


class _Filter(forms.Form):
    def wanted(self) -> dict[str, Any]:
        """Valid filters; what is not valid is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class FeedFilterForm(_Filter):
    """筛选归集任务."""

    text = forms.CharField(label=_("名称、编码或目录编码"), required=False, max_length=80)
    state = forms.ChoiceField(
        label=_("状态"), required=False, choices=[_ALL, ("held", _("有待处理")), *Feed.State.choices]
    )
    lateness = forms.ChoiceField(
        label=_("及时性"), required=False, choices=[_ALL, ("overdue", _("未按时")), *LATENESS]
    )
    connector = forms.ChoiceField(label=_("接入方式"), required=False, choices=[_ALL, *CONNECTORS])


class RunFilterForm(_Filter):
    """筛选运行."""

    feed = forms.CharField(label=_("任务编码"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[_ALL, *RUN_STATES])


class FeedForm(forms.Form):
    """建立或修改归集任务."""

    code = forms.CharField(
        label=_("任务编码"), max_length=60, help_text=_("小写字母、数字和连字符，如 civil-elders")
    )
    zh = forms.CharField(label=_("名称"), max_length=120)
    en = forms.CharField(label=_("英文名称"), max_length=160, required=False)
    organ = forms.ChoiceField(label=_("来源部门"))
    mode = forms.ChoiceField(
        label=_("归集方式"), choices=MODES, help_text=_("全量：每次报送整张表；增量：只报送新增和变化的行")
    )
    period_minutes = forms.TypedChoiceField(label=_("运行周期"), choices=PERIODS, coerce=int)
    sla_minutes = forms.TypedChoiceField(label=_("报送时限"), choices=SLAS, coerce=int)
    entry = forms.CharField(label=_("目录编码"), max_length=80, required=False)

    def __init__(self, *args: Any, organs: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organ"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = organs


def _word(label: Any, required: bool = True, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, required=required, max_length=500, **more)


def _secret(label: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(
        label=label,
        required=False,
        max_length=4000,
        widget=widget,
        help_text=_("加密保存，不再显示；留空则不变"),
    )


def _area(label: Any, required: bool = True, **more: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false"})
    return forms.CharField(label=label, required=required, max_length=20_000, widget=widget, **more)


def _number(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=65535)


def _drop() -> dict[str, forms.Field]:
    takes = [("newest", _("最新的")), ("oldest", _("最早的未取文件"))]
    return {
        "pattern": _word(_("文件名样式"), required=False, help_text=_("如 people-*.csv")),
        "take": forms.ChoiceField(label=_("取哪个文件"), required=False, choices=takes),
    }


def _database() -> dict[str, forms.Field]:
    return {
        "host": _word(_("主机")),
        "port": _number(_("端口")),
        "database": _word(_("数据库")),
        "user": _word(_("用户名")),
        "secret_password": _secret(_("密码")),
        "table": _word(_("表名"), help_text=_("如 public.people")),
        "columns": _word(_("列"), required=False, help_text=_("用逗号隔开；留空为全部")),
        "watermark": _word(_("递增列"), required=False, help_text=_("增量归集时按此列续读")),
    }


def setting_fields(connector: str, datasets: list[tuple[str, str]]) -> dict[str, forms.Field]:
    """The fields of a connector's settings; secrets begin with ``secret_``."""
    made: dict[str, Any] = {
        Connector.FOLDER: lambda: {"folder": _word(_("收件目录下的子目录"))} | _drop(),
        Connector.HTTP: _http,
        Connector.POSTGRES: _database,
        Connector.MYSQL: _database,
        Connector.SFTP: lambda: {
            "host": _word(_("主机")), "port": _number(_("端口")), "user": _word(_("用户名")),
            "secret_password": _secret(_("密码")), "host_key": _area(_("主机公钥")), "path": _word(_("远程目录")),
        } | _drop(),
        Connector.S3: lambda: {
            "endpoint": _word(_("地址")), "bucket": _word(_("存储桶")), "prefix": _word(_("前缀"), required=False),
            "region": _word(_("区域"), required=False), "access_key": _word(_("访问密钥编号")),
            "secret_secret_key": _secret(_("访问密钥")),
        } | _drop(),
        Connector.OWN: lambda: {"dataset": forms.ChoiceField(label=_("数据集"), choices=datasets)},
        Connector.ROBOT: lambda: {
            "recipe": _area(_("配方（JSON）"), help_text=_("start、steps、rows、columns、next、pages、pause、expect")),
            "secret_user": _secret(_("用户名")), "secret_password": _secret(_("密码")),
        },
    }  # fmt: skip
    return made.get(connector, dict)() if connector in made else {}


def _http() -> dict[str, forms.Field]:
    pagings = dict(zip(PAGINGS, (_("不分页"), _("页码"), _("偏移量"), _("游标"), _("Link头")), strict=True))
    auths = dict(
        zip(AUTHS, (_("无"), _("Bearer令牌"), _("请求头"), _("用户名和密码"), _("地址参数")), strict=True)
    )
    return {
        "url": _word(_("地址")),
        "auth": forms.ChoiceField(label=_("认证方式"), choices=list(auths.items())),
        "auth_name": _word(_("请求头、参数或用户名"), required=False),
        "secret_token": _secret(_("令牌或密码")),
        "paging": forms.ChoiceField(label=_("分页方式"), choices=list(pagings.items())),
        "page_param": _word(_("页码参数"), required=False),
        "size_param": _word(_("每页条数参数"), required=False),
        "page_size": _number(_("每页条数")),
        "first_page": _number(_("首页页码")),
        "items": _word(_("记录所在成员"), required=False, help_text=_("如 data.rows")),
        "next": _word(_("下一游标所在成员"), required=False),
        "watermark": _word(_("递增列"), required=False),
        "since_param": _word(_("起始时间参数"), required=False),
    }


class SettingsForm(forms.Form):
    """接入参数 of one connector."""

    def __init__(self, connector: str, *args: Any, datasets: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(setting_fields(connector, datasets))

    def split(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Settings and secrets."""
        settings: dict[str, Any] = {}
        secrets: dict[str, str] = {}
        for name, value in self.cleaned_data.items():
            if name.startswith("secret_"):
                secrets[name.removeprefix("secret_")] = value
            elif value not in (None, ""):
                settings[name] = value
        return settings, {name: word for name, word in secrets.items() if word}


def settings_shown(feed: Feed) -> dict[str, Any]:
    """Settings of a feed as its form's first values; secrets are not among them."""
    secret = set(kind_of(feed.connector).secrets)
    shown: Mapping[str, Any] = {name: word for name, word in feed.settings.items() if name not in secret}
    return {
        name: json.dumps(word, ensure_ascii=False, indent=1) if isinstance(word, dict | list) else word
        for name, word in shown.items()
    }


class UploadForm(forms.Form):
    """报送文件."""

    file = forms.FileField(
        label=_("文件"), help_text=_("xlsx、xls、ods、CSV、JSON、GeoJSON、Parquet、压缩的Shape")
    )
    supplement = forms.BooleanField(label=_("这是补报或更正：文件里没有的行不删除"), required=False)


class SampleForm(forms.Form):
    """样例文件."""

    sample = forms.FileField(label=_("样例文件"), help_text=_("来源平时报送的一份文件，只用来识别表头和列"))


class DecisionForm(forms.Form):
    """处理待决运行."""

    verdict = forms.ChoiceField(label=_("决定"), choices=VERDICTS, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class AddressForm(forms.Form):
    """登记地址."""

    host = forms.CharField(label=_("主机"), max_length=200)
    port = forms.IntegerField(
        label=_("端口"), min_value=0, max_value=65535, initial=0, help_text=_("0为任意端口")
    )
    private = forms.BooleanField(label=_("在政务网或内网"), required=False)
    organ = forms.ChoiceField(label=_("所属部门"))
    note = forms.CharField(label=_("说明"), max_length=300, required=False)

    def __init__(self, *args: Any, organs: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organ"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = organs
