"""消息 Messages to people and officials, made from events by templates that are data."""
