"""离线页面: the code opens without a network. Plain data, read by the portal for the service worker."""

SHELLS = {"/code/": "/code/offline/", "/work/code/scan/": "/work/code/scan/offline/"}
QUICK = ("/code/",)
"""Shown from the device after a second: somebody stands before a gate, and the page names nobody anyway."""
SCRIPTS = ("code.js", "code-scan.js")
