"""离线页面: the code opens without a network. Plain data, read by the portal for the service worker."""

SHELLS = {"/code/": "/code/offline/", "/work/code/scan/": "/work/code/scan/offline/"}
SCRIPTS = ("code.js", "code-scan.js")
