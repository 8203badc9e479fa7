"""GB/T 28181 公共安全视频监控联网系统信息传输、交换、控制技术要求: the signalling, without sockets or clocks.

``message`` SIP text, ``fields`` structured headers, ``digest`` authentication, ``transactions`` repeats,
``ids`` the 20-digit codes, ``sdp`` media offers, ``manscdp`` and ``catalog`` XML commands, ``ptz`` control
bytes, ``mansrtsp`` playback control, ``presence`` who is there.
"""

from .errors import BadMessage, Reason

__all__ = ["BadMessage", "Reason"]
