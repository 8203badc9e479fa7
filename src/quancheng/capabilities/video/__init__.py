"""视频监控平台 video: cameras joined by GB/T 28181, watched for a reason, and what machines see in them."""
