"""City-scale workloads as scripts: ``python -m benchmarks NAME [--scale N]``.

Each prints its figures one a line: ``name value unit``. ``--list`` names them with what each
needs. They are never timed tests; the table in ``docs/benchmarks.md`` is written by hand from them.
"""
