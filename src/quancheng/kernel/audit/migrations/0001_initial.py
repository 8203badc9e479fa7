from django.db import migrations, models

from quancheng.kernel.audit import guards


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Stream',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('algorithm', models.CharField(max_length=16)),
                ('size', models.BigIntegerField(default=0)),
                ('hash', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stream', models.CharField(max_length=64)),
                ('sequence', models.BigIntegerField()),
                ('time', models.DateTimeField()),
                ('action', models.CharField(max_length=120)),
                ('verb', models.CharField(max_length=120)),
                ('object_ref', models.CharField(max_length=200)),
                ('outcome', models.CharField(max_length=32)),
                ('purpose', models.CharField(max_length=200)),
                ('detail', models.TextField()),
                ('user_id', models.BigIntegerField(null=True)),
                ('person_id', models.BigIntegerField(null=True)),
                ('firm_id', models.BigIntegerField(null=True)),
                ('actor_kind', models.CharField(max_length=16)),
                ('actor_name', models.CharField(max_length=200)),
                ('module', models.CharField(max_length=64)),
                ('roles', models.TextField()),
                ('assurance', models.SmallIntegerField()),
                ('on_behalf_of', models.CharField(max_length=200)),
                ('simulated', models.BooleanField()),
                ('previous', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
            ],
            options={
                'indexes': [models.Index(fields=['object_ref', 'id'], name='audit_object'), models.Index(fields=['user_id', 'id'], name='audit_user'), models.Index(fields=['verb', 'id'], name='audit_verb'), models.Index(fields=['time'], name='audit_time')],
                'constraints': [models.UniqueConstraint(fields=('stream', 'sequence'), name='audit_one_chain')],
            },
        ),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stream', models.CharField(max_length=64)),
                ('size', models.BigIntegerField()),
                ('root', models.CharField(max_length=64)),
                ('note', models.TextField()),
                ('nodes', models.TextField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('stream', 'size'), name='audit_one_checkpoint')],
            },
        ),
        migrations.CreateModel(
            name='TreeNode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stream', models.CharField(max_length=64)),
                ('level', models.SmallIntegerField()),
                ('index', models.BigIntegerField()),
                ('hash', models.CharField(max_length=64)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('stream', 'level', 'index'), name='audit_one_node')],
            },
        ),
        migrations.RunPython(guards.install, guards.remove),
    ]
