"""All components on one page (demo or debug only): to look at, to test, to copy from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import NotFound
from quancheng.kernel.pagination import Page
from quancheng.portal.datefields import DatePartsField
from quancheng.portal.forms import SizedFileField

FACES = {"citizen", "desk", "command", "open", "guard"}


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(
        label=gettext_lazy("申请人姓名"), max_length=20, widget=forms.TextInput({"autocomplete": "name"})
    )
    phone = forms.CharField(
        label=gettext_lazy("手机号码"),
        help_text=gettext_lazy("用于接收办理进度"),
        min_length=11,
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("电子邮箱"), required=False, widget=forms.TextInput({"autocomplete": "email"})
    )
    born = DatePartsField(
        label=gettext_lazy("出生日期"), help_text=gettext_lazy("例如 1956 年 7 月 18 日"), birthday=True
    )
    district = forms.ChoiceField(
        label=gettext_lazy("所在区县"),
        choices=[("", "—"), ("370102", gettext_lazy("历下区")), ("370103", gettext_lazy("市中区"))],
    )
    way = forms.ChoiceField(
        label=gettext_lazy("领取方式"),
        widget=forms.RadioSelect,
        choices=[("post", gettext_lazy("邮寄")), ("window", gettext_lazy("窗口领取"))],
    )
    needs = forms.MultipleChoiceField(
        label=gettext_lazy("需要的帮助"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("sign", gettext_lazy("手语")), ("home", gettext_lazy("上门办理"))],
    )
    proof = SizedFileField(label=gettext_lazy("身份证照片"), kinds=("jpg", "png", "pdf"), required=False)
    note = forms.CharField(label=gettext_lazy("补充说明"), required=False, widget=forms.Textarea({"rows": 3}))
    agree = forms.BooleanField(label=gettext_lazy("我已阅读并同意授权说明"))


class SampleFilter(forms.Form):
    """A list's filters."""

    q = forms.CharField(label=gettext_lazy("关键词"), required=False)
    status = forms.ChoiceField(
        label=gettext_lazy("状态"),
        required=False,
        choices=[
            ("", gettext_lazy("全部")),
            ("open", gettext_lazy("办理中")),
            ("done", gettext_lazy("已办结")),
        ],
    )


def page(request: HttpRequest) -> HttpResponse:
    """The gallery on any face (``?face=desk``); posting shows the form's errors."""
    if not (settings.DEMO or settings.DEBUG):
        raise NotFound()
    face = request.GET.get("face", "guard")
    form = SampleForm(request.POST, request.FILES) if request.method == "POST" else SampleForm()
    refused = request.method == "POST" and not form.is_valid()
    context = _samples() | {
        "face_template": f"faces/{face if face in FACES else 'guard'}.html",
        "form": form,
        "filter_form": SampleFilter(request.GET or None),
    }
    return render(request, "portal/pages/gallery.html", context, status=422 if refused else 200)


def _samples() -> dict[str, Any]:
    now = clock.now()
    rows = [
        {
            "receipt": f"JN2026070{n}",
            "name": title,
            "count": 10_248 * n**3,
            "at": now - timedelta(days=n),
            "href": "#",
        }
        for n, title in enumerate((_("老年人优待卡"), _("新生儿出生一件事"), _("企业开办")), 1)
    ]
    return {
        "steps": [_("填写"), _("上传材料"), _("核对"), _("提交")],
        "events": [
            {"when": now - timedelta(days=2), "title": _("提交申请"), "who": _("王女士"), "kind": "ok"},
            {
                "when": now - timedelta(days=1),
                "title": _("补正材料"),
                "text": _("缺少户口簿首页"),
                "kind": "warn",
            },
            {"when": now, "title": _("审查"), "who": _("市民政局")},
            {"when": None, "title": _("办结"), "kind": "future"},
        ],
        "facts": [(_("申请人"), "王秀兰"), (_("手机号码"), "138****0000", "#"), (_("电子邮箱"), "")],
        "entries": [
            {
                "path": "#",
                "label": Text("办事", "Services"),
                "icon": "files",
                "hint": Text("按人群和部门查找", "By person and department"),
            },
            {
                "path": "#",
                "label": Text("进度", "Progress"),
                "icon": "list-check",
                "hint": Text("办件、补正、评价", "Cases, corrections, ratings"),
            },
            {
                "path": "#",
                "label": Text("证照", "Licences"),
                "icon": "id",
                "hint": Text("亮证与授权", "Present and grant"),
            },
            {
                "path": "#",
                "label": Text("泉城码", "Citizen code"),
                "icon": "qrcode",
                "hint": Text("乘车、就医、入园", "Ride, see a doctor, enter"),
            },
        ],
        "columns": [
            {"key": "receipt", "label": _("编号"), "href": "href"},
            {"key": "name", "label": _("事项"), "sort": True},
            {"key": "count", "label": _("办件量"), "num": True, "sort": True},
        ],
        "rows": rows,
        "list_page": Page(rows, next="bmV4dA", previous="cHJldg", size=25),
        "due": {
            "late": now - timedelta(days=6),
            "soon": now + timedelta(days=1),
            "far": now + timedelta(days=12),
        },
        "big": 1_024_800,
        "chart": _chart(),
        "heat": _heat(),
        "bars": {
            "kind": "bar",
            "x": [_("历下区"), _("市中区"), _("槐荫区"), _("天桥区")],
            "unit": _("件"),
            "series": [
                {"name": _("受理"), "data": [820, 640, 510, 472]},
                {"name": _("办结"), "data": [790, 610, 470, 455]},
            ],
        },
        "map": _map(),
        "until": {"until": (now + timedelta(hours=30)).isoformat(), "done": _("时间到")},
    }


def _chart() -> dict[str, Any]:
    hours = [f"{hour}:00" for hour in range(24)]
    rain = [0, 0, 0, 2, 5, 9, 18, 32, 41, 28, 15, 9, 6, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    level = [22.1 + sum(rain[: hour + 1]) / 60 for hour in range(24)]
    return {
        "kind": "line",
        "x": hours,
        "unit": "m",
        "series": [{"name": _("水位"), "data": [round(value, 2) for value in level]}],
        "marks": [{"value": 24.5, "label": _("警戒水位")}],
    }


def _heat() -> dict[str, Any]:
    days = [_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日")]
    values = [[x, y, (x * 7 + y * 13) % 40] for x in range(12) for y in range(7)]
    return {
        "kind": "heat",
        "x": [str(hour * 2) for hour in range(12)],
        "y": days,
        "data": values,
        "unit": _("件"),
    }


def _map() -> dict[str, Any]:
    points = [
        ("黄台桥", 117.054, 36.713, 1), ("解放桥", 117.043, 36.668, 2), ("泉城广场", 117.022, 36.661, 3),
        ("卧虎山水库", 116.96, 36.49, 4),
    ]  # fmt: skip
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {"name": name, "level": level, "value": 80 - 15 * level, "href": "#"},
        }
        for name, lon, lat, level in points
    ]
    return {
        "base": True,
        "bounds": [116.6, 36.35, 117.5, 36.95],
        "layers": [
            {
                "id": "gauges",
                "label": Text("雨量站", "Rain gauges"),
                "kind": "circle",
                "data": {"type": "FeatureCollection", "features": features},
                "color": "level",
                "title": "name",
                "fields": [{"key": "value", "label": Text("小时雨量（毫米）", "Rain in an hour (mm)")}],
                "href": "href",
            }
        ],
    }
