"""Tables of people 人, firms 法人, departments 机构, posts 岗位 and roles 角色."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from quancheng.core.identity import mask_phone, mask_resident_id
from quancheng.core.text import Text
from quancheng.kernel.models import GuardedModel


class Sex(models.TextChoices):
    """性别 (GB/T 2261.1)."""

    MALE = "1", _("男")
    FEMALE = "2", _("女")


class Household(GuardedModel):
    """家庭户: people who live together."""

    number = models.CharField(_("户号"), max_length=24, unique=True)
    region_code = models.CharField(_("社区代码"), max_length=12, db_index=True)
    address = models.CharField(_("住址"), max_length=200)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("家庭户")

    def __str__(self) -> str:
        return self.number


class NaturalPerson(GuardedModel):
    """自然人: one row of the population base 人口基础库."""

    class Relation(models.TextChoices):
        """与户主关系."""

        HEAD = "head", _("户主")
        SPOUSE = "spouse", _("配偶")
        CHILD = "child", _("子女")
        PARENT = "parent", _("父母")
        OTHER = "other", _("其他")

    id_number = models.CharField(_("公民身份号码"), max_length=18, unique=True)
    name = models.CharField(_("姓名"), max_length=50, db_index=True)
    sex = models.CharField(_("性别"), max_length=1, choices=Sex)
    birth_date = models.DateField(_("出生日期"), db_index=True)
    region_code = models.CharField(_("居住地代码"), max_length=12, db_index=True)
    address = models.CharField(_("住址"), max_length=200, blank=True)
    phone = models.CharField(_("手机号"), max_length=20, blank=True)
    household = models.ForeignKey(Household, models.PROTECT, null=True, blank=True, related_name="members")
    relation = models.CharField(_("与户主关系"), max_length=8, choices=Relation, default=Relation.HEAD)
    has_photo = models.BooleanField(_("有照片"), default=False)
    alive = models.BooleanField(_("在世"), default=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("自然人")
        indexes: ClassVar = [models.Index(fields=["region_code", "birth_date"])]

    def __str__(self) -> str:
        return f"{self.name} {self.masked_id}"

    @property
    def masked_id(self) -> str:
        """身份证号脱敏."""
        return mask_resident_id(self.id_number)

    @property
    def masked_phone(self) -> str:
        """手机号脱敏."""
        return mask_phone(self.phone) if self.phone else ""

    @property
    def district_code(self) -> str:
        """区县代码."""
        return self.region_code[:6]

    @property
    def street_code(self) -> str:
        """镇街代码."""
        return self.region_code[:9]


class Firm(GuardedModel):
    """法人: one row of the legal-person base 法人基础库."""

    uscc = models.CharField(_("统一社会信用代码"), max_length=18, unique=True)
    name = models.CharField(_("名称"), max_length=120, db_index=True)
    kind = models.CharField(_("类型"), max_length=40)
    legal_person = models.ForeignKey(
        NaturalPerson, models.PROTECT, related_name="firms_led", verbose_name=_("法定代表人")
    )
    region_code = models.CharField(_("住所地代码"), max_length=12, db_index=True)
    address = models.CharField(_("住所"), max_length=200, blank=True)
    industry = models.CharField(_("行业门类"), max_length=1, db_index=True)
    established = models.DateField(_("成立日期"))
    active = models.BooleanField(_("存续"), default=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("法人")

    def __str__(self) -> str:
        return self.name


class FirmAgent(GuardedModel):
    """经办人: a person who may act for a firm, in a scope and a period."""

    class Scope(models.TextChoices):
        """授权范围."""

        ALL = "all", _("全部事项")
        SERVICES = "services", _("政务办事")
        TAX = "tax", _("税务")
        SOCIAL = "social", _("社保")

    firm = models.ForeignKey(Firm, models.PROTECT, related_name="agents")
    person = models.ForeignKey(NaturalPerson, models.PROTECT, related_name="agencies")
    scope = models.CharField(_("授权范围"), max_length=10, choices=Scope, default=Scope.SERVICES)
    valid_from = models.DateField(_("起始日"))
    valid_to = models.DateField(_("截止日"), null=True, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("经办人")
        indexes: ClassVar = [models.Index(fields=["person", "valid_from"])]

    def __str__(self) -> str:
        return f"{self.firm_id}:{self.person_id}:{self.scope}"


class Department(GuardedModel):
    """机构: a node of the city's organisation tree; ``path`` makes sub-trees one prefix query."""

    class Level(models.TextChoices):
        """层级."""

        CITY = "city", _("市级")
        DISTRICT = "district", _("区县")
        STREET = "street", _("镇街")
        UNIT = "unit", _("内设或直属")

    code = models.CharField(_("机构代码"), max_length=40, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(_("路径"), max_length=200, unique=True)
    level = models.CharField(_("层级"), max_length=8, choices=Level)
    region_code = models.CharField(_("区域代码"), max_length=12, db_index=True)
    zh = models.CharField(_("名称"), max_length=80)
    en = models.CharField(_("英文名称"), max_length=120)
    duty_zh = models.CharField(_("职责"), max_length=300, blank=True)
    duty_en = models.CharField(_("英文职责"), max_length=300, blank=True)
    plan = models.CharField(_("规划依据"), max_length=80, blank=True)
    inferred = models.BooleanField(_("推定"), default=False)
    follows = models.CharField(_("业务指导机构"), max_length=40, blank=True)
    active = models.BooleanField(_("有效"), default=True)
    order = models.PositiveIntegerField(_("排序"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("机构")
        ordering: ClassVar = ["order", "id"]

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en)

    @property
    def duty(self) -> Text:
        """Duty in both languages."""
        return Text(self.duty_zh, self.duty_en)


class User(AbstractUser):
    """账户: signs in; may be a natural person, an official or both."""

    class Kind(models.TextChoices):
        """账户类型."""

        PERSON = "person", _("个人")
        OFFICIAL = "official", _("工作人员")
        SERVICE = "service", _("系统账户")

    kind = models.CharField(_("账户类型"), max_length=8, choices=Kind, default=Kind.PERSON)
    person = models.OneToOneField(NaturalPerson, models.PROTECT, null=True, blank=True, related_name="user")
    verified_at = models.DateTimeField(_("实名时间"), null=True, blank=True)
    display_name = models.CharField(_("显示名"), max_length=60, blank=True)
    demo_key = models.SlugField(_("演示身份"), max_length=40, unique=True, null=True, blank=True)
    simulated = models.BooleanField(_("模拟"), default=False)
    link_failures = models.PositiveSmallIntegerField(default=0)
    link_failed_on = models.DateField(null=True, blank=True)

    objects: ClassVar = UserManager()

    class Meta:
        verbose_name = verbose_name_plural = _("账户")

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        """Name shown in the shell."""
        return self.display_name or self.username


class Post(GuardedModel):
    """岗位: a place in a department that people are appointed to."""

    department = models.ForeignKey(Department, models.PROTECT, related_name="posts")
    code = models.SlugField(_("岗位代码"), max_length=40)
    zh = models.CharField(_("名称"), max_length=60)
    en = models.CharField(_("英文名称"), max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = _("岗位")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["department", "code"], name="people_post_once")
        ]

    def __str__(self) -> str:
        return self.zh

    @property
    def text(self) -> Text:
        """Name in both languages."""
        return Text(self.zh, self.en)


class Appointment(GuardedModel):
    """任职: a user holds a post for a period."""

    post = models.ForeignKey(Post, models.PROTECT, related_name="appointments")
    user = models.ForeignKey(User, models.PROTECT, related_name="appointments")
    valid_from = models.DateField(_("起始日"))
    valid_to = models.DateField(_("截止日"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("任职")

    def __str__(self) -> str:
        return f"{self.user_id}@{self.post_id}"


class RoleGrant(GuardedModel):
    """角色授予: a user holds a role at a department and in a region for a period."""

    user = models.ForeignKey(User, models.PROTECT, related_name="role_grants")
    role = models.CharField(_("角色"), max_length=100, db_index=True)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="role_grants"
    )
    region_code = models.CharField(_("区域代码"), max_length=12, blank=True)
    valid_from = models.DateField(_("起始日"))
    valid_to = models.DateField(_("截止日"), null=True, blank=True)
    reason = models.CharField(_("事由"), max_length=200, blank=True)
    granted_by = models.CharField(_("授予人"), max_length=100)
    granted_at = models.DateTimeField(_("授予时间"))
    revoked_at = models.DateTimeField(_("收回时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("角色授予")
        indexes: ClassVar = [models.Index(fields=["user", "valid_from"])]

    def __str__(self) -> str:
        return f"{self.user_id}:{self.role}"
