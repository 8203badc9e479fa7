"""现场协议接入: TCP listeners for what field devices speak: HJ 212, GB/T 26875.3, JT/T 808.

The codecs are in :mod:`quancheng.core.telemetry`; here are lines, limits and answers. One rule: the
answer that lets a device forget what it sent goes out after ``ingest.accept.accept`` returned.

- :mod:`.bounds` operating limits; :mod:`.speech` what a session says of a frame
- :mod:`.hj212`, :mod:`.gb26875`, :mod:`.jt808` one session a line
- :mod:`.gate` the way to registry and store; :mod:`.server` listeners and lines; :mod:`.main` the component
- ``*_client.py`` reference devices, for tests, drills and makers
"""
