"""MQTT 接入: lines, sessions and rights around the pure rules of :mod:`quancheng.core.mqtt`."""
