from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='TableHead',
            fields=[
                ('name', models.CharField(max_length=127, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(default=0)),
                ('oldest', models.BigIntegerField(default=0)),
                ('columns', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table', models.CharField(max_length=127)),
                ('partition', models.CharField(max_length=100)),
                ('added_version', models.BigIntegerField()),
                ('removed_version', models.BigIntegerField(null=True)),
                ('path', models.CharField(max_length=300)),
                ('rows', models.BigIntegerField()),
                ('bytes', models.BigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('bounds', models.JSONField(default=dict)),
                ('key', models.CharField(max_length=200, null=True)),
                ('run', models.CharField(default='', max_length=200)),
                ('created_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(null=True)),
                ('file_removed', models.BooleanField(default=False)),
            ],
            options={
                'indexes': [models.Index(fields=['table', 'removed_version', 'partition'], name='store_current'), models.Index(fields=['table', 'created_at'], name='store_by_time')],
                'constraints': [models.UniqueConstraint(fields=('table', 'added_version'), name='store_one_version'), models.UniqueConstraint(condition=models.Q(('key__isnull', False)), fields=('table', 'key'), name='store_once_a_key'), models.UniqueConstraint(fields=('path',), name='store_one_path')],
            },
        ),
    ]
