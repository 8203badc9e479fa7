"""基础安全服务: keys behind handles, certificates, time stamps, signatures and seals as services, backup."""
