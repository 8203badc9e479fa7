"""共同申请人确认."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_initial"),
        ("services", "0002_work"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CoSigner",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("applicant_name", models.CharField(max_length=120, verbose_name="申请主体")),
                ("field", models.CharField(max_length=40, verbose_name="表单项")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("invited", "等待确认"),
                            ("confirmed", "已确认"),
                            ("declined", "不同意"),
                            ("replaced", "已作废"),
                        ],
                        default="invited",
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                ("digest", models.CharField(blank=True, max_length=64, verbose_name="所确认内容的摘要")),
                ("invited_at", models.DateTimeField(verbose_name="邀请时间")),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="答复时间")),
                (
                    "applicant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.naturalperson",
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="cosigners",
                        to="services.draft",
                    ),
                ),
                (
                    "firm",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.firm",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "matter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="services.matter"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cosignatures",
                        to="people.naturalperson",
                    ),
                ),
            ],
            options={
                "verbose_name": "共同申请人",
                "verbose_name_plural": "共同申请人",
                "indexes": [
                    models.Index(
                        fields=["matter", "applicant", "firm", "field"], name="services_co_matter__fe71c1_idx"
                    ),
                    models.Index(fields=["person", "state"], name="services_co_person__138959_idx"),
                ],
            },
        ),
    ]
