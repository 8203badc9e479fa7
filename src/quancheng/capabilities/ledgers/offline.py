"""离线页面: pages that open without a network. Plain data, read by the portal for the service worker.

``SHELLS``: addresses that begin so are answered, when there is no network, by the page named; it holds nothing
personal and is kept on the device.
"""

SHELLS = {"/work/ledgers/collect/": "/work/ledgers/offline/"}
SCRIPTS = ("ledger.js",)
